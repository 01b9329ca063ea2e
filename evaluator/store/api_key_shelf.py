"""The API's keys: made, listed, found, revoked; a secret is never kept."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import cast

from sqlalchemy import RowMapping, select, update

from evaluator.core.api_key import ApiKey, Scope, WrittenKey, secret_sha256
from evaluator.errors import UsageError
from evaluator.store.database import Database
from evaluator.store.schema import api_keys
from evaluator.store.stored_text import stored_text

_MOST_LIVE = 2  # of one name: the one in use, and the one that takes its place
_NOTED_EVERY = timedelta(minutes=10)


class ApiKeyShelf:
    """All API keys of one store."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create(
        self, name: str, scopes: Sequence[Scope], *, tenant: str, expires_at: datetime | None = None
    ) -> WrittenKey:
        """A new key. What is returned is not kept: this is the only time that it can be seen.

        Two keys of a name may be live at once, so that one can take the other's place without a gap. Raises
        UsageError for a third.
        """
        key = WrittenKey(secrets.token_hex(6), secrets.token_urlsafe(32))
        now = datetime.now(UTC)
        with self._database.writing() as connection:
            same = (api_keys.c.tenant == tenant) & (api_keys.c.name == stored_text(name))
            rows = connection.execute(select(api_keys).where(same)).mappings()
            live = [each.id for row in rows if (each := _record(row)).is_live(written_time(now))]
            if len(live) >= _MOST_LIVE:
                raise UsageError(
                    f"'{name}' has two keys that are live: {', '.join(live)}.",
                    hint="Revoke the one that is not used any more: evaluator keys revoke ID",
                )
            row = {
                "id": key.id,
                "tenant": tenant,
                "name": stored_text(name),
                "secret_sha256": secret_sha256(key.secret),
                "scopes": " ".join(scopes),
                "created_at": written_time(now),
                "expires_at": None if expires_at is None else written_time(expires_at),
            }
            connection.execute(api_keys.insert(), row)
        return key

    def all(self) -> list[ApiKey]:
        """Every key, revoked ones too, the oldest first."""
        with self._database.reading() as connection:
            rows = connection.execute(select(api_keys).order_by(api_keys.c.created_at, api_keys.c.id)).mappings()
            return [_record(row) for row in rows]

    def find(self, key_id: str) -> ApiKey | None:
        """The key with this id."""
        with self._database.reading() as connection:
            row = connection.execute(select(api_keys).where(api_keys.c.id == stored_text(key_id))).mappings().first()
        return None if row is None else _record(row)

    def revoke(self, key_id: str) -> ApiKey:
        """Ends a key at once. Raises UsageError where there is none, or it is ended already."""
        found = self.find(key_id)
        if found is None:
            raise UsageError(f"There is no key '{key_id}'.", hint="See: evaluator keys list")
        if found.revoked_at is not None:
            raise UsageError(f"The key {key_id} was revoked at {found.revoked_at}.", hint="See: evaluator keys list")
        with self._database.writing() as connection:
            ended = {"revoked_at": written_time(datetime.now(UTC))}
            connection.execute(update(api_keys).where(api_keys.c.id == found.id).values(ended))
        return found

    def note_use(self, key: ApiKey, now: datetime) -> None:
        """Remembers that a key is used, to within ten minutes: not every request has to write."""
        last = key.last_used_at
        if last is not None and now - datetime.fromisoformat(last) < _NOTED_EVERY:
            return
        with self._database.writing() as connection:
            connection.execute(
                update(api_keys).where(api_keys.c.id == key.id).values({"last_used_at": written_time(now)})
            )


def _record(row: RowMapping) -> ApiKey:
    fields = {name: row[name] for name in row if name != "scopes"}
    return ApiKey(**fields, scopes=cast(tuple[Scope, ...], tuple(row["scopes"].split())))


def written_time(at: datetime) -> str:
    """A time as keys have it."""
    return at.astimezone(UTC).isoformat(timespec="seconds")
