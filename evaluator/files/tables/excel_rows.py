"""Rows of an Excel workbook (.xlsx), one sheet of it, as openpyxl reads them."""

from __future__ import annotations

import re
import warnings
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from openpyxl import load_workbook

from evaluator.errors import TableError
from evaluator.files.tables.cell_value import cell_of_value
from evaluator.files.tables.limits import MOST_ROWS
from evaluator.files.tables.table_row import Cell, OddCell, TableRow
from evaluator.files.tables.workbook_survey import survey_workbook

if TYPE_CHECKING:
    from openpyxl.workbook import Workbook

# What zipfile and openpyxl raise for parts that are cut, garbled or not what they say: neither has an error of
# its own for that. It is caught where they work and nowhere else. (XML that is none is a SyntaxError, whether the
# standard library's parser reads it or lxml, which openpyxl takes where it is installed.)
DAMAGED_WORKBOOK = (
    zipfile.BadZipFile, zlib.error, SyntaxError, OSError, EOFError, LookupError, ValueError, TypeError, AttributeError,
    RuntimeError, OverflowError,
)  # fmt: skip
ZEROS_FORMAT = re.compile("0{2,}")
# Excel writes the carriage return of a Windows line end like this inside its XML.
ESCAPED_LINE_END = re.compile(r"_x000D_(?=\n)")
UNSAVED_FORMULA_NOTE = "a cell that begins with '=' and has no saved result is read as the text that it holds"


@dataclass(frozen=True, slots=True)
class ExcelRows:
    """One sheet of a workbook that can be read row by row; made by `open_excel`."""

    path: Path
    sheet: str
    has_formulas: bool
    notes: tuple[str, ...]
    format: str = "xlsx"
    encoding: None = None
    headings: None = None
    cells_can_shift: bool = False

    def rows(self) -> Iterator[TableRow]:
        """Every row, empty ones too. Empty cells are "": a sheet does not tell them from missing ones."""
        with _workbook(self.path, results=True) as results:
            if not self.has_formulas:
                for number, cells in enumerate(_sheet_rows(results, self.sheet, self.path), start=1):
                    yield TableRow(number, [_cell(cell, None) for cell in cells])
                return
            # A text such as "=== My plan ===" is stored as a formula by some programs, and has no result.
            with _workbook(self.path, results=False) as formulas:
                shown = _sheet_rows(results, self.sheet, self.path)
                stored = _sheet_rows(formulas, self.sheet, self.path)
                for number, (cells, written) in enumerate(zip(shown, stored, strict=False), start=1):
                    yield TableRow(number, [_cell(*pair) for pair in zip(cells, written, strict=False)])


def open_excel(path: Path, sheet: str | None) -> ExcelRows:
    """The sheet named `sheet`, or the first visible one that has anything in it.

    Raises TableError for a damaged workbook, a sheet it does not have, and a workbook without content.
    """
    with _damage_translated(path):
        survey = survey_workbook(path)
    with _workbook(path, results=True) as workbook:
        names = [worksheet.title for worksheet in workbook.worksheets]
        visible = [each.title for each in workbook.worksheets if each.sheet_state == "visible"]
        if sheet is not None and sheet not in names:
            raise TableError(f"{path} has no sheet {sheet!r}.", hint=f"Its sheets: {', '.join(map(repr, names))}.")
        filled = [name for name in visible or names if sheet is None and _has_content(workbook, name, path)]
    if sheet is None and not filled:
        raise TableError(f"{path} is a workbook without content.", hint="Export the answers again.")
    chosen = sheet if sheet is not None else filled[0]
    notes: tuple[str, ...] = ()
    if len(filled) > 1:
        others = ", ".join(repr(name) for name in filled[1:])
        notes = (f"sheet {chosen!r} was read; not read: {others}; --sheet reads another one",)
    return ExcelRows(path, chosen, survey.has_formulas, notes)


@contextmanager
def _workbook(path: Path, *, results: bool) -> Iterator[Workbook]:
    """The workbook, showing formulas' saved results or the formulas."""
    # openpyxl warns, while rows are read too, of styles and extensions it skips; none of them holds an answer.
    warnings.filterwarnings("ignore", category=UserWarning, module=r"openpyxl\.")
    with path.open("rb") as file:
        with _damage_translated(path):
            workbook = load_workbook(file, read_only=True, data_only=results)
        try:
            yield workbook
        finally:
            workbook.close()


@contextmanager
def _damage_translated(path: Path) -> Iterator[None]:
    try:
        yield
    except DAMAGED_WORKBOOK as error:
        raise TableError(
            f"{path} is a damaged Excel workbook.", hint="Open it in Excel and save it again, or as CSV."
        ) from error


def _sheet_rows(workbook: Workbook, name: str, path: Path) -> Iterator[tuple[Any, ...]]:
    worksheet: Any = workbook[name]  # a ReadOnlyWorksheet, whose methods the type stubs do not describe
    # The size that a workbook claims for a sheet is wrong in some exports (often just "A1").
    worksheet.reset_dimensions()
    with _damage_translated(path):
        for number, row in enumerate(worksheet.iter_rows(), start=1):
            if number > MOST_ROWS:
                # openpyxl fills gaps: a row that calls itself number 999,999,999 would be that many empty ones.
                raise TableError(f"{path} has a row below number {MOST_ROWS:,}, the last one of a sheet of Excel.")
            yield row


def _has_content(workbook: Workbook, name: str, path: Path) -> bool:
    return any(cell.value not in (None, "") for row in _sheet_rows(workbook, name, path) for cell in row)


def _cell(cell: Any, written: Any | None) -> Cell:
    """The cell's text; `written` is the same cell showing its formula, where the sheet has formulas."""
    value = cell.value
    if value is None:
        if written is not None and written.data_type == "f" and isinstance(written.value, str):
            return OddCell(text=written.value, note=UNSAVED_FORMULA_NOTE)
        return ""
    if isinstance(value, str):
        return ESCAPED_LINE_END.sub("\r", value) if "_x000D_" in value else value
    if isinstance(value, int) and not isinstance(value, bool) and ZEROS_FORMAT.fullmatch(cell.number_format or ""):
        # A number shown as 00042 is an id that people know as 00042.
        return str(value).zfill(len(cell.number_format))
    return cell_of_value(value)
