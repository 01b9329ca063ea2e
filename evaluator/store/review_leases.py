"""Leases: who has an item open in which browser, and until when. Others see it, and it ends by itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, delete, select

from evaluator.store.database import Database
from evaluator.store.many_rows import insert_into
from evaluator.store.review_schema import review_leases


@dataclass(frozen=True, slots=True)
class Lease:
    """One browser's hold on an item, until `until` (UTC, ISO 8601)."""

    item: int
    session_id: str
    user_id: str
    until: str


class ReviewLeases:
    """The leases of one store."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def of(self, items: Sequence[int], now: str) -> Mapping[int, list[Lease]]:
        """The leases that live, by item."""
        with self.database.reading() as connection:
            query = select(review_leases).where(review_leases.c.item.in_(items), review_leases.c.until > now)
            found: dict[int, list[Lease]] = {}
            for row in connection.execute(query):
                found.setdefault(row.item, []).append(Lease(row.item, row.session_id, row.user_id, row.until))
            return found

    def release(self, item: int, session_id: str) -> None:
        """Ends a browser's lease."""
        with self.database.writing() as connection:
            release_lease(connection, item, session_id)


def leases_on(connection: Connection, item: int, now: str) -> list[Lease]:
    """The leases on an item that live."""
    query = select(review_leases).where(review_leases.c.item == item, review_leases.c.until > now)
    return [Lease(row.item, row.session_id, row.user_id, row.until) for row in connection.execute(query)]


def release_lease(connection: Connection, item: int, session_id: str) -> None:
    """Ends a browser's lease, with whatever else the transaction does."""
    connection.execute(
        delete(review_leases).where(review_leases.c.item == item, review_leases.c.session_id == session_id)
    )


def take_lease(connection: Connection, lease: Lease, now: str) -> None:
    """Takes or renews a lease. The same person's in another browser ends, and so does whatever is too old."""
    connection.execute(
        delete(review_leases).where(
            (review_leases.c.until <= now)
            | ((review_leases.c.item == lease.item) & (review_leases.c.user_id == lease.user_id))
        )
    )
    insert = insert_into(connection.dialect.name, review_leases).values(
        item=lease.item, session_id=lease.session_id, user_id=lease.user_id, until=lease.until
    )
    connection.execute(
        insert.on_conflict_do_update(
            index_elements=[review_leases.c.item, review_leases.c.session_id], set_={"until": lease.until}
        )
    )
