"""One statement for many rows: compiled once for each size, run as one step.

An `executemany` hands the interpreter lock to and fro for every row; where an event loop is busy beside it, each of
these may take milliseconds. Sizes are powers of two, so that few statements are compiled and the database knows them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, CursorResult, Table, bindparam
from sqlalchemy.dialects import sqlite
from sqlalchemy.engine import Dialect
from sqlalchemy.sql.elements import BindParameter

_LARGEST = 64

Row = Sequence[Any]
Parameters = list[dict[str, BindParameter[Any]]]
Build = Callable[[str, Parameters], Any]


def insert_into(dialect: str, table: Table) -> Any:
    """An INSERT that may say ON CONFLICT: both databases spell it alike, and SQLAlchemy has it in each one's module."""
    if dialect == "sqlite":
        return sqlite.insert(table)
    from sqlalchemy.dialects import postgresql  # here: it brings more than all else that a file's store needs

    return postgresql.insert(table)


class ManyRows:
    """`build` makes the statement from a dialect's name and the parameters of its rows, named as `columns`."""

    def __init__(self, columns: Sequence[str], build: Build) -> None:
        self._columns = tuple(columns)
        self._build = build
        self._compiled: dict[tuple[str, int], tuple[str, tuple[str, ...] | None]] = {}

    def run(self, connection: Connection, rows: Sequence[Row]) -> Iterator[CursorResult[Any]]:
        """Runs the statement for all rows; a result for each of the sizes that they are run in."""
        start = 0
        while start < len(rows):
            size = min(_LARGEST, 1 << ((len(rows) - start).bit_length() - 1))
            sql, order = self._statement(connection.dialect, size)
            values = [value for row in rows[start : start + size] for value in row]
            given: Any = tuple(values) if order is None else dict(zip(order, values, strict=True))
            yield connection.exec_driver_sql(sql, given)
            start += size

    def carry_out(self, connection: Connection, rows: Sequence[Row]) -> None:
        """Runs the statement for all rows, where nothing comes back."""
        for result in self.run(connection, rows):
            result.close()

    def _statement(self, dialect: Dialect, size: int) -> tuple[str, tuple[str, ...] | None]:
        key = (dialect.name, size)
        if key not in self._compiled:
            self._compiled[key] = self._compile(dialect, size)
        return self._compiled[key]

    def _compile(self, dialect: Dialect, size: int) -> tuple[str, tuple[str, ...] | None]:
        """The SQL, with the names of its parameters where the driver takes them by name."""
        names = [[f"{column}_{number}" for column in self._columns] for number in range(size)]
        rows: Parameters = [dict(zip(self._columns, map(bindparam, each), strict=True)) for each in names]
        compiled: Any = self._build(dialect.name, rows).compile(dialect=dialect)
        order = tuple(name for each in names for name in each)
        if not compiled.positional:
            return str(compiled), order
        if tuple(compiled.positiontup) != order:
            raise AssertionError("parameters stand in the order of their columns")
        return str(compiled), None
