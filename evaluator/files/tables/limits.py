"""How large the parts of a table may be: far above any honest one, and far below what would fill a machine's memory."""

from __future__ import annotations

LONGEST_CELL = 10_000_000
"""Characters. A longer cell is a quote that nobody closed, not an answer."""
LONGEST_LINE = 16_000_000
"""Characters of one line of a text file. A line is read whole before it is split into cells."""
LONGEST_ID = 256
"""Characters of a candidate's or an answer's id; an address of e-mail has at most 254."""
MOST_COLUMNS = 16_384
"""Columns of a sheet of Excel."""
MOST_ROWS = 1_048_576
"""Rows of a sheet of Excel. A text file may have more."""
MOST_KEYS = 4_096
"""Different keys of a JSON table: each object is read as a row with a cell for every key of the file."""
LONGEST_HEADING = 10_000
"""Characters of a heading that is compared with names of columns and with the questions' texts."""
