"""API keys: the secret is shown once and kept nowhere; two of a name bridge a change."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from evaluator.core.api_key import parse_key
from evaluator.errors import UsageError
from evaluator.store.api_key_shelf import written_time
from evaluator.store.database import Database
from evaluator.store.schema import api_keys
from evaluator.store.store import Store

NOW = datetime.now(UTC)


def test_a_key_opens_with_its_secret_and_the_store_does_not_have_it(store: Store, address: str) -> None:
    """Only a hash of it."""
    key = store.keys.create("ci", ["submit", "read"], tenant="default")
    parsed = parse_key(str(key))
    assert parsed == key
    found = store.keys.find(key.id)
    assert found is not None
    assert found.scopes == ("submit", "read")
    assert found.is_opened_by(key.secret)
    assert not found.is_opened_by(key.secret[:-1] + ("A" if key.secret[-1] != "A" else "B"))
    database = Database(store.address)
    with database.reading() as connection:
        assert key.secret not in str(connection.execute(select(api_keys)).all())
    database.close()


def test_what_is_no_key_is_none() -> None:
    """Whatever it is."""
    for written in ("", "sae_", "sae_0123456789ab_short", "sae_0123456789ab_" + "é" * 43, "Bearer x", "sk-" + "a" * 60):
        assert parse_key(written) is None


def test_a_key_is_changed_without_a_gap(store: Store) -> None:
    """Old and new are live together, a third is refused, and the old one ends when it is revoked."""
    old, new = (store.keys.create("ats", ["submit"], tenant="default") for _ in range(2))
    with pytest.raises(UsageError, match=old.id):
        store.keys.create("ats", ["submit"], tenant="default")
    store.keys.revoke(old.id)
    live = [key.id for key in store.keys.all() if key.is_live(written_time(NOW))]
    assert live == [new.id]
    store.keys.create("ats", ["submit"], tenant="default")
    with pytest.raises(UsageError, match="was revoked"):
        store.keys.revoke(old.id)
    with pytest.raises(UsageError, match="no key"):
        store.keys.revoke("000000000000")


def test_a_key_ends_when_it_said(store: Store) -> None:
    """To the second."""
    key = store.keys.create("ci", ["read"], tenant="acme", expires_at=NOW + timedelta(hours=1))
    found = store.keys.find(key.id)
    assert found is not None
    assert found.is_live(written_time(NOW + timedelta(minutes=59)))
    assert not found.is_live(written_time(NOW + timedelta(hours=1, seconds=1)))


def test_use_is_noted_but_not_every_time(store: Store) -> None:
    """A request a second must not become a write a second."""
    key = store.keys.create("ci", ["read"], tenant="default")
    for minutes, expected in ((0, 0), (9, 0), (11, 11)):
        found = store.keys.find(key.id)
        assert found is not None
        store.keys.note_use(found, NOW + timedelta(minutes=minutes))
        noted = store.keys.find(key.id)
        assert noted is not None
        assert noted.last_used_at == written_time(NOW + timedelta(minutes=expected))
