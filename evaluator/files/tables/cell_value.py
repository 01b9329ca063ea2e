"""How a typed cell (Excel, Parquet, a data frame) becomes text, so that ids stay what people call them."""

from __future__ import annotations

import datetime
import decimal

from evaluator.files.tables.table_row import Cell, OddCell

WHOLE_FLOAT_NOTE = "whole numbers stored with a decimal point (such as 1024.0) are read without it"
# Above this a float no longer holds every whole number, so its digits are not those that were typed.
LARGEST_EXACT_FLOAT = 2**53


def cell_of_value(value: object) -> Cell:
    """The cell for a Python value. None and NaN are nothing; lists, mappings and bytes are problems."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return _cell_of_float(value)
    if isinstance(value, decimal.Decimal):
        return format(value, "f")
    if isinstance(value, datetime.datetime):
        midnight = value.time() == datetime.time() and value.tzinfo is None
        return value.date().isoformat() if midnight else value.isoformat(sep=" ")
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    if isinstance(value, datetime.timedelta):
        return str(value)
    return OddCell(problem=f"holds {_kind(value)}, not text")


def _cell_of_float(value: float) -> Cell:
    if value != value:  # NaN, which is how data frames write "nothing"
        return None
    if value.is_integer() and abs(value) < LARGEST_EXACT_FLOAT:
        return OddCell(text=str(int(value)), note=WHOLE_FLOAT_NOTE)
    return repr(value)


def _kind(value: object) -> str:
    if isinstance(value, list | tuple):
        return "a list"
    if isinstance(value, dict):
        return "an object of its own"
    if isinstance(value, bytes | bytearray):
        return "bytes"
    return f"a {type(value).__name__}"
