"""Encryption of a store that was not encrypted before, and a change of its master key."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, LargeBinary, Table, func, select, type_coerce, update
from sqlalchemy.sql.elements import ColumnElement

from evaluator.errors import UsageError
from evaluator.store.database import Database
from evaluator.store.keyring import Keyring
from evaluator.store.privacy_schema import redactions, reply_candidates
from evaluator.store.review_schema import candidate_decisions, review_labels, review_log
from evaluator.store.schema import (
    answers,
    grades,
    inbox,
    metadata,
    outbound,
    replies,
    submission_answers,
    submissions,
    work_answers,
)
from evaluator.store.sealed_bytes import MARK, SealedBytes, sealed

_AT_ONCE = 500


def _owner_by_answer(table: Table) -> Any:
    return (
        select(answers.c.candidate_id)
        .where(answers.c.run == table.c.run, answers.c.answer_id == table.c.answer_id)
        .scalar_subquery()
    )


OWNERS: dict[str, Any] = {
    "answers": answers.c.candidate_id,
    "grades": _owner_by_answer(grades),
    "redactions": _owner_by_answer(redactions),
    "replies": select(func.min(reply_candidates.c.candidate_id))
    .where(reply_candidates.c.reply == replies.c.id)
    .scalar_subquery(),
    "review_labels": review_labels.c.candidate_id,
    "review_log": review_log.c.candidate_id,
    "candidate_decisions": candidate_decisions.c.candidate_id,
    "inbox": inbox.c.candidate_id,
    "submissions": submissions.c.candidate_id,
    "outbound": outbound.c.candidate_id,
    "work_answers": work_answers.c.candidate_id,
    "submission_answers": select(submissions.c.candidate_id)
    .where(submissions.c.number == submission_answers.c.submission)
    .scalar_subquery(),
}
"""Whose a row is, of each table that has encrypted columns."""


@dataclass(frozen=True, slots=True)
class EncryptedCount:
    """Of one table: how many bodies there are, and how many of them are not encrypted."""

    bodies: int
    plain: int


class Encryption:
    """What is encrypted in one store, and how the rest becomes so."""

    def __init__(self, database: Database, keyring: Keyring | None) -> None:
        self._database = database
        self._keyring = keyring

    @property
    def is_on(self) -> bool:
        """Whether what is written is encrypted."""
        return self._keyring is not None

    def counts(self) -> dict[str, EncryptedCount]:
        """By table and column, such as `answers.body`."""
        found = {}
        with self._database.reading() as connection:
            for table, name in sealed_columns():
                column = table.c[name]
                bodies = connection.scalar(select(func.count(column))) or 0
                plain = connection.scalar(select(func.count()).select_from(table).where(_is_plain(column))) or 0
                found[f"{table.name}.{name}"] = EncryptedCount(bodies, plain)
        return found

    def encrypt(self) -> int:
        """Encrypts what was written before there was a key; how many bodies. A kill loses nothing: run it again."""
        if self._keyring is None:
            raise UsageError(
                "There is no key to encrypt with.",
                hint="Make one with: evaluator store new-key, and set EVALUATOR_ENCRYPTION_KEY.",
            )
        with self._database.writing() as connection:
            if self._database.is_sqlite:
                connection.exec_driver_sql("PRAGMA secure_delete = ON")
            self._keyring.wrap_plain(connection)
        changed = 0
        for table, name in sealed_columns():
            while step := self._encrypt_some(table, name):
                changed += step
        if self._database.is_sqlite and changed:
            with self._database.connect() as connection:
                # Pages that nothing uses any more may hold what was written before.
                connection.exec_driver_sql("VACUUM")
                connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        return changed

    def rotate(self) -> int:
        """Wraps every key by the first of the master keys that were given; how many were not."""
        if self._keyring is None:
            raise UsageError("The store is not encrypted.", hint="Nothing has to be done.")
        with self._database.writing() as connection:
            return self._keyring.rotate(connection)

    def _encrypt_some(self, table: Table, name: str) -> int:
        column = table.c[name]
        keys = list(table.primary_key.columns)
        asked = (
            select(*keys, type_coerce(column, LargeBinary).label("plain"), OWNERS[table.name].label("owner"))
            .where(_is_plain(column))
            .limit(_AT_ONCE)
        )
        with self._database.writing() as connection:
            if self._database.is_sqlite:
                connection.exec_driver_sql("PRAGMA secure_delete = ON")
            rows = connection.execute(asked).all()
            bodies = sealed(connection, [(row.owner or None, bytes(row.plain)) for row in rows])
            for row, body in zip(rows, bodies, strict=True):
                _replace(connection, table, name, [(key, row._mapping[key]) for key in keys], body)
        return len(rows)


def sealed_columns() -> Iterator[tuple[Table, str]]:
    """Every table and column whose bodies are encrypted."""
    for table in metadata.sorted_tables:
        for column in table.columns:
            if isinstance(column.type, SealedBytes):
                yield table, column.name


def _is_plain(column: Any) -> ColumnElement[bool]:
    # SQLite's substr of an empty body is NULL, which is neither the mark nor anything else.
    begins = func.coalesce(func.substr(type_coerce(column, LargeBinary), 1, len(MARK)), b"")
    plain: ColumnElement[bool] = column.is_not(None) & (type_coerce(begins, LargeBinary) != MARK)
    return plain


def _replace(connection: Connection, table: Table, name: str, keys: list[tuple[Any, Any]], body: bytes) -> None:
    statement = update(table).values({name: body})
    for column, value in keys:
        statement = statement.where(column == value)
    connection.execute(statement)
