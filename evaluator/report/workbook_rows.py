"""A worksheet that is written a row at a time: a run has a hundred thousand cells, and each would cost its own call."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

from xlsxwriter.utility import xl_col_to_name
from xlsxwriter.worksheet import Worksheet

# What a sheet would take for an escape of its own.
_ESCAPE_OF_A_SHEET = re.compile(r"_(?=x[0-9a-fA-F]{4}_)")

Cell = str | int | float | None


@dataclass(frozen=True, slots=True, eq=False)
class CellFormats:
    """How cells look by what they hold; formats of the workbook."""

    text: Any
    whole: Any
    fraction: Any


class RowWorksheet(Worksheet):  # type: ignore[misc]  # xlsxwriter has no types
    """A worksheet of a workbook in constant memory, whose rows go straight to its file.

    xlsxwriter keeps a record of each cell, looks at its kind and escapes it in five passes. What is written here is
    the same to the byte, but for a text that begins with <r> and ends with </r>: xlsxwriter takes that for markup of
    its own, and here it stays text.
    """

    def __init__(self) -> None:
        super().__init__()
        # Rows of a sheet are much alike.
        self._skeleton = lru_cache(maxsize=1024)(_skeleton)

    def write_cells(
        self,
        row: int,
        cells: Sequence[Cell],
        formats: CellFormats,
        inline: Callable[[str], str],
        height: float | None = None,
    ) -> None:
        """Writes a row, counted from 0, below all others; None leaves its cell empty. `height` is in points.

        `inline` makes of a text what `inline_text` makes of it.
        """
        if row > self.previous_row:
            self._write_single_row(row)  # what was written cell by cell above
        self._check_dimensions(row, len(cells) - 1)  # the sheet says how far it reaches
        skeleton = self._skeleton(tuple(map(type, cells)), formats, height)
        number = row + 1
        values: list[Cell] = [number]
        for cell in cells:
            if cell is not None:
                values += (number, inline(cell) if isinstance(cell, str) else cell)
        self.fh.write(skeleton % tuple(values))


def _skeleton(kinds: tuple[type, ...], formats: CellFormats, height: float | None) -> str:
    """A row whose cells are of these kinds, but for its number, which each cell repeats, and for what is in them."""
    # The index of a format is given to it when it is first asked for.
    text, whole, fraction = [each._get_xf_index() for each in (formats.text, formats.whole, formats.fraction)]
    size = "" if height is None else f' ht="{height:.16g}" customHeight="1"'
    pieces = [f'<row r="%d"{size}>']
    for letters, kind in zip(_letters(len(kinds)), kinds, strict=True):
        if issubclass(kind, str):
            pieces.append(f'<c r="{letters}%d" s="{text}" t="inlineStr"><is><t%s</t></is></c>')
        elif issubclass(kind, int):
            pieces.append(f'<c r="{letters}%d" s="{whole}"><v>%d</v></c>')
        elif issubclass(kind, float):
            pieces.append(f'<c r="{letters}%d" s="{fraction}"><v>%.16G</v></c>')
    return "".join([*pieces, "</row>"])


@cache
def _letters(columns: int) -> tuple[str, ...]:
    """What the first so many columns are called."""
    return tuple(str(xl_col_to_name(column)) for column in range(columns))


def inline_text(text: str) -> str:
    """The end of the tag and the text of a cell.

    A text has to fit into a cell and hold no control characters but TAB and line ends.
    """
    # Asked one by one: nearly no text has any, and a pattern for all of them looks at every character.
    if "_x" in text:
        text = _ESCAPE_OF_A_SHEET.sub("_x005F_", text)
    if "&" in text or "<" in text or ">" in text:
        text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    # A sheet drops white space at either end unless it is told to keep it.
    return f' xml:space="preserve">{text}' if text[:1].isspace() or text[-1:].isspace() else f">{text}"
