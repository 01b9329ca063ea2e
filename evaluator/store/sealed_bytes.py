"""What candidates wrote, as a column: where the store is encrypted, sealed by its writer and opened as it is read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from sqlalchemy import Connection, LargeBinary
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

from evaluator.errors import StoreError

MARK = b"\xff\x01"
"""What sealed bytes begin with. No UTF-8 does, and no JSON: what was written before a store was encrypted stays
readable."""
_KEYRING = "evaluator_keyring"
_UNOPENED = "EVALUATOR_ENCRYPTION_KEY or EVALUATOR_ENCRYPTION_KEY_FILE has to hold the key of this store."


class Opener(Protocol):
    """The keys of one store."""

    def seal(self, connection: Connection, owned: Sequence[tuple[str | None, bytes]]) -> list[bytes]:
        """Each body sealed with its candidate's key; None: with the store's own."""
        ...

    def open(self, body: bytes) -> bytes:
        """What was sealed. Raises StoreError where its key is gone or another one."""
        ...


class SealedBytes(TypeDecorator[bytes]):
    """Bytes that are opened as they are read. Whoever writes them seals them: it is known there whose they are."""

    impl = LargeBinary
    cache_ok = True

    def process_result_value(self, value: Any, dialect: Dialect) -> bytes | None:
        """SQLAlchemy's hook."""
        return None if value is None else opened(dialect, value)


def opened(dialect: Dialect, body: bytes) -> bytes:
    """The bytes themselves, sealed or not. Raises StoreError."""
    if not body.startswith(MARK):
        return body
    keyring = keyring_of(dialect)
    if keyring is None:
        raise StoreError("The store is encrypted, and it was opened without its key.", hint=_UNOPENED)
    return keyring.open(body)


def opened_if_possible(dialect: Dialect, body: bytes) -> bytes | None:
    """The same; None where its key is gone, as that of somebody who was erased and came back with a backup."""
    try:
        return opened(dialect, body)
    except StoreError:
        return None


def sealed(connection: Connection, owned: Sequence[tuple[str | None, bytes]]) -> list[bytes]:
    """Bodies as they are written: each with the id of the candidate (as stored) whose it is, or None."""
    keyring = keyring_of(connection.dialect)
    return [body for _, body in owned] if keyring is None else keyring.seal(connection, owned)


def sealed_one(connection: Connection, candidate_id: str | None, body: bytes) -> bytes:
    """One body as it is written."""
    return sealed(connection, [(candidate_id, body)])[0]


def keyring_of(dialect: Dialect) -> Opener | None:
    """The keys with which the store of this dialect (each engine has its own) was opened; None where there are none."""
    keyring: Opener | None = getattr(dialect, _KEYRING, None)
    return keyring


def hand_keyring(dialect: Dialect, keyring: Opener) -> None:
    """From now on what this store reads is opened with these keys."""
    setattr(dialect, _KEYRING, keyring)
