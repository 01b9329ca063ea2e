"""Rows of a CSV or TSV file.

They are split by the csv module and not by `pandas.read_csv`, which cannot tell a short row from empty cells
in its fast engine, and which in its slow one drops a malformed row, or the end of a long one, without a word.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from evaluator.files.tables.limits import LONGEST_CELL, MOST_COLUMNS
from evaluator.files.tables.table_row import TableRow
from evaluator.files.tables.text_encoding import detect_encoding
from evaluator.files.tables.text_lines import LineTooLongError, text_lines

DELIMITERS = (",", ";", "\t", "|")
EXCEL_CELL_LIMIT = 32_767
HEADER_SEARCH_ROWS = 20
SEPARATOR_LINE = re.compile(r'"?sep=([,;|\t])"?\r?\n?', re.IGNORECASE)

KnownColumns = Callable[[Sequence[str]], int]


@dataclass(frozen=True, slots=True)
class DelimitedRows:
    """A CSV or TSV file that can be read row by row; made by `open_delimited`."""

    path: Path
    format: str
    encoding: str
    delimiter: str
    notes: tuple[str, ...]
    skip_first_line: bool
    headings: None = None
    cells_can_shift: bool = True

    def rows(self) -> Iterator[TableRow]:
        """Every row, empty ones too. A malformed row comes with its problem and is the last."""
        # Process-wide, and 131,072 unless raised; nobody who reads CSV is hurt by more.
        csv.field_size_limit(LONGEST_CELL)
        with self.path.open(encoding=self.encoding, newline="") as lines:
            if self.skip_first_line:
                next(lines, None)
            # strict: a quote that swallowed the next rows is an error instead of a very long answer.
            reader = csv.reader(text_lines(lines), delimiter=self.delimiter, strict=True)
            number = 0
            while True:
                number += 1
                try:
                    cells = next(reader)
                except StopIteration:
                    return
                except csv.Error as error:
                    yield TableRow(number, (), problem=_malformed(str(error)))
                    return
                except LineTooLongError as error:
                    yield TableRow(number, (), problem=str(error))
                    return
                if len(cells) > MOST_COLUMNS:
                    problem = f"has {len(cells):,} cells; tables are read up to {MOST_COLUMNS:,} columns"
                    yield TableRow(number, cells[:HEADER_SEARCH_ROWS], problem=problem)
                    return
                yield TableRow(number, cells)


def open_delimited(path: Path, table_format: str, count_known: KnownColumns) -> DelimitedRows:
    """The file with its encoding and delimiter told.

    The delimiter is the one that makes a row near the top name the most known columns (`count_known`);
    where none does, the one that splits the first rows into the most cells. Raises TableError for text
    that cannot be decoded.
    """
    encoding = detect_encoding(path)
    notes = (encoding.note,) if encoding.note else ()

    def opened(delimiter: str, skip: bool) -> DelimitedRows:
        return DelimitedRows(path, table_format, encoding.codec, delimiter, notes, skip)

    with path.open(encoding=encoding.codec, newline="") as lines:
        # Excel's own hint; it is no row of the table, and Excel does not show it.
        separator = SEPARATOR_LINE.fullmatch(lines.readline(16))
    if separator:
        return opened(separator[1], True)
    preferred = ("\t", ",", ";", "|") if table_format == "tsv" else DELIMITERS
    # max keeps the first of equals, so the order of preference decides a tie.
    best = max(preferred, key=lambda delimiter: _fit(opened(delimiter, False), count_known))
    return opened(best, False)


def _fit(table: DelimitedRows, count_known: KnownColumns) -> tuple[int, int]:
    first = list(islice(table.rows(), HEADER_SEARCH_ROWS))
    known = max((count_known(row.texts) for row in first), default=0)
    return known, max((len(row.cells) for row in first), default=0)


def _malformed(error: str) -> str:
    if "field larger" in error:
        return f'has a cell of more than {LONGEST_CELL:,} characters: a quotation mark (") is probably never closed'
    if "unexpected end" in error:
        return 'opens a quotation mark (") that is never closed'
    if "expected after" in error:
        return (
            'has text after a closing quotation mark ("): a quote in or above this row is not closed, or quotes '
            'inside an answer are not doubled ("")'
        )
    return f"cannot be split into cells ({error})"
