"""A CSV table with a fixed set of columns, read strictly: every unknown, missing or shifted cell is named."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from evaluator.errors import Mistake, TableError
from evaluator.files.tables.delimited_rows import open_delimited
from evaluator.files.tables.table_format import detect_format
from evaluator.files.tables.table_row import RowSource, TableRow, cell_text

_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)")


@dataclass(frozen=True, slots=True)
class NamedRow:
    """One row, by column; `number` counts as a spreadsheet does (the header is row 1)."""

    number: int
    cells: Mapping[str, str]

    def text(self, column: str) -> str:
        """The cell without the white space around it; "" where the table lacks the column."""
        return self.cells.get(column, "").strip()


@dataclass(frozen=True, slots=True)
class NamedTable:
    """All rows, the columns that nobody asked for, what was said on opening, and every mistake of form."""

    file: str
    columns: tuple[str, ...]
    rows: tuple[NamedRow, ...] = ()
    ignored: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    mistakes: tuple[Mistake, ...] = ()

    def mistake(self, row: NamedRow, column: str, message: str) -> Mistake:
        """A mistake in one cell."""
        return Mistake(message, self.file, row.number, column)


def read_named_table(
    path: Path, needed: Sequence[str], optional: re.Pattern[str] | None = None, *, extra_allowed: bool = False
) -> NamedTable:
    """The table at `path` (CSV, TSV or XLSX) with the `needed` columns and those whose whole name is `optional`.

    Mistakes of form are gathered, not raised; a file that cannot be opened or read as text is one of them.
    """
    try:
        source = _opened(path, needed)
        rows = [row for row in source.rows() if not row.is_empty]
    except TableError as error:
        found = error.mistakes or (Mistake(error.message, None if str(path) in error.message else str(path)),)
        return NamedTable(str(path), (), mistakes=tuple(found))
    if not rows:
        return NamedTable(str(path), (), mistakes=(Mistake("there is nothing in it", str(path)),))
    header, body = rows[0], rows[1:]
    if not source.cells_can_shift:
        # A spreadsheet leaves out empty cells at the end of a row; a row of text that is short has lost some.
        body = [row._replace(cells=[*row.cells, *[""] * (len(header.cells) - len(row.cells))]) for row in body]
    return _named(str(path), header, body, needed, optional, extra_allowed, tuple(source.notes))


def number_in(text: str) -> float | None:
    """The number that is written here, None where it is none. A decimal comma is none: it might divide thousands."""
    number = float(text) if _NUMBER.fullmatch(text) else math.inf
    return number if math.isfinite(number) else None


def _opened(path: Path, needed: Sequence[str]) -> RowSource:
    file_format = detect_format(path)
    if file_format == "xlsx":
        from evaluator.files.tables.excel_rows import open_excel  # here: openpyxl is slow to import

        return open_excel(path, None)
    if file_format in ("csv", "tsv"):
        return open_delimited(path, file_format, lambda cells: sum(cell.strip() in needed for cell in cells))
    raise TableError(f"{path} is a {file_format} file.", hint="Save it as CSV.")


def _named(
    file: str,
    header: TableRow,
    body: Sequence[TableRow],
    needed: Sequence[str],
    optional: re.Pattern[str] | None,
    extra_allowed: bool,
    notes: tuple[str, ...],
) -> NamedTable:
    columns = header.texts
    mistakes: list[Mistake] = []
    ignored: list[str] = []
    for place, column in enumerate(columns):
        if column in columns[:place]:
            mistakes.append(Mistake("the table has two columns of this name", file, header.number, column))
        elif column not in needed and not (optional and optional.fullmatch(column)):
            ignored.append(column)
            if not extra_allowed:
                message = f"unknown column (this table has {', '.join(needed)})"
                mistakes.append(Mistake(message, file, header.number, column))
    missing = [column for column in needed if column not in columns]
    mistakes.extend(Mistake("the table lacks this column", file, header.number, column) for column in missing)
    rows = []
    for row in body:
        said = row.problem or _misfit(row, len(columns)) or _unreadable(row)
        if said:
            mistakes.append(Mistake(said, file, row.number))
            continue
        cells = {column: cell_text(cell) for column, cell in zip(columns, row.cells, strict=False)}
        rows.append(NamedRow(row.number, cells))
    return NamedTable(
        file, columns, () if missing else tuple(rows), tuple(each for each in ignored if each), notes, tuple(mistakes)
    )


def _misfit(row: TableRow, columns: int) -> str | None:
    cells = len(row.cells)
    if cells > columns and any(cell_text(cell).strip() for cell in row.cells[columns:]):
        return f"the row has {cells} cells, the header {columns}: is a comma in a text without quotation marks?"
    if cells < columns:
        return f"the row has {cells} cells, the header {columns}"
    return None


def _unreadable(row: TableRow) -> str | None:
    problems = (getattr(cell, "problem", None) for cell in row.cells)
    return next((str(problem) for problem in problems if problem), None)
