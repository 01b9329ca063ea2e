"""The row of a table that names its columns, which in a spreadsheet need not be the first."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from evaluator.errors import Mistake, TableError
from evaluator.files.tables.column_plan import ColumnPlanner
from evaluator.files.tables.findings import Findings
from evaluator.files.tables.table_row import RowSource, TableRow

SEARCHED_ROWS = 20
# A row that names as many known columns as this is the header; a title above it names none.
ENOUGH_KNOWN = 2


@dataclass(frozen=True, slots=True)
class HeaderRow:
    """The columns' names, without empty ones at the end, and the row that they stand in (0: in none)."""

    number: int
    headings: tuple[str, ...]


def find_header(source: RowSource, planner: ColumnPlanner, file: str, findings: Findings) -> HeaderRow:
    """The header among the first rows that hold anything. Raises TableError where there is none."""
    if source.headings:
        return HeaderRow(0, source.headings)
    first = _first_rows(source)
    if not first:
        raise TableError(f"{file} is empty: it has no row with anything in it.", hint="Export the answers again.")
    malformed = next((row for row in first if row.problem), None)
    if source.headings is not None:
        raise _unreadable(file, [row for row in first if row.problem])
    known = [planner.count_known(row.texts) for row in first]
    at = next((place for place, count in enumerate(known) if count >= ENOUGH_KNOWN), None)
    if at is None:
        at = next((place for place, count in enumerate(known) if count), None)
        if at is not None and _looks_like_an_answer_row(first, at, planner):
            raise _no_header(file, first[0])
    if at is None and malformed:
        raise _unreadable(file, [malformed])
    chosen = first[at or 0]
    if chosen.problem:
        raise _unreadable(file, [chosen])
    if at:
        above = "row 1" if chosen.number == 2 else f"rows 1 to {chosen.number - 1}"
        findings.note(f"row {chosen.number} is the header; what stands above it ({above}) is not read")
    headings = list(chosen.texts)
    while headings and not headings[-1]:
        headings.pop()
    return HeaderRow(chosen.number, tuple(headings))


def _first_rows(source: RowSource) -> list[TableRow]:
    first: list[TableRow] = []
    for row in source.rows():
        if not row.is_empty:
            first.append(row)
        if len(first) == SEARCHED_ROWS:
            break
    return first


def _looks_like_an_answer_row(rows: list[TableRow], at: int, planner: ColumnPlanner) -> bool:
    """Whether the row names a question and the one below names one in the same column: a table with no header."""
    if at + 1 >= len(rows):
        return False
    pairs = zip(rows[at].texts, rows[at + 1].texts, strict=False)
    return any(planner.is_question(upper) and planner.is_question(lower) for upper, lower in pairs if upper and lower)


def _unreadable(file: str, rows: list[TableRow]) -> TableError:
    return TableError(
        f"{file} cannot be split into rows and columns.",
        mistakes=[Mistake(row.problem or "", file, row.number) for row in rows],
        hint="Export it again, or open it in a spreadsheet and save it as .xlsx.",
    )


def _no_header(file: str, row: TableRow) -> TableError:
    return TableError(
        f"{Path(file).name} has no header row.",
        mistakes=[Mistake("is an answer already, not the columns' names", file, row.number)],
        hint="Put a row above it that names the columns: candidate_id, question_id, answer.",
    )
