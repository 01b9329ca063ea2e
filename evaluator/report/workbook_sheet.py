"""A sheet of a workbook, filled row by row: text stays text, and a full sheet goes on in a further one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from evaluator.report.spreadsheet_cell import fitting_text
from evaluator.report.workbook_rows import Cell, CellFormats, RowWorksheet, inline_text

_SHORT = 64  # characters


@dataclass(frozen=True, slots=True)
class Column:
    """A column's heading and its width in characters."""

    heading: str
    width: float


class Looks:
    """The formats of cells."""

    def __init__(self, book: Any) -> None:
        self.heading = book.add_format(
            {"bold": True, "text_wrap": True, "valign": "bottom", "bottom": 1, "bg_color": "#F1F1EE"}
        )
        self.cells = CellFormats(
            text=book.add_format({"text_wrap": True, "valign": "top"}),
            whole=book.add_format({"valign": "top", "num_format": "0"}),
            fraction=book.add_format({"valign": "top", "num_format": "0.00"}),
        )


class _CellText:
    """Text as the cells of a sheet hold it: as text, never by what it looks like."""

    def __init__(self, whole_in: str) -> None:
        self._whole_in = whole_in
        self._inline_again = lru_cache(maxsize=1024)(self._inline)

    def fitting(self, text: str) -> str:
        """What the cell shows."""
        return fitting_text(text, self._whole_in)

    def inline(self, text: str) -> str:
        """The same in XML. Most short texts, such as ids and names, stand in several rows."""
        return self._inline_again(text) if len(text) <= _SHORT else self._inline(text)

    def _inline(self, text: str) -> str:
        return inline_text(self.fitting(text))


class Sheet:
    """A sheet that is filled row by row and goes on to a further one when it is full."""

    def __init__(
        self,
        book: Any,
        name: str,
        columns: Sequence[Column],
        looks: Looks,
        most_rows: int,
        whole_in: str,
        row_height: float | None = None,
    ) -> None:
        self._book = book
        self._name = name
        self._columns = columns
        self._looks = looks
        self._most_rows = most_rows
        self._text = _CellText(whole_in)
        self._row_height = row_height
        self._sheets = 0
        self._begin()

    def add(self, cells: Sequence[Cell]) -> None:
        """Writes a row; None leaves its cell empty."""
        if self._row == self._most_rows:
            self.finish()
            self._begin()
        self._sheet.write_cells(self._row, cells, self._looks.cells, self._text.inline, self._row_height)
        self._row += 1

    def finish(self) -> None:
        """Puts a filter over what was written."""
        self._sheet.autofilter(0, 0, max(self._row - 1, 1), len(self._columns) - 1)

    def _begin(self) -> None:
        self._sheets += 1
        name = self._name if self._sheets == 1 else f"{self._name} {self._sheets}"
        self._sheet: RowWorksheet = self._book.add_worksheet(name, RowWorksheet)
        self._sheet.freeze_panes(1, 1)
        self._sheet.hide_gridlines(2)
        for place, column in enumerate(self._columns):
            self._sheet.set_column(place, place, column.width)
            self._sheet.write_string(0, place, self._text.fitting(column.heading), self._looks.heading)
        self._row = 1
