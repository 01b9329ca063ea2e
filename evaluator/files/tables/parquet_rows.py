"""Rows of a Parquet file, in batches."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from evaluator.errors import TableError
from evaluator.files.tables.cell_value import cell_of_value
from evaluator.files.tables.limits import MOST_COLUMNS
from evaluator.files.tables.table_row import TableRow

BATCH_ROWS = 512
READ_BYTES = 1 << 16
DAMAGED_PARQUET = (pa.ArrowException, OSError, UnicodeDecodeError)


@dataclass(frozen=True, slots=True)
class ParquetRows:
    """A Parquet file that can be read row by row; made by `open_parquet`."""

    path: Path
    headings: tuple[str, ...]
    format: str = "parquet"
    encoding: None = None
    cells_can_shift: bool = False
    notes: tuple[str, ...] = ()

    def rows(self) -> Iterator[TableRow]:
        """Every row; the first is number 2, as if the columns' names were row 1 of a sheet."""
        number = 1
        try:
            # Unless told so, pyarrow reads a group of rows ahead whole, and a file may be one group.
            with pq.ParquetFile(self.path, buffer_size=READ_BYTES, pre_buffer=False) as file:
                for batch in file.iter_batches(batch_size=BATCH_ROWS):
                    columns = [column.to_pylist() for column in batch.columns]
                    for values in zip(*columns, strict=True):
                        number += 1
                        yield TableRow(number, [cell_of_value(value) for value in values])
        except DAMAGED_PARQUET as error:
            raise _damaged(self.path) from error


def open_parquet(path: Path) -> ParquetRows:
    """The file with its columns' names. Raises TableError where it is damaged."""
    try:
        with pq.ParquetFile(path) as file:
            headings = tuple(file.schema_arrow.names)
    except DAMAGED_PARQUET as error:
        raise _damaged(path) from error
    if len(headings) > MOST_COLUMNS:
        raise TableError(f"{path} has {len(headings):,} columns; tables are read up to {MOST_COLUMNS:,}.")
    return ParquetRows(path, headings)


def _damaged(path: Path) -> TableError:
    return TableError(f"{path} is a damaged Parquet file.", hint="Write or download it again.")
