"""The tables of a run as CSV: `grades.csv` with a row an answer, `candidates.csv` with a row a candidate.

UTF-8 with a byte-order mark, so that Excel reads it as what it is; every cell quoted; text safe against formulas.
An empty cell means that there is nothing to say; no zero stands in for a grade that was not given.
"""

from __future__ import annotations

import codecs
import csv
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from evaluator.core.candidate import CandidateStanding, Standings
from evaluator.core.grade import CriterionGrade, Grade
from evaluator.core.questionnaire import Questionnaire
from evaluator.core.rubric import Rubric
from evaluator.files.whole_file import whole_file
from evaluator.report.graded_answer import GradedAnswer
from evaluator.report.spreadsheet_cell import safe_text

Cell = str | int | float | bool | None


class GradesTable:
    """`grades.csv` while it is written: a row for each answer as it comes. Made by `open_grades_table`."""

    def __init__(self, writer: _Writer, rubric: Rubric) -> None:
        self._writer = writer
        self._rubric = rubric

    def add(self, graded: GradedAnswer) -> None:
        """Writes one row."""
        self._writer.write(_grade_row(graded, self._rubric))


@contextmanager
def open_grades_table(path: Path, rubric: Rubric) -> Iterator[GradesTable]:
    """Writes one row for each answer added; OutputError where the file cannot be written.

    For each criterion: `<id>_level`, `<id>_expected_level` (mean over readings), `<id>_spread`, `<id>_evidence` (the
    first quote that was found in the answer) and `<id>_missing`; empty where the question is not graded on it.
    """
    header = [
        "answer_id",
        "candidate_id",
        "question_id",
        "row",
        "status",
        "reason",
        "score",
        "band",
        "confidence",
        "needs_review",
        "flags",
        "red_flags",
        *(f"{criterion.id}_{part}" for criterion in rubric.criteria for part in _CRITERION),
        "grader",
        "model",
        "prompt",
        "cost_usd",
        "latency_ms",
        "graded_at",
        "fingerprint",
    ]
    with _opened(path, header) as writer:
        yield GradesTable(writer, rubric)


def write_grades_csv(path: Path, rubric: Rubric, answers: Iterable[GradedAnswer]) -> None:
    """Writes these answers to a `grades.csv`, as `open_grades_table` does."""
    with open_grades_table(path, rubric) as table:
        for graded in answers:
            table.add(graded)


def write_candidates_csv(path: Path, rubric: Rubric, questionnaire: Questionnaire, standings: Standings) -> None:
    """Writes one row for each candidate, in the order given; OutputError where the file cannot be written.

    `score` is the mean of `graded` answers of `asked`; `<criterion>_mean_level` and `<question>_score` follow.
    """
    header = [
        "candidate_id",
        "score",
        "score_out_of",
        "band",
        "asked",
        "graded",
        "not_answered",
        "ungraded",
        "to_review",
        "flags",
        *(f"{criterion.id}_mean_level" for criterion in rubric.criteria),
        *(f"{question.id}_score" for question in questionnaire.questions),
    ]
    with _opened(path, header) as writer:
        for standing in standings:
            writer.write(_candidate_row(standing, rubric, questionnaire))


_CRITERION = ("level", "expected_level", "spread", "evidence", "missing")
_NOT_ON_IT: list[Cell] = [None] * len(_CRITERION)


def _grade_row(graded: GradedAnswer, rubric: Rubric) -> list[Cell]:
    grade, made = graded.grade, graded.grade.provenance
    row: list[Cell] = [
        grade.answer_id,
        grade.candidate_id,
        grade.question_id,
        graded.answer.row,
        grade.status,
        grade.reason,
        _rounded(grade.score),
        grade.band,
        _rounded(grade.confidence),
        "yes" if grade.needs_review else "no",
        _codes(grade),
        "; ".join(dict.fromkeys([seen.id for seen in grade.red_flags if seen.verified])),
    ]
    criteria = {criterion.id: criterion for criterion in grade.criteria}
    for criterion in rubric.criteria:
        given = criteria.get(criterion.id)
        row += _NOT_ON_IT if given is None else _criterion_cells(given, graded)
    row += [
        made.grader,
        made.model_returned or made.model_requested,
        made.prompt,
        made.cost_usd,
        _rounded(made.latency_ms),
        made.graded_at,
        made.fingerprint,
    ]
    return row


def _criterion_cells(given: CriterionGrade, graded: GradedAnswer) -> list[Cell]:
    found = next((each for each in given.evidence if each.verified), None)
    return [
        given.level,
        _rounded(given.expected_level),
        _rounded(given.spread),
        None if found is None else graded.answer.text[found.start : found.end],
        given.missing,
    ]


def _candidate_row(standing: CandidateStanding, rubric: Rubric, questionnaire: Questionnaire) -> list[Cell]:
    return [
        standing.candidate_id,
        _rounded(standing.score),
        rubric.score_out_of,
        standing.band,
        standing.asked,
        standing.graded,
        standing.not_answered,
        standing.ungraded,
        standing.to_review,
        "; ".join(sorted({flag.code for flag in standing.flags})),
        *(_rounded(standing.levels.get(criterion.id)) for criterion in rubric.criteria),
        *(_rounded(standing.scores.get(question.id)) for question in questionnaire.questions),
    ]


def _codes(grade: Grade) -> str:
    return "; ".join(dict.fromkeys([flag.code for flag in grade.flags]))


def _rounded(value: float | None) -> float | None:
    """Four decimals: enough to do the arithmetic again, without the noise of binary fractions."""
    return None if value is None else round(value, 4)


class _Writer:
    """Writes rows, every text made safe."""

    def __init__(self, file: TextIO) -> None:
        self._writer = csv.writer(file, quoting=csv.QUOTE_ALL)

    def write(self, row: Sequence[Cell]) -> None:
        self._writer.writerow([safe_text(cell) if isinstance(cell, str) else cell for cell in row])


@contextmanager
def _opened(path: Path, header: Sequence[str]) -> Iterator[_Writer]:
    with whole_file(path) as partial, partial.open("w", encoding="utf-8", newline="") as file:
        file.write(codecs.BOM_UTF8.decode())  # by hand: Python's utf-8-sig encodes by a function of its own in Python
        writer = _Writer(file)
        writer.write(header)
        yield writer
