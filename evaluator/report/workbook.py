"""The workbook of a run: candidates, answers, evidence, and a sheet about the run, for people who live in Excel."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import xlsxwriter
from xlsxwriter.exceptions import XlsxWriterException

from evaluator.core.candidate import CandidateStanding, Standings
from evaluator.core.questionnaire import Questionnaire
from evaluator.core.rubric import Rubric
from evaluator.core.run_manifest import RunManifest
from evaluator.files.whole_file import cannot_write, whole_file
from evaluator.report.alike_spool import AlikeSpool
from evaluator.report.graded_answer import GradedAnswer
from evaluator.report.marked_answer import criterion_letter
from evaluator.report.run_view import facts, outcome_in_words
from evaluator.report.wording import FLAG_NAMES, STATUS_NAMES, band_in_words, reason_in_words
from evaluator.report.workbook_rows import Cell
from evaluator.report.workbook_sheet import Column, Looks, Sheet

EXCEL_ROWS = 1_048_576
"""The most rows that a sheet of Excel holds; what is more goes on to a further sheet."""
MOST_ANSWERS = 20_000
"""Above this a workbook holds candidates and flagged answers only: with all, Excel would take minutes to open it."""
_GRADES = "grades.jsonl"
_ANSWER_ROW = 75.0  # points: five lines of an answer; a row as high as its longest cell would fill the screen


class Workbook:
    """A workbook while it is written: answers are added as they come. Made by `open_workbook`."""

    def __init__(
        self, sheets: _Sheets, rubric: Rubric, questionnaire: Questionnaire, most_answers: int, alike: AlikeSpool
    ) -> None:
        self._sheets = sheets
        self._alike = alike
        self._rubric = rubric
        self._questionnaire = questionnaire
        self._criteria = {
            each.id: f"{criterion_letter(place)} {each.name}" for place, each in enumerate(rubric.criteria)
        }
        self._most_answers = most_answers
        self.added = 0

    def add(self, graded: GradedAnswer) -> None:
        """Writes the rows of one answer; in the workbook of a large run, only of one that needs a person."""
        self._alike.add(graded)
        if self._sheets.evidence is None and (not graded.grade.needs_review or self.added >= self._most_answers):
            return
        self.added += 1
        self._sheets.answers.add(_answer_row(graded, self._rubric, self._questionnaire))
        if self._sheets.evidence is not None:
            for row in _evidence_rows(graded, self._rubric, self._questionnaire, self._criteria):
                self._sheets.evidence.add(row)


@contextmanager
def open_workbook(
    path: Path,
    manifest: RunManifest,
    rubric: Rubric,
    questionnaire: Questionnaire,
    standings: Standings,
    *,
    rows_a_sheet: int = EXCEL_ROWS,
    most_answers: int = MOST_ANSWERS,
) -> Iterator[Workbook]:
    """A workbook that is whole when the block ends; only a row of each sheet is in memory.

    Sheets: Candidates (`standings` in the order given), Answers, Evidence (a row a quote), About. In a run of more
    than `most_answers`, Flagged takes the place of Answers and Evidence: the answers that need a person, at most so
    many; About says so. Near copies has two answers a row that are nearly the same, where any are. A sheet that is
    full goes on as "Answers 2". Text is never a formula or a link, and a cell cut to Excel's limit says where the whole
    is. Raises OutputError where the file cannot be written.
    """
    is_large = manifest.answers > most_answers
    with _open(path, manifest) as book, AlikeSpool() as alike:
        looks = Looks(book)
        candidates = Sheet(book, "Candidates", _candidate_columns(rubric, questionnaire), looks, rows_a_sheet, _GRADES)
        for standing in standings:
            candidates.add(_candidate_row(standing, rubric, questionnaire))
        candidates.finish()
        name, source = "Flagged" if is_large else "Answers", f"{manifest.input_name} and {_GRADES}"
        answers = Sheet(book, name, _answer_columns(rubric), looks, rows_a_sheet, source, _ANSWER_ROW)
        evidence = None if is_large else Sheet(book, "Evidence", _EVIDENCE, looks, rows_a_sheet, _GRADES)
        workbook = Workbook(_Sheets(answers, evidence), rubric, questionnaire, most_answers, alike)
        yield workbook
        answers.finish()
        if evidence is not None:
            evidence.finish()
        _add_near_copies(book, alike, questionnaire, looks, rows_a_sheet, source)
        about = Sheet(book, "About", (Column("What", 30), Column("Value", 100)), looks, rows_a_sheet, "run.json")
        if is_large:
            about.add(["What is not here", _left_out(manifest, workbook.added)])
        for row in _about_rows(manifest):
            about.add(row)
        about.finish()


def write_workbook(
    path: Path,
    manifest: RunManifest,
    rubric: Rubric,
    questionnaire: Questionnaire,
    answers: Iterable[GradedAnswer],
    standings: Standings,
    *,
    rows_a_sheet: int = EXCEL_ROWS,
    most_answers: int = MOST_ANSWERS,
) -> None:
    """Writes these answers to a workbook, as `open_workbook` does."""
    with open_workbook(
        path, manifest, rubric, questionnaire, standings, rows_a_sheet=rows_a_sheet, most_answers=most_answers
    ) as workbook:
        for graded in answers:
            workbook.add(graded)


def _left_out(manifest: RunManifest, flagged: int) -> str:
    """What a reader of a large run's workbook has to look for elsewhere."""
    those = "those" if flagged == manifest.to_review else f"the first {flagged:,}"
    return (
        f"A run of {manifest.answers:,} answers is too large for a workbook. Candidates has all "
        f"{manifest.candidates:,} of them; of the {manifest.to_review:,} answers that need a person, Flagged has "
        f"{those}. Every answer is in grades.csv, with all its evidence in {_GRADES}."
    )


@dataclass(frozen=True, slots=True)
class _Sheets:
    """Where answers go; `evidence` is None in the workbook of a large run."""

    answers: Sheet
    evidence: Sheet | None


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


def _evidence_rows(
    graded: GradedAnswer, rubric: Rubric, questionnaire: Questionnaire, criteria: Mapping[str, str]
) -> Iterator[list[Cell]]:
    """`criteria`: what each criterion is called, by its id."""
    grade = graded.grade
    title = questionnaire.question(grade.question_id).title
    for reached in grade.criteria:
        criterion = rubric.criterion(reached.id)
        name = criteria[reached.id]
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


_NEAR_COPIES = (
    Column("Question", 26),
    Column("Candidate", 24),
    Column("Row in the input", 9),
    Column("The answer, as written", 90),
    Column("Another candidate", 24),
    Column("Their row", 9),
    Column("Their answer, as written", 90),
)


def _add_near_copies(
    book: Any, alike: AlikeSpool, questionnaire: Questionnaire, looks: Looks, rows_a_sheet: int, source: str
) -> None:
    """A sheet with two answers a row that are nearly the same; none where no two are."""
    sheet = None
    for question, one, other in alike.pairs():
        if sheet is None:
            sheet = Sheet(book, "Near copies", _NEAR_COPIES, looks, rows_a_sheet, source, _ANSWER_ROW)
        title = questionnaire.question(question).title
        sheet.add([title, one.candidate_id, one.row, one.text, other.candidate_id, other.row, other.text])
    if sheet is not None:
        sheet.finish()


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
