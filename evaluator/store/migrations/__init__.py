"""The store's migrations, one file each, in order. What is published here never changes; a change is a new file.

`{bytes}`, `{number}`, `{identity}` and `{no_rowid}` are what the two databases spell differently.
"""

from __future__ import annotations

from dataclasses import dataclass

from evaluator.store.migrations import (
    m0001_replies,
    m0002_runs,
    m0003_service,
    m0004_accounts,
    m0005_reviews,
    m0006_work,
    m0007_outbound,
    m0008_privacy,
    m0009_queue_indexes,
    m0010_review_arrivals,
    m0011_decided,
    m0012_schedules,
    m0013_assessments,
    m0014_near_copies,
    m0015_identities,
    m0016_status_index,
    m0017_near_copy_shelf,
    m0018_deaths_over_one,
    m0019_grader_events,
)


@dataclass(frozen=True, slots=True)
class Migration:
    """One step from a version of the store to the next; `number` is the version it leads to. `sqlite`, `postgresql`:
    what is done there alone, after the rest.
    """

    number: int
    name: str
    statements: tuple[str, ...]
    sqlite: tuple[str, ...] = ()
    postgresql: tuple[str, ...] = ()

    def spelled_for(self, dialect: str) -> list[str]:
        """Its statements as this database writes them."""
        own = self.sqlite if dialect == "sqlite" else self.postgresql
        return [each.format(**_SPELLED[dialect]) for each in (*self.statements, *own)]


_SPELLED = {
    "sqlite": {
        "bytes": "BLOB",
        "number": "INTEGER",
        "identity": "INTEGER PRIMARY KEY",
        "no_rowid": " WITHOUT ROWID",
    },
    "postgresql": {
        "bytes": "BYTEA",
        "number": "BIGINT",
        "identity": "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
        "no_rowid": "",
    },
}


MIGRATIONS = (
    Migration(1, "replies", m0001_replies.STATEMENTS),
    Migration(2, "runs", m0002_runs.STATEMENTS),
    Migration(3, "service", m0003_service.STATEMENTS),
    Migration(4, "accounts", m0004_accounts.STATEMENTS),
    Migration(5, "reviews", m0005_reviews.STATEMENTS),
    Migration(6, "work", m0006_work.STATEMENTS),
    Migration(7, "outbound", m0007_outbound.STATEMENTS),
    Migration(8, "privacy", m0008_privacy.STATEMENTS),
    Migration(9, "queue indexes", m0009_queue_indexes.STATEMENTS),
    Migration(10, "review arrivals", m0010_review_arrivals.STATEMENTS),
    Migration(11, "decided", m0011_decided.STATEMENTS),
    Migration(12, "schedules", m0012_schedules.STATEMENTS),
    Migration(13, "assessments", m0013_assessments.STATEMENTS),
    Migration(14, "near copies", m0014_near_copies.STATEMENTS),
    Migration(15, "identities", m0015_identities.STATEMENTS),
    Migration(16, "status index", m0016_status_index.STATEMENTS),
    Migration(17, "near copy shelf", m0017_near_copy_shelf.STATEMENTS),
    Migration(18, "deaths over one", m0018_deaths_over_one.STATEMENTS),
    Migration(
        19,
        "grader events",
        m0019_grader_events.STATEMENTS,
        sqlite=m0019_grader_events.SQLITE,
        postgresql=m0019_grader_events.POSTGRESQL,
    ),
)
NEWEST = MIGRATIONS[-1].number
