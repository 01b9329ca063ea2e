"""Rows of a table as answers, by a plan that says what its columns hold."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from evaluator.core.absence import absence_of, is_spreadsheet_error, strip_invisible
from evaluator.core.answer import Answer
from evaluator.core.identity import Identity
from evaluator.files.tables.column_plan import ColumnPlan
from evaluator.files.tables.delimited_rows import EXCEL_CELL_LIMIT
from evaluator.files.tables.findings import Findings
from evaluator.files.tables.header_row import HeaderRow
from evaluator.files.tables.heading import shorten
from evaluator.files.tables.limits import LONGEST_ID
from evaluator.files.tables.question_match import QuestionMatcher
from evaluator.files.tables.table_row import Cell, OddCell, RowSource, TableRow, cell_text

SPREADSHEET_FORMATS = frozenset({"xlsx", "csv", "tsv"})
# What a spreadsheet makes of a long number: the digits that told two people apart are gone.
SHORTENED_NUMBER = re.compile(r"\d(?:[.,]\d+)?E\+\d+", re.IGNORECASE)
# Two words or more of letters only, such as a first and a last name; "Candidate A" is no name.
NAME = re.compile(
    r"(?!(?:candidate|applicant|participant|person)\b)[^\W\d_]+(?:[ ,.'\u2019-]+[^\W\d_]+\.?)+", re.IGNORECASE
)
TEXT_ENDED_NOTE = f"an answer of exactly {EXCEL_CELL_LIMIT:,} characters, Excel's limit, was probably cut off there"


def _looks_like_a_name(text: str) -> bool:
    return " " in text and NAME.fullmatch(text) is not None


class RowAnswer(NamedTuple):
    """An answer and the row it stands in."""

    answer: Answer
    row: int
    has_given_id: bool = False


@dataclass(frozen=True, slots=True)
class AnswerRows:
    """Reads a source's rows as answers, in table order, repeated ones too."""

    source: RowSource
    header: HeaderRow
    plan: ColumnPlan
    matcher: QuestionMatcher

    def answers(self, findings: Findings) -> Iterator[RowAnswer]:
        """Every cell that is somebody's answer; notes and mistakes go to `findings`."""
        for row in self.source.rows():
            if row.number <= self.header.number or not self._is_readable(row, findings):
                continue
            candidate_id = self._candidate_id(row, findings)
            if candidate_id is None:
                continue
            identity = self._identity(row, candidate_id)
            if self.plan.layout == "long":
                yield from self._long_answer(row, candidate_id, identity, findings)
            else:
                yield from self._wide_answers(row, candidate_id, identity, findings)

    def _is_readable(self, row: TableRow, findings: Findings) -> bool:
        if row.problem:
            findings.mistake(row.problem, row=row.number)
            return False
        if row.is_empty:
            return False
        width = len(self.plan.headings)
        if self.header.number and self._is_header_again(row):
            findings.note("the header again, in the middle of the table: not read", row=row.number)
            return False
        if len(row.cells) > width and any(row.texts[width:]):
            if self.source.cells_can_shift:
                findings.mistake(
                    f"has more cells than the header has columns ({len(row.cells)}, not {width}): a quotation mark or "
                    "a delimiter inside an answer is probably not quoted",
                    row=row.number,
                )
                return False
            findings.note("text to the right of the last headed column: not read", row=row.number)
        return True

    def _is_header_again(self, row: TableRow) -> bool:
        headings = self.plan.headings
        # The first cell tells for nearly every row; to strip all of them takes longer than all else about a row.
        return cell_text(row.cells[0]).strip() == headings[0] and row.texts[: len(headings)] == headings

    def _candidate_id(self, row: TableRow, findings: Findings) -> str | None:
        position = self.plan.candidate
        if position is None:
            return f"row-{row.number}"
        text = strip_invisible(self._text(row, position, findings) or "")
        problem = self._problem_of_id(text, row, position)
        if problem is None:
            return text
        findings.mistake(problem, column=self.plan.name(position), row=row.number)
        return None

    def _problem_of_id(self, text: str, row: TableRow, position: int) -> str | None:
        if not text:
            return "has no candidate id"
        if len(text) > LONGEST_ID:
            return f"has a candidate id of more than {LONGEST_ID} characters"
        if is_spreadsheet_error(text):
            return f"has the spreadsheet error {text} for a candidate id"
        if text.startswith("=") and isinstance(self._cell(row, position), OddCell):
            return (
                "has a formula without a saved result for a candidate id: open the workbook in a spreadsheet program "
                "and save it, so that the results are in it"
            )
        if SHORTENED_NUMBER.fullmatch(text):
            return (
                f"has a candidate id that a spreadsheet shortened to {text}: format the column as text and export "
                "the table again"
            )
        if self.plan.may_hold_names and _looks_like_a_name(text):
            return (
                "seems to hold names, which are never used as ids: name a column of ids or addresses with "
                f'--map "COLUMN=candidate_id" (or this one, if these are ids: --map "{self.plan.name(position)}='
                'candidate_id")'
            )
        return None

    def _identity(self, row: TableRow, candidate_id: str) -> Identity | None:
        """What the row says of who wrote its answers; None where it says nothing."""
        fields: dict[str, list[str]] = {}
        for column in self.plan.identity:
            text = cell_text(self._cell(row, column.position)).strip()
            if text and not is_spreadsheet_error(text):
                fields.setdefault(column.kind, []).append(text)
        if "@" in candidate_id:
            fields.setdefault("emails", []).append(candidate_id)
        if not fields:
            return None
        return Identity(**{kind: tuple(dict.fromkeys(texts)) for kind, texts in fields.items()})

    def _long_answer(
        self, row: TableRow, candidate_id: str, identity: Identity | None, findings: Findings
    ) -> Iterator[RowAnswer]:
        plan = self.plan
        if plan.question is None or plan.answer is None:
            return
        question_id = self._question_id(row, plan.question, findings)
        answer_cell = self._cell(row, plan.answer)
        if isinstance(answer_cell, OddCell) and answer_cell.lacking:
            findings.mistake(f"has no key {plan.headings[plan.answer]!r}", row=row.number)
            return
        given = ""
        if plan.answer_id is not None:
            given = strip_invisible(self._text(row, plan.answer_id, findings) or "")
            if len(given) > LONGEST_ID:
                column = plan.name(plan.answer_id)
                findings.mistake(f"has an id of more than {LONGEST_ID} characters", column=column, row=row.number)
                return
        if question_id is not None:
            yield self._answer(row, plan.answer, candidate_id, question_id, given, identity, findings)

    def _wide_answers(
        self, row: TableRow, candidate_id: str, identity: Identity | None, findings: Findings
    ) -> Iterator[RowAnswer]:
        for column in self.plan.questions:
            yield self._answer(row, column.position, candidate_id, column.question_id, "", identity, findings)

    def _question_id(self, row: TableRow, position: int, findings: Findings) -> str | None:
        written = strip_invisible(self._text(row, position, findings) or "")
        if not written:
            findings.mistake("names no question", column=self.plan.name(position), row=row.number)
            return None
        match = self.matcher.match(written)
        if match.question_id is not None and not match.how:
            return match.question_id
        column = self.plan.name(position)
        if match.question_id is None:
            nearest = match.nearest or self.matcher.suggest(written)
            suggestion = f"; did you mean {nearest!r}?" if nearest else ""
            findings.mistake(f"unknown question {shorten(written)!r}{suggestion}", column=column, row=row.number)
        else:
            findings.note(
                f"{shorten(written)!r} read as question {match.question_id!r} ({match.how})",
                column=column,
                row=row.number,
            )
        return match.question_id

    def _answer(
        self,
        row: TableRow,
        position: int,
        candidate_id: str,
        question_id: str,
        given_id: str,
        identity: Identity | None,
        findings: Findings,
    ) -> RowAnswer:
        text = self._text(row, position, findings)
        absent = "missing" if text is None else absence_of(text)
        if text and absent == "missing":
            findings.note(
                f"the spreadsheet error {text.strip()} stands where an answer was: it counts as missing",
                column=self.plan.name(position),
                row=row.number,
            )
        if text and len(text) >= EXCEL_CELL_LIMIT and self._was_cut(text):
            findings.note(TEXT_ENDED_NOTE, column=self.plan.name(position), row=row.number)
        answer = Answer(
            answer_id=given_id or f"{candidate_id}.{question_id}",
            candidate_id=candidate_id,
            question_id=question_id,
            text=text or "",
            absent=absent,
            row=row.number,
            identity=identity,
        )
        return RowAnswer(answer, row.number, bool(given_id))

    def _was_cut(self, text: str) -> bool:
        """Excel counts a character outside the basic plane as two; either count may be what cut it."""
        if self.source.format not in SPREADSHEET_FORMATS:
            return False
        return EXCEL_CELL_LIMIT in (len(text), len(text.encode("utf-16-le")) // 2)

    def _cell(self, row: TableRow, position: int) -> Cell:
        if position < len(row.cells):
            return row.cells[position]
        # A row of a text file that ends early does not have the cell; a sheet does not store empty ones.
        return None if self.source.cells_can_shift else ""

    def _text(self, row: TableRow, position: int, findings: Findings) -> str | None:
        """The cell's text, None where there is nothing; what is odd about it goes to `findings`."""
        cell = self._cell(row, position)
        if not isinstance(cell, OddCell):
            return cell
        if cell.problem:
            findings.mistake(cell.problem, column=self.plan.name(position), row=row.number)
        if cell.note:
            findings.note(cell.note, column=self.plan.name(position), row=row.number)
        return cell.text
