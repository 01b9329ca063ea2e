"""A row of a table as its file gives it, before anybody knows what its columns mean."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol


@dataclass(frozen=True, slots=True)
class OddCell:
    """A cell about which there is something to say.

    `note` tells how it was read, `problem` why it cannot be read; `lacking` marks a key that a JSON object
    does not have, which is a mistake where the key is needed and an unasked question where it is not.
    """

    text: str | None = None
    note: str | None = None
    problem: str | None = None
    lacking: bool = False


# None: there is nothing, not even an empty cell (a short row, a null). "" is a cell that was left empty.
Cell = str | None | OddCell


class TableRow(NamedTuple):
    """One row; `number` counts as a spreadsheet does. A row with a `problem` could not be read at all."""

    number: int
    cells: Sequence[Cell]
    problem: str | None = None

    @property
    def texts(self) -> tuple[str, ...]:
        """The cells as stripped text, for recognising a header; nothing is ""."""
        return tuple(cell_text(cell).strip() for cell in self.cells)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to read, nor to complain about, in any cell."""
        if self.problem is not None:
            return False
        for cell in self.cells:  # the first one of nearly every row says it
            if isinstance(cell, OddCell):
                if cell.problem or cell.lacking or cell_text(cell).strip():
                    return False
            elif cell and not cell.isspace():
                return False
        return True


def cell_text(cell: Cell) -> str:
    """The cell's text, "" where it has none."""
    if isinstance(cell, OddCell):
        return cell.text or ""
    return cell or ""


class RowSource(Protocol):
    """A file (or a data frame) that can be read row by row, as often as wanted."""

    @property
    def format(self) -> str: ...

    @property
    def encoding(self) -> str | None: ...

    @property
    def headings(self) -> tuple[str, ...] | None:
        """The columns' names where the format has them apart; None where a row of the table is the header."""

    @property
    def cells_can_shift(self) -> bool:
        """Whether a row with too many cells may be a row whose cells moved (true of text, not of a grid)."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What a user should know about how the file was opened."""

    def rows(self) -> Iterator[TableRow]:
        """Every row from the top; for a source without `headings` the header is one of them."""
