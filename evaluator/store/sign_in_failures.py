"""How often signing in failed, by whatever is counted: counted before a password is looked at, so that a hundred tries
at once are a hundred tries.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, case, delete, select

from evaluator.store.account_schema import sign_in_failures
from evaluator.store.database import Database
from evaluator.store.many_rows import insert_into


@dataclass(frozen=True, slots=True)
class Failures:
    """Tries that failed so far, and when the last one was (UTC, ISO 8601)."""

    count: int
    last_at: str


class FailureCounts:
    """The counts of one store. A subject is a hash of what is counted."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def of(self, subjects: Sequence[str], since: str) -> Mapping[str, Failures]:
        """The failures by subject; those whose last one was before `since` are forgotten."""
        with self.database.reading() as connection:
            return _read(connection, subjects, since)

    def count(self, subjects: Sequence[str], now: str, since: str) -> None:
        """One more failure for each of the subjects."""
        with self.database.writing() as connection:
            for subject in sorted(subjects):  # in one order, so that two tries cannot wait for each other
                insert = insert_into(connection.dialect.name, sign_in_failures).values(
                    subject=subject, failures=1, last_at=now
                )
                again = case(
                    (sign_in_failures.c.last_at < since, 1),
                    else_=sign_in_failures.c.failures + 1,
                )
                connection.execute(
                    insert.on_conflict_do_update(
                        index_elements=[sign_in_failures.c.subject], set_={"failures": again, "last_at": now}
                    )
                )

    def forgive(self, subjects: Sequence[str]) -> None:
        """The subjects failed not at all."""
        with self.database.writing() as connection:
            connection.execute(delete(sign_in_failures).where(sign_in_failures.c.subject.in_(subjects)))

    def take_back(self, subjects: Sequence[str]) -> None:
        """The last failure of each of the subjects was none."""
        with self.database.writing() as connection:
            connection.execute(
                sign_in_failures.update()
                .where(sign_in_failures.c.subject.in_(subjects), sign_in_failures.c.failures > 0)
                .values(failures=sign_in_failures.c.failures - 1)
            )

    def clear_before(self, since: str) -> None:
        """Forgets what is too old to count."""
        with self.database.writing() as connection:
            connection.execute(delete(sign_in_failures).where(sign_in_failures.c.last_at < since))


def _read(connection: Connection, subjects: Sequence[str], since: str) -> Mapping[str, Failures]:
    rows = connection.execute(
        select(sign_in_failures).where(sign_in_failures.c.subject.in_(subjects), sign_in_failures.c.last_at >= since)
    )
    return {row.subject: Failures(row.failures, row.last_at) for row in rows}
