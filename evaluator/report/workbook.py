"""The workbook of a run: candidates, answers, evidence, and a sheet about the run, for people who live in Excel."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import xlsxwriter
from xlsxwriter.exceptions import XlsxWriterException

from evaluator.core.candidate import CandidateStanding, in_reading_order
from evaluator.core.questionnaire import Questionnaire
from evaluator.core.rubric import Rubric
from evaluator.core.run_manifest import RunManifest
from evaluator.report.graded_answer import GradedAnswer
from evaluator.report.marked_answer import criterion_letter
from evaluator.report.run_view import facts, outcome_in_words
from evaluator.report.spreadsheet_cell import fitting_text
from evaluator.report.whole_file import cannot_write, whole_file
from evaluator.report.wording import FLAG_NAMES, STATUS_NAMES, band_in_words, reason_in_words

EXCEL_ROWS = 1_048_576
"""The most rows that a sheet of Excel holds; what is more goes on to a further sheet."""
_GRADES = "grades.jsonl"
_ANSWER_ROW = 75.0  # points: five lines of an answer; a row as high as its longest cell would fill the screen

Cell = str | int | float | None


@dataclass(frozen=True, slots=True)
class Column:
    """A column's heading and its width in characters."""

    heading: str
    width: float


def write_workbook(
    path: Path,
    manifest: RunManifest,
    rubric: Rubric,
    questionnaire: Questionnaire,
    answers: Iterable[GradedAnswer],
    standings: Sequence[CandidateStanding],
    *,
    rows_a_sheet: int = EXCEL_ROWS,
) -> None:
    """Writes the workbook; `answers` is read once and only a row of each sheet is in memory.

    Sheets: Candidates, Answers, Evidence (a row a quote), About. A sheet that is full goes on as "Answers 2".
    Text is never a formula or a link, and a cell cut to Excel's limit says where the whole is.
    Raises OutputError where the file cannot be written.
    """
    with _open(path, manifest) as book:
        looks = _Looks(book)
        candidates = _Sheet(book, "Candidates", _candidate_columns(rubric, questionnaire), looks, rows_a_sheet, _GRADES)
        for standing in in_reading_order(standings):
            candidates.add(_candidate_row(standing, rubric, questionnaire))
        source = f"{manifest.input_name} and {_GRADES}"
        answer_rows = _Sheet(book, "Answers", _answer_columns(rubric), looks, rows_a_sheet, source, _ANSWER_ROW)
        evidence_rows = _Sheet(book, "Evidence", _EVIDENCE, looks, rows_a_sheet, _GRADES)
        for graded in answers:
            answer_rows.add(_answer_row(graded, rubric, questionnaire))
            for row in _evidence_rows(graded, rubric, questionnaire):
                evidence_rows.add(row)
        about = _Sheet(book, "About", (Column("What", 30), Column("Value", 100)), looks, rows_a_sheet, "run.json")
        for row in _about_rows(manifest):
            about.add(row)
        for sheet in (candidates, answer_rows, evidence_rows, about):
            sheet.finish()


class _Looks:
    """The formats of cells."""

    def __init__(self, book: Any) -> None:
        self.heading = book.add_format(
            {"bold": True, "text_wrap": True, "valign": "bottom", "bottom": 1, "bg_color": "#F1F1EE"}
        )
        self.text = book.add_format({"text_wrap": True, "valign": "top"})
        self.whole = book.add_format({"valign": "top", "num_format": "0"})
        self.fraction = book.add_format({"valign": "top", "num_format": "0.00"})


class _Sheet:
    """A sheet that is filled row by row and goes on to a further one when it is full."""

    def __init__(
        self,
        book: Any,
        name: str,
        columns: Sequence[Column],
        looks: _Looks,
        most_rows: int,
        whole_in: str,
        row_height: float | None = None,
    ) -> None:
        self._book = book
        self._name = name
        self._columns = columns
        self._looks = looks
        self._most_rows = most_rows
        self._whole_in = whole_in
        self._row_height = row_height
        self._sheets = 0
        self._begin()

    def add(self, cells: Sequence[Cell]) -> None:
        """Writes a row; None leaves its cell empty."""
        if self._row == self._most_rows:
            self.finish()
            self._begin()
        if self._row_height is not None:
            self._sheet.set_row(self._row, self._row_height)
        for column, cell in enumerate(cells):
            if isinstance(cell, str):
                # write_string, never write: whatever the text looks like, it stays text.
                self._sheet.write_string(self._row, column, fitting_text(cell, self._whole_in), self._looks.text)
            elif cell is not None:
                look = self._looks.whole if isinstance(cell, int) else self._looks.fraction
                self._sheet.write_number(self._row, column, cell, look)
        self._row += 1

    def finish(self) -> None:
        """Puts a filter over what was written."""
        self._sheet.autofilter(0, 0, max(self._row - 1, 1), len(self._columns) - 1)

    def _begin(self) -> None:
        self._sheets += 1
        self._sheet = self._book.add_worksheet(self._name if self._sheets == 1 else f"{self._name} {self._sheets}")
        self._sheet.freeze_panes(1, 1)
        self._sheet.hide_gridlines(2)
        for place, column in enumerate(self._columns):
            self._sheet.set_column(place, place, column.width)
            self._sheet.write_string(0, place, fitting_text(column.heading, self._whole_in), self._looks.heading)
        self._row = 1


def _candidate_columns(rubric: Rubric, questionnaire: Questionnaire) -> list[Column]:
    return [
        Column("Candidate", 24),
        Column(f"Score of {rubric.score_out_of:g}", 9),
        Column(f"Against the bar of {rubric.advance_at:g}", 16),
        Column("Answers graded", 9),
        Column("Answers asked", 9),
        Column("Not answered", 10),
        Column("Not graded", 9),
        Column("Need a person", 9),
        Column("Flags", 42),
        *(Column(f"{criterion.name}, mean level", 15) for criterion in rubric.criteria),
        *(Column(f"{question.title}, score", 18) for question in questionnaire.questions),
    ]


def _candidate_row(standing: CandidateStanding, rubric: Rubric, questionnaire: Questionnaire) -> list[Cell]:
    flags = dict.fromkeys(FLAG_NAMES[flag.code] for flag in standing.flags)
    return [
        standing.candidate_id,
        standing.score,
        band_in_words(standing.band),
        standing.graded,
        standing.asked,
        standing.not_answered,
        standing.ungraded,
        standing.to_review,
        ", ".join(flags) or None,
        *(standing.levels.get(criterion.id) for criterion in rubric.criteria),
        *(standing.scores.get(question.id) for question in questionnaire.questions),
    ]


def _answer_columns(rubric: Rubric) -> list[Column]:
    return [
        Column("Candidate", 24),
        Column("Question", 26),
        Column("Status", 13),
        Column(f"Score of {rubric.score_out_of:g}", 9),
        Column(f"Against the bar of {rubric.advance_at:g}", 15),
        Column("Needs a person", 10),
        Column("To look at", 48),
        *(
            column
            for criterion in rubric.criteria
            for column in (
                Column(f"{criterion.name}: level", 12),
                Column(f"{criterion.name}: missing", 36),
                Column(f"{criterion.name}: why", 36),
            )
        ),
        Column("The answer, as written", 90),
        Column("Row in the input", 9),
        Column("Answer id", 24),
    ]


def _answer_row(graded: GradedAnswer, rubric: Rubric, questionnaire: Questionnaire) -> list[Cell]:
    grade = graded.grade
    criteria = {criterion.id: criterion for criterion in grade.criteria}
    to_look_at = [
        f"{FLAG_NAMES[flag.code]}: {reason_in_words(flag.detail) if flag.code == 'ungraded' else flag.detail}"
        for flag in grade.flags
    ]
    if grade.status == "not_answered":
        to_look_at.insert(0, reason_in_words(grade.reason))
    cells: list[Cell] = [
        grade.candidate_id,
        questionnaire.question(grade.question_id).title,
        STATUS_NAMES[grade.status],
        grade.score,
        band_in_words(grade.band) if grade.status == "graded" else None,
        "yes" if grade.needs_review else "no",
        "\n".join(to_look_at) or None,
    ]
    for each in rubric.criteria:
        reached = criteria.get(each.id)
        cells += [None] * 3 if reached is None else [reached.level, reached.missing or None, reached.rationale or None]
    return [*cells, graded.answer.text or None, graded.answer.row, grade.answer_id]


_EVIDENCE = (
    Column("Candidate", 24),
    Column("Question", 26),
    Column("Criterion or red flag", 28),
    Column("Level", 7),
    Column("Quote", 90),
    Column("Found in the answer", 12),
    Column("First character", 10),
    Column("After its last", 10),
    Column("Check", 48),
    Column("Answer id", 24),
)


def _evidence_rows(graded: GradedAnswer, rubric: Rubric, questionnaire: Questionnaire) -> Iterator[list[Cell]]:
    grade = graded.grade
    title = questionnaire.question(grade.question_id).title
    letters = {criterion.id: criterion_letter(place) for place, criterion in enumerate(rubric.criteria)}
    for reached in grade.criteria:
        criterion = rubric.criterion(reached.id)
        name = f"{letters[reached.id]} {criterion.name}"
        for each in reached.evidence:
            found: list[Cell] = ["yes", each.start, each.end] if each.verified else ["no", None, None]
            check = criterion.checks.get(each.check, each.check) if each.check else None
            quote = graded.answer.text[each.start : each.end] if each.verified else each.quote
            yield [grade.candidate_id, title, name, reached.level, quote, *found, check, grade.answer_id]
    names = {flag.id: flag.name for flag in rubric.red_flags}
    for seen in grade.red_flags:
        found = ["yes", seen.start, seen.end] if seen.verified else ["no", None, None]
        name = f"Red flag: {names.get(seen.id, seen.id)}"
        yield [grade.candidate_id, title, name, None, seen.quote, *found, None, grade.answer_id]


def _about_rows(manifest: RunManifest) -> Iterator[list[Cell]]:
    yield ["About the grader", manifest.about_grader]
    yield ["What a score is for", "A score sorts; a person decides. Nobody is rejected by it."]
    if outcome := outcome_in_words(manifest):
        yield ["How the run ended", outcome]
    for fact in facts(manifest):
        yield [fact.term, fact.value]
    for note in manifest.notes:
        yield ["Reading the table", note]


@contextmanager
def _open(path: Path, manifest: RunManifest) -> Iterator[Any]:
    """The workbook, written when the block ends; what xlsxwriter says when it cannot is said as an OutputError."""
    # Rows wait in temporary files in the output's own folder, which is known to have room; they never outlive it.
    with whole_file(path) as partial, TemporaryDirectory(dir=path.parent, prefix=".rows-") as waiting:
        book = xlsxwriter.Workbook(
            str(partial),
            {
                "constant_memory": True,
                "tmpdir": waiting,
                "strings_to_formulas": False,
                "strings_to_urls": False,
                "strings_to_numbers": False,
            },
        )
        started = datetime.fromisoformat(manifest.started_at)
        book.set_properties({"title": "Graded screening answers", "created": started})
        yield book
        try:
            book.close()
        except XlsxWriterException as error:
            raise cannot_write(path, error) from error
