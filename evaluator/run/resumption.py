"""Going on with an earlier run: which of its grades stand, and what has changed since."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from evaluator.core.answer import Answer
from evaluator.core.job_record import JobRecord
from evaluator.errors import OutputError
from evaluator.files.run_folder import GRADES, EarlierRun
from evaluator.graders.model_rater import ModelRater
from evaluator.run.grade_answer import redacted
from evaluator.run.grader import Grader
from evaluator.run.pipeline import Pipeline, fingerprint_of, record_of

_STAYS = ("graded", "not_answered")


@dataclass(frozen=True, slots=True)
class Resumption:
    """What goes on. `kept` answers of `answers` keep their grades; `again` were graded too, but what would be asked
    now is not what was asked then. `changes`: what differs from the run's beginning, in words.
    """

    run: EarlierRun
    changes: tuple[str, ...]
    answers: int
    kept: int
    again: int

    @property
    def is_changed(self) -> bool:
        """Whether going on is more than going on."""
        return bool(self.changes) or self.again > 0

    def take_effect(self) -> None:
        """Takes the grades that do not stand out of the folder. Raises OutputError."""
        with _as_output_errors(self.run.path):
            _beside(self.run.path).replace(self.run.path / GRADES)

    def drop(self) -> None:
        """Leaves the folder as it was."""
        _beside(self.run.path).unlink(missing_ok=True)


def resumption_of(
    run: EarlierRun, pipeline: Pipeline, answers: Iterable[Answer], changes: tuple[str, ...]
) -> Resumption:
    """Holds the run's grades against what would be asked now. Writes those that stand beside them, and changes nothing.

    A grade stands where its answer is still there, it is graded or not answered, and its fingerprint is the one that
    it would get. One whose control reading was not paid for is made again where a ledger has its replies, so that only
    that is asked; without a ledger it stands, and a person looks. A torn last line goes, and so does one that a power
    cut left unreadable. Memory: 16 bytes an answer.
    """
    expected = _Expected(pipeline, answers)
    models = [each for each in pipeline.raters if isinstance(each, ModelRater)]
    costs_nothing = all(each.keeps_replies for each in models if each.identity.can_be_talked_to)
    kept = again = 0
    _beside(run.path).unlink(missing_ok=True)  # whatever stands there, a link too, is not written through
    with _as_output_errors(run.path), _beside(run.path).open("xb") as beside:
        for line in _whole_lines(run.path / GRADES):
            grade = _head_of(line)
            if grade is None or grade.status not in _STAYS or (grade.waits and costs_nothing):
                continue
            if expected.take(grade.answer_id, grade.fingerprint):
                beside.write(line)
                kept += 1
            else:
                again += grade.status == "graded"
    return Resumption(run, changes, expected.count, kept, again)


def changes_since(before: JobRecord, grader: Grader, input_name: str, input_sha256: str) -> tuple[str, ...]:
    """What differs between a job's beginning and what would be graded now, and by what; in words."""
    now = record_of(grader.pipeline, input_name, input_sha256)
    found = []
    if before.input_sha256 != input_sha256:
        found.append(f"the table: {before.input_name} then, {input_name} now, with other contents")
    for name, then, this, is_same in (
        (
            "questionnaire",
            before.questionnaire,
            now.questionnaire,
            before.questionnaire_sha256 == now.questionnaire_sha256,
        ),
        ("rubric", before.rubric, now.rubric, before.rubric_sha256 == now.rubric_sha256),
        ("grader", before.grader, now.grader, True),
        ("endpoint", before.endpoint, now.endpoint, True),
        ("prompt", before.prompt, now.prompt, before.prompt_sha256 == now.prompt_sha256),
        ("calls", before.calls, now.calls, True),
        ("samples", before.samples, now.samples, True),
        ("spotlight", before.spotlight, now.spotlight, True),
        ("redaction", before.redact or now.redact, now.redact, True),
        ("control reading", _switched(before.control_reading), _switched(now.control_reading), True),
        ("control below the bar", _switched(before.control_below_bar), _switched(now.control_below_bar), True),
    ):
        if then != this:
            found.append(f"{name}: {then or 'none'} → {this or 'none'}")
        elif not is_same:
            found.append(f"{name}: {this} was edited")
    return tuple(found)


class _Expected:
    """The fingerprint that each answer's grade would have now, by the answer's id; both as 64 bits of their hash."""

    def __init__(self, pipeline: Pipeline, answers: Iterable[Answer]) -> None:
        import numpy as np  # here: a run that begins anew has no use for it

        pairs = np.fromiter(
            (
                (
                    _number(answer.answer_id),
                    _number(fingerprint_of(pipeline, redacted(pipeline, answer).text, answer.question_id)),
                )
                for answer in answers
            ),
            dtype=np.dtype([("answer", np.uint64), ("asked", np.uint64)]),
        )
        self._pairs = np.sort(pairs, order="answer")
        self._taken = np.zeros(len(pairs), dtype=np.bool_)
        self.count = len(pairs)

    def take(self, answer_id: str, fingerprint: str) -> bool:
        """Whether a grade with this fingerprint stands for the answer, and is the first that does."""
        number = self._pairs.dtype["answer"].type(_number(answer_id))
        at = int(self._pairs["answer"].searchsorted(number))
        if at == self.count or self._pairs["answer"][at] != number or self._taken[at]:
            return False
        stands = int(self._pairs["asked"][at]) == _number(fingerprint)
        self._taken[at] = stands
        return stands


def _switched(is_on: bool | None) -> str:
    """In words; what a run of before there was the choice did not do."""
    return "on" if is_on else "off"


@dataclass(frozen=True, slots=True)
class _Head:
    answer_id: str
    status: str
    fingerprint: str
    waits: bool
    """Whether its control reading has yet to be asked."""


def _head_of(line: bytes) -> _Head | None:
    try:
        grade = json.loads(line)
        made = grade["provenance"]
        waits = made.get("control_reading") == "waits"
        return _Head(grade["answer_id"], grade["status"], made["fingerprint"], waits)
    except (ValueError, KeyError, TypeError):
        return None


def _number(text: str) -> int:
    return int.from_bytes(blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest())


def _whole_lines(path: Path) -> Iterator[bytes]:
    """Each line that has its end; what a kill tore off is no grade. There may be no file yet."""
    if not path.exists():
        return
    with path.open("rb") as lines:
        for line in lines:
            if line.endswith(b"\n"):
                yield line


def _beside(folder: Path) -> Path:
    return folder / f".{GRADES}.part"


@contextmanager
def _as_output_errors(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise OutputError(
            f"The results in {folder} cannot be gone on with: {error.strerror}.",
            hint="Make room there, and see that it may be written to; nothing was changed.",
        ) from error
