"""Rows of a pandas data frame, for callers who have their answers in memory already."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from evaluator.files.tables.cell_value import cell_of_value
from evaluator.files.tables.table_row import TableRow

if TYPE_CHECKING:
    import pandas as pd

CHUNK_ROWS = 2048


@dataclass(frozen=True, slots=True, eq=False)
class FrameRows:
    """A data frame read row by row; its index is not a column. NaN, NaT, NA and None are nothing."""

    frame: pd.DataFrame
    format: str = "data frame"
    encoding: None = None
    cells_can_shift: bool = False
    notes: tuple[str, ...] = ()

    @property
    def headings(self) -> tuple[str, ...]:
        """The columns' labels as text."""
        return tuple(str(label) for label in self.frame.columns)

    def rows(self) -> Iterator[TableRow]:
        """Every row; the first is number 2, as if the columns' labels were row 1 of a sheet."""
        number = 1
        for start in range(0, len(self.frame), CHUNK_ROWS):
            chunk = self.frame.iloc[start : start + CHUNK_ROWS].astype(object)
            present = chunk.notna()
            for values, filled in zip(
                chunk.itertuples(index=False, name=None),
                present.itertuples(index=False, name=None),
                strict=True,
            ):
                number += 1
                cells = [cell_of_value(value) if there else None for value, there in zip(values, filled, strict=True)]
                yield TableRow(number, cells)
