"""A copy of a SQLite store, whole and of one moment, while others write to it; and a store made of such a copy."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from evaluator.errors import OutputError, StoreError, UsageError
from evaluator.store.address import StoreAddress, queue_file
from evaluator.store.failures import as_store_errors
from evaluator.store.migrations import NEWEST

_PAGES = 1024  # copied at a time: whoever writes waits no longer than that takes
_PAUSE = 0.01  # seconds


def back_up(address: StoreAddress, target: Path) -> int:
    """Copies the store at `address` to `target`; how many bytes. It is there whole or not at all.

    Raises UsageError for a store that is no file, OutputError where the copy cannot be made, and StoreError.
    """
    path = _file_of(address)
    _refuse_existing(target)
    with _whole_file(target) as unfinished:
        _copy(path, unfinished, address)
        _check(unfinished, f"The copy of {address}")
    return target.stat().st_size


def restore(backup: Path, address: StoreAddress) -> None:
    """Makes the store at `address` of a copy. Raises as `back_up` does, and StoreError for what is no copy of a store.

    There must be no store there yet. The workers' queue beside it, if there is one, is of another time: it goes, and is
    filled anew from the store.
    """
    path = _file_of(address)
    _refuse_existing(path)
    if not backup.is_file():
        raise UsageError(f"There is no file {backup}.", hint="Name the copy that `evaluator store backup` made.")
    version = _check(backup, str(backup))
    if version > NEWEST:
        raise StoreError(
            f"{backup} was made by a newer program: it has version {version}, this one knows {NEWEST}.",
            hint="Bring screening-answer-evaluator up to date.",
        )
    with _whole_file(path) as unfinished:
        _copy(backup, unfinished, address)
    _remove(queue_file(path))


def _file_of(address: StoreAddress) -> Path:
    if address.path is None:
        raise UsageError(
            f"{address} is a PostgreSQL database, which has its own tools for this.",
            hint="pg_dump --format=custom --exclude-schema=evaluator_work --file=FILE, and pg_restore: docs/store.md.",
        )
    return address.path


def _refuse_existing(path: Path) -> None:
    if path.exists():
        raise OutputError(f"{path} is there already, and is left as it is.", hint="Move it away, or name another one.")


@contextlib.contextmanager
def _whole_file(path: Path) -> Iterator[Path]:
    """Beside its place first, for the user's eyes alone, and put there once it is whole."""
    unfinished = path.with_name(f"{path.name}.unfinished")
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        unfinished.unlink(missing_ok=True)
        os.close(os.open(unfinished, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        yield unfinished
        unfinished.replace(path)
    except OSError as error:
        raise OutputError(f"{path} cannot be written: {error.strerror}.") from error
    finally:
        _remove(unfinished)


def _remove(database: Path) -> None:
    """A SQLite file, with what stands beside it while it is used."""
    for ending in ("", "-wal", "-shm"):
        database.with_name(database.name + ending).unlink(missing_ok=True)


def _copy(source: Path, target: Path, address: StoreAddress) -> None:
    with as_store_errors(address):
        try:
            read_only = f"{source.absolute().as_uri()}?mode=ro"
            with closing(sqlite3.connect(read_only, uri=True)) as reading, closing(sqlite3.connect(target)) as writing:
                reading.backup(writing, pages=_PAGES, sleep=_PAUSE)
                writing.execute("PRAGMA journal_mode = DELETE")
        except sqlite3.Error as error:
            raise StoreError(f"{source} cannot be copied: {error}.") from error


def _check(path: Path, what: str) -> int:
    """The version of the store in a file that is whole."""
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            said = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
            version = connection.execute("SELECT max(number) FROM store_migrations").fetchone()[0]
    except sqlite3.Error as error:
        raise StoreError(f"{what} is no store: {error}.") from error
    if said != "ok":
        raise StoreError(f"{what} is damaged.", hint="Use another copy.")
    return int(version)
