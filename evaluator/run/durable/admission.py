"""Submissions taken in: each becomes work of a run, the one of its tenant, its questionnaire and its day."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.exc import IntegrityError

from evaluator.core.run_manifest import RunManifest, UsageTotals
from evaluator.core.tenant import DEFAULT_TENANT
from evaluator.core.work import WorkItem
from evaluator.errors import EvaluatorError, StoreError
from evaluator.run.durable.run_graders import reason_of
from evaluator.run.grader import Grader
from evaluator.run.pipeline import calls_of, spec_of, spotlight_of
from evaluator.store.run_record import RunOrder
from evaluator.store.store import Store
from evaluator.store.work_submissions import NewWork, first_number


class Admission:
    """Takes a store's submissions in. Not for two threads at once.

    `make` gives the grader for a questionnaire, `about` a sentence on it, `options` what a worker has to know to make
    the same grader.
    """

    def __init__(
        self,
        store: Store,
        make: Callable[[str], Grader],
        about: Callable[[Grader], str],
        options: Callable[[str], dict[str, Any]],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._store = store
        self._make = make
        self._about = about
        self._options = options
        self._now = now
        self._runs: dict[tuple[str, str, str], int] = {}
        self._graders: dict[str, Grader] = {}
        self.held: dict[str, str] = {}
        """Why submissions to a questionnaire cannot be taken in, by its name."""

    def take_in(self, limit: int) -> int:
        """Takes in submissions that wait; how many. What cannot be (its questionnaire is not there) waits on."""
        taken = 0
        for new in self._store.work.submissions(limit):
            try:
                taken += self._take_in(new)
            except StoreError:
                raise
            except EvaluatorError as error:
                self.held[new.questionnaire] = reason_of(error)
        return taken

    def _take_in(self, new: NewWork) -> bool:
        run = self._run_for(new)
        submission = self._store.submissions.find(new.id)
        if submission is None or submission.state != "received":
            return False
        answers = sorted(self._store.submissions.answers(submission), key=lambda each: each.answer_id)
        first = first_number(new.number)
        items = [WorkItem(number, answer) for number, answer in enumerate(answers, start=first)]
        try:
            return self._store.work.admit(new.number, new.lane, run, items)
        except StoreError as error:
            if not isinstance(error.__cause__, IntegrityError):
                raise
            self._runs.clear()  # the run was deleted since it was begun
            return self._store.work.admit(new.number, new.lane, self._run_for(new), items)

    def _run_for(self, new: NewWork) -> int:
        day = self._now().strftime("%Y%m%d")
        key = (new.tenant, new.questionnaire, day)
        if key not in self._runs:
            self._runs = {place: run for place, run in self._runs.items() if place[2] == day}
            self._runs[key] = self._begin(new.tenant, new.questionnaire, day)
            self.held.pop(new.questionnaire, None)
        return self._runs[key]

    def _begin(self, tenant: str, questionnaire: str, day: str) -> int:
        """The number of the run, begun by whoever needs it first: its name says what it is for."""
        grader = self._graders.get(questionnaire) or self._graders.setdefault(questionnaire, self._make(questionnaire))
        hashes = grader.pipeline.hashes
        told_apart = "\n".join([tenant, questionnaire, hashes.raters, hashes.rubric, hashes.questionnaire])
        run_id = f"{day}-{hashlib.sha256(told_apart.encode()).hexdigest()[:8]}"
        found = self._store.runs.named(run_id)
        if found is not None:
            return found.number
        whose = "" if tenant == DEFAULT_TENANT else f" for {tenant}"
        name = f"submissions of {day[:4]}-{day[4:6]}-{day[6:]}{whose}"
        manifest = _manifest(grader, self._about(grader), run_id, name, self._now())
        order = RunOrder(manifest, grader.rubric, grader.questionnaire, "", "", self._options(questionnaire))
        try:
            number = self._store.runs.begin(order).number
        except StoreError as error:
            if not isinstance(error.__cause__, IntegrityError):
                raise
            return self._store.runs.find(run_id).number  # another worker was quicker
        self._store.runs.finish(number, manifest)
        return number


def _manifest(grader: Grader, about: str, run_id: str, name: str, now: datetime) -> RunManifest:
    """A run that is never at its end, and never in the middle either: submissions come while the day lasts."""
    pipeline = grader.pipeline
    identity, rubric, questionnaire = pipeline.raters[0].identity, grader.rubric, grader.questionnaire
    at = now.isoformat(timespec="seconds")
    return RunManifest(
        run_id=run_id,
        started_at=at,
        finished_at=at,
        outcome="finished",
        stopped_because=None,
        input_name=name,
        input_sha256="",
        layout="submissions",
        notes=(),
        grader=spec_of(pipeline.raters),
        is_language_model=any(rater.identity.is_language_model for rater in pipeline.raters),
        about_grader=about,
        prompt=identity.prompt,
        prompt_sha256=identity.prompt_sha256,
        calls=calls_of(pipeline),
        spotlight=spotlight_of(pipeline),
        samples=pipeline.samples,
        rubric=f"{rubric.id}@{rubric.version}",
        rubric_sha256=pipeline.hashes.rubric,
        questionnaire=f"{questionnaire.id}@{questionnaire.version}",
        questionnaire_sha256=pipeline.hashes.questionnaire,
        questions_asked=tuple(question.id for question in questionnaire.questions),
        answers=0,
        graded=0,
        not_answered=0,
        ungraded=0,
        to_review=0,
        candidates=0,
        quotes_claimed=0,
        quotes_found=0,
        usage=UsageTotals(
            requests=0, input_tokens=None, output_tokens=None, cached_tokens=None, cost_usd=None, seconds=0
        ),
        evaluator_version=pipeline.version,
    )
