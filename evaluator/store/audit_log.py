"""The log of who let whom in, gave which role, ended which session, saw which file: appended to, never changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select

from evaluator.store.account_schema import audit_log
from evaluator.store.database import Database


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One thing that somebody did. `actor` and `about` are ids; `detail` is the program's own words."""

    number: int
    at: str
    actor: str
    action: str
    about: str
    detail: str


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which entries are looked for; what is None does not matter. `text` stands anywhere in action, about or detail."""

    actor: str | None = None
    about: str | None = None
    action: str | None = None
    text: str | None = None


class AuditLog:
    """The log of one store."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def append(self, at: str, actor: str, action: str, about: str = "", detail: str = "") -> None:
        """One more entry, committed when this returns."""
        row = {"at": at, "actor": actor, "action": action, "about": about, "detail": detail}
        with self.database.writing() as connection:
            connection.execute(audit_log.insert(), row)

    def search(self, wanted: AuditFilter, before: int | None = None, limit: int = 100) -> Sequence[AuditEntry]:
        """The newest entries that fit; `before`: those older than the entry of this number."""
        query = select(audit_log).order_by(audit_log.c.number.desc()).limit(limit)
        for name in ("actor", "about", "action"):
            value = getattr(wanted, name)
            if value is not None:
                query = query.where(audit_log.c[name] == value)
        if wanted.text:
            columns = (audit_log.c.action, audit_log.c.about, audit_log.c.detail)
            found = columns[0].icontains(wanted.text, autoescape=True)
            for column in columns[1:]:
                found = found | column.icontains(wanted.text, autoescape=True)
            query = query.where(found)
        if before is not None:
            query = query.where(audit_log.c.number < before)
        with self.database.reading() as connection:
            return [AuditEntry(**row) for row in connection.execute(query).mappings()]
