"""A worksheet that is written a row at a time: a run has a hundred thousand cells, and each would cost its own call."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from xlsxwriter.utility import xl_col_to_name
from xlsxwriter.worksheet import Worksheet

# What a sheet would take for an escape of its own.
_ESCAPE_OF_A_SHEET = re.compile(r"_(?=x[0-9a-fA-F]{4}_)")

Cell = str | int | float | None


@dataclass(frozen=True, slots=True)
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
        number = row + 1
        text = f'{number}" s="{formats.text._get_xf_index()}" t="inlineStr"><is><t'
        whole = f'{number}" s="{formats.whole._get_xf_index()}"><v>'
        fraction = f'{number}" s="{formats.fraction._get_xf_index()}"><v>'
        size = "" if height is None else f' ht="{height:.16g}" customHeight="1"'
        pieces = [f'<row r="{number}"{size}>']
        for letters, cell in zip(_letters(len(cells)), cells, strict=True):
            if isinstance(cell, str):
                pieces.append(f'<c r="{letters}{text}{inline(cell)}</t></is></c>')
            elif cell is not None:
                number_in_it = f"{whole}{cell:d}" if isinstance(cell, int) else f"{fraction}{cell:.16G}"
                pieces.append(f'<c r="{letters}{number_in_it}</v></c>')
        pieces.append("</row>")
        self.fh.write("".join(pieces))


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
