"""Replies that belong to no run: those of `evaluator eval` and of programs, and of batches that are not graded yet."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, exists, func, select

from evaluator.store.database import Database
from evaluator.store.schema import replies, run_replies

_AT_ONCE = 500  # rows a statement; both databases take that many values


@dataclass(frozen=True, slots=True)
class LooseCount:
    """How many there are, how much text they hold, and when the first and the last of them were kept (None: none)."""

    replies: int
    bytes: int
    first: str | None
    last: str | None


class LooseReplies:
    """The replies of one store that no run uses. Nothing else ever deletes them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def count(self, kept_before: datetime) -> LooseCount:
        """Those that were kept before this moment (with a time zone)."""
        of = select(
            func.count(),
            func.sum(func.length(replies.c.body)),
            func.min(replies.c.kept_at),
            func.max(replies.c.kept_at),
        )
        with self._database.reading() as connection:
            number, size, first, last = connection.execute(of.where(*_loose(kept_before))).one()
        return LooseCount(int(number), int(size or 0), first, last)

    def delete(self, kept_before: datetime) -> int:
        """Deletes those that were kept before this moment; how many."""
        with self._database.writing() as connection:
            if self._database.is_sqlite:
                # What is deleted is overwritten in the file too.
                connection.exec_driver_sql("PRAGMA secure_delete = ON")
            numbers = list(connection.scalars(select(replies.c.id).where(*_loose(kept_before))))
            for start in range(0, len(numbers), _AT_ONCE):
                connection.execute(delete(replies).where(replies.c.id.in_(numbers[start : start + _AT_ONCE])))
        if self._database.is_sqlite:
            with self._database.connect() as connection:
                connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        return len(numbers)


def _loose(kept_before: datetime) -> tuple[Any, Any]:
    # Times are kept as text in UTC with their zone, so that they sort as they follow each other.
    return (
        ~exists().where(run_replies.c.reply == replies.c.id),
        replies.c.kept_at < kept_before.isoformat(timespec="seconds"),
    )
