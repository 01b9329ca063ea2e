"""The review log as rows: entries appended, read back by item, searched by people. Nothing here changes one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, select

from evaluator.core.review import Action, EntryDetail, LogEntry
from evaluator.store.database import Database
from evaluator.store.review_schema import review_log
from evaluator.store.sealed_bytes import sealed_one


@dataclass(frozen=True, slots=True)
class LogFilter:
    """Which entries are looked for; what is None does not matter."""

    actor: str | None = None
    action: Action | None = None
    run: int | None = None
    answer_id: str | None = None
    candidate_id: str | None = None


class ReviewLog:
    """The log of one store, for reading."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def of_item(self, run: int, answer_id: str) -> list[LogEntry]:
        """Every entry about one answer, in order."""
        with self.database.reading() as connection:
            return read_entries(connection, run, answer_id)

    def search(self, wanted: LogFilter, before: int | None = None, limit: int = 100) -> list[LogEntry]:
        """The newest entries that fit; `before`: those older than the entry of this number."""
        query = select(review_log).order_by(review_log.c.number.desc()).limit(limit)
        for name in ("actor", "action", "run", "answer_id", "candidate_id"):
            value = getattr(wanted, name)
            if value is not None:
                query = query.where(review_log.c[name] == value)
        if before is not None:
            query = query.where(review_log.c.number < before)
        with self.database.reading() as connection:
            return [_entry(row) for row in connection.execute(query)]


def read_entries(connection: Connection, run: int, answer_id: str) -> list[LogEntry]:
    """Every entry about one answer, in order."""
    query = (
        select(review_log)
        .where(review_log.c.run == run, review_log.c.answer_id == answer_id)
        .order_by(review_log.c.version)
    )
    return [_entry(row) for row in connection.execute(query)]


def write_entry(connection: Connection, entry: LogEntry) -> None:
    """Appends an entry; two of the same version of an item cannot be."""
    detail = entry.detail.model_dump_json(exclude_defaults=True).encode()
    connection.execute(
        review_log.insert(),
        {
            "at": entry.at,
            "actor": entry.actor,
            "action": entry.action,
            "run": entry.run,
            "answer_id": entry.answer_id,
            "candidate_id": entry.candidate_id,
            "version": entry.version,
            "detail": sealed_one(connection, entry.candidate_id, detail),
        },
    )


def _entry(row: Row[Any]) -> LogEntry:
    return LogEntry(
        at=row.at,
        actor=row.actor,
        action=row.action,
        run=row.run,
        answer_id=row.answer_id,
        candidate_id=row.candidate_id,
        version=row.version,
        detail=EntryDetail.model_validate_json(row.detail),
        number=row.number,
    )


def entries_of(connection: Connection, run: int, answer_ids: Sequence[str]) -> dict[str, list[LogEntry]]:
    """The entries about several answers of a run, by answer."""
    query = (
        select(review_log)
        .where(review_log.c.run == run, review_log.c.answer_id.in_(answer_ids))
        .order_by(review_log.c.version)
    )
    found: dict[str, list[LogEntry]] = {}
    for row in connection.execute(query):
        found.setdefault(row.answer_id, []).append(_entry(row))
    return found
