"""Encryption at rest: a key for each candidate, wrapped by the master key, so that erasing one key erases a person."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Sequence
from datetime import UTC, datetime

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Connection, delete, select, update

from evaluator.errors import StoreError
from evaluator.store.database import Database
from evaluator.store.many_rows import insert_into
from evaluator.store.master_key import MasterKey, with_id
from evaluator.store.privacy_schema import candidate_keys, store_keys
from evaluator.store.sealed_bytes import MARK, hand_keyring

_STORE = 0  # the number of the store's own key
_NUMBER, _NONCE, _KEY = 8, 12, 32  # bytes
_AT_ONCE = 500
_MOST_KEPT = 4096  # opened keys
_WHICH_KEY = (
    "Set EVALUATOR_ENCRYPTION_KEY (or EVALUATOR_ENCRYPTION_KEY_FILE) to the key that the store was encrypted with."
)


class Keyring:
    """The keys of one store. Used by the writer's thread and by readers at once."""

    def __init__(self, database: Database, masters: Sequence[MasterKey], store_key: bytes) -> None:
        self._database = database
        self._masters = tuple(masters)
        self._ciphers: dict[int, AESGCM] = {}
        self._store_cipher = AESGCM(store_key)
        self._lock = threading.Lock()

    @property
    def master(self) -> MasterKey:
        """The master key that wraps new keys."""
        return self._masters[0]

    def seal(self, connection: Connection, owned: Sequence[tuple[str | None, bytes]]) -> list[bytes]:
        """Each body with its candidate's key, made where there is none; None: with the store's own. In the
        transaction of `connection`: a key is there for as long as what it opens.
        """
        numbers = self._numbers(connection, sorted({owner for owner, _ in owned if owner is not None}))
        return [self._sealed(_STORE if owner is None else numbers[owner], body) for owner, body in owned]

    def open(self, body: bytes) -> bytes:
        """What was sealed. Raises StoreError."""
        number = int.from_bytes(body[len(MARK) : len(MARK) + _NUMBER])
        start = len(MARK) + _NUMBER
        try:
            return self._cipher(number).decrypt(body[start : start + _NONCE], body[start + _NONCE :], body[:start])
        except InvalidTag as error:
            raise StoreError(
                f"Something in the store {self._database.address} cannot be decrypted: it is damaged.",
                hint="Put a backup in its place, or delete its run: evaluator runs delete RUN",
            ) from error

    def rotate(self, connection: Connection) -> int:
        """Wraps every key by the first master key; how many were wrapped by another. What they encrypt stays."""
        changed = 0
        for table, name in ((store_keys, store_keys.c.name), (candidate_keys, candidate_keys.c.candidate_id)):
            rows = connection.execute(select(name.label("name"), table.c.master, table.c.body)).all()
            for row in rows:
                if row.master in (None, self._masters[0].id):
                    continue
                body = self._masters[0].wrap(self.unwrapped(row.master, row.body, row.name), row.name)
                connection.execute(update(table).where(name == row.name).values(master=self._masters[0].id, body=body))
                changed += 1
        return changed

    def wrap_plain(self, connection: Connection) -> None:
        """Wraps the store's own keys that were made before there was a master key."""
        for row in connection.execute(select(store_keys).where(store_keys.c.master.is_(None))).all():
            wrapped = {"master": self._masters[0].id, "body": self._masters[0].wrap(row.body, row.name)}
            connection.execute(update(store_keys).where(store_keys.c.name == row.name).values(wrapped))

    def _sealed(self, number: int, body: bytes) -> bytes:
        head = MARK + number.to_bytes(_NUMBER)
        nonce = secrets.token_bytes(_NONCE)
        return head + nonce + self._cipher(number).encrypt(nonce, body, head)

    def _numbers(self, connection: Connection, owners: Sequence[str]) -> dict[str, int]:
        found = self._find(connection, owners)
        missing = [owner for owner in owners if owner not in found]
        if missing:
            made_at = datetime.now(UTC).isoformat(timespec="seconds")
            master = self._masters[0]
            rows = [
                {
                    "number": secrets.randbits(62) + 1,
                    "candidate_id": owner,
                    "master": master.id,
                    "body": master.wrap(secrets.token_bytes(_KEY), owner),
                    "made_at": made_at,
                }
                for owner in missing
            ]
            insert = insert_into(connection.dialect.name, candidate_keys).on_conflict_do_nothing(
                index_elements=["candidate_id"]
            )
            connection.execute(insert, rows)
            # Another process may have been quicker: its key stands.
            found.update(self._find(connection, missing))
        return found

    def _find(self, connection: Connection, owners: Sequence[str]) -> dict[str, int]:
        found: dict[str, int] = {}
        for start in range(0, len(owners), _AT_ONCE):
            asked = select(candidate_keys).where(candidate_keys.c.candidate_id.in_(owners[start : start + _AT_ONCE]))
            for row in connection.execute(asked):
                found[row.candidate_id] = row.number
                if row.number not in self._ciphers:
                    self._keep(row.number, AESGCM(self.unwrapped(row.master, row.body, row.candidate_id)))
        return found

    def _cipher(self, number: int) -> AESGCM:
        if number == _STORE:
            return self._store_cipher
        cipher = self._ciphers.get(number)
        if cipher is None:
            with self._database.connect() as connection:
                row = connection.execute(select(candidate_keys).where(candidate_keys.c.number == number)).first()
            if row is None:
                raise StoreError(
                    f"Something in the store {self._database.address} belongs to a candidate who was erased, and can "
                    "be read by nobody any more.",
                    hint="A backup that was put back holds what was erased since: erase it again.",
                )
            cipher = AESGCM(self.unwrapped(row.master, row.body, row.candidate_id))
            self._keep(number, cipher)
        return cipher

    def _keep(self, number: int, cipher: AESGCM) -> None:
        with self._lock:
            if len(self._ciphers) >= _MOST_KEPT:
                del self._ciphers[next(iter(self._ciphers))]
            self._ciphers[number] = cipher

    def unwrapped(self, master: str, body: bytes, purpose: str) -> bytes:
        """A key as it is. Raises StoreError where it was wrapped by none of the master keys."""
        key = with_id(self._masters, master)
        found = key.unwrap(body, purpose) if key else None
        if found is None:
            raise _wrong_key(self._database, master)
        return found


def unlock(database: Database, masters: Sequence[MasterKey]) -> Keyring | None:
    """Hands the store its keys; where it has none and a master key is given, it is encrypted from now on.

    Raises StoreError where the store is encrypted and the key is missing or another one.
    """
    with database.reading() as connection:
        row = connection.execute(select(store_keys).where(store_keys.c.name == "store")).first()
    if row is None and not masters:
        return None
    if row is None:
        with database.writing() as connection:
            made = _row("store", secrets.token_bytes(_KEY), masters[0])
            connection.execute(insert_into(connection.dialect.name, store_keys).values(made).on_conflict_do_nothing())
            row = connection.execute(select(store_keys).where(store_keys.c.name == "store")).one()
    if not masters:
        raise StoreError(f"The store {database.address} is encrypted, and no key is given.", hint=_WHICH_KEY)
    master = with_id(masters, row.master)
    key = master.unwrap(row.body, "store") if master else None
    if key is None:
        raise _wrong_key(database, row.master)
    keyring = Keyring(database, masters, key)
    hand_keyring(database.engine.dialect, keyring)
    return keyring


def own_key(connection: Connection, keyring: Keyring | None, name: str) -> bytes:
    """A key of the store's own for one purpose, by its name; made when it is first needed."""
    asked = select(store_keys).where(store_keys.c.name == name)
    row = connection.execute(asked).first()
    if row is None:
        made = _row(name, secrets.token_bytes(_KEY), keyring.master if keyring else None)
        connection.execute(insert_into(connection.dialect.name, store_keys).values(made).on_conflict_do_nothing())
        # Another process may have been quicker: its key stands.
        row = connection.execute(asked).one()
    if row.master is None:
        return bytes(row.body)
    if keyring is None:
        raise AssertionError("an encrypted store is not opened without its key")
    return keyring.unwrapped(row.master, row.body, name)


def forget_key(connection: Connection, candidate_id: str) -> int:
    """Deletes a candidate's key: what it encrypted and is still somewhere is noise, but for copies of the key."""
    return connection.execute(delete(candidate_keys).where(candidate_keys.c.candidate_id == candidate_id)).rowcount


def _row(name: str, key: bytes, master: MasterKey | None) -> dict[str, object]:
    return {
        "name": name,
        "master": master.id if master else None,
        "body": master.wrap(key, name) if master else key,
        "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _wrong_key(database: Database, master: str | None) -> StoreError:
    return StoreError(
        f"The store {database.address} is encrypted with another key (its id is {master}).",
        hint=f"{_WHICH_KEY} After a change of keys, give both, the new one first, and: evaluator store rotate-key",
    )
