"""Everybody of whom a store holds something, wherever in it that is."""

from __future__ import annotations

from sqlalchemy import select, union

from evaluator.store.database import Database
from evaluator.store.schema import metadata

_NAMING = frozenset({"candidate_id", "survivor_id"})


def candidates_in(database: Database) -> list[str]:
    """The ids of all candidates whom any table names: some replies are of no run, orders come before answers."""
    naming = [column for table in metadata.sorted_tables for column in table.c if column.name in _NAMING]
    with database.reading() as connection:
        return sorted(connection.scalars(union(*(select(each).where(each != "") for each in naming))))
