"""What a database says when it cannot, as StoreError: which store, what is wrong with it, what to do next."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from evaluator.errors import StoreError
from evaluator.store.address import StoreAddress

_NOTHING_LOST = "What was graded is in the grades.jsonl of its run."
_ELSEWHERE = "or keep replies elsewhere with --store PATH, or nowhere with --no-store"
# By SQLite's primary result code: https://www.sqlite.org/rescode.html
_SQLITE = {
    sqlite3.SQLITE_FULL: ("is full", f"Make room, then run the same command again: it resumes. {_NOTHING_LOST}"),
    sqlite3.SQLITE_BUSY: (
        "is locked by another program",
        "Close what holds it (a backup, an open database browser), then run the same command again: it resumes.",
    ),
    sqlite3.SQLITE_CORRUPT: (
        "is damaged",
        f"{_NOTHING_LOST} Put a backup in its place, or try: sqlite3 STORE .recover | sqlite3 NEW",
    ),
    sqlite3.SQLITE_NOTADB: ("is not a store", "Name another file with --store; this one is left as it is."),
    sqlite3.SQLITE_READONLY: ("may not be written to", f"Change its permissions and its folder's, {_ELSEWHERE}."),
    sqlite3.SQLITE_CANTOPEN: ("cannot be opened", f"Check its folder and permissions, {_ELSEWHERE}."),
    sqlite3.SQLITE_PERM: ("may not be read", f"Change its permissions, {_ELSEWHERE}."),
    sqlite3.SQLITE_IOERR: (
        "cannot be read or written: its disk fails or is full",
        f"Look at the disk, then run the same command again: it resumes. {_NOTHING_LOST}",
    ),
    sqlite3.SQLITE_TOOBIG: ("cannot hold a reply of more than 1 GB", "Use PostgreSQL, or --no-store."),
}
_SQLITE[sqlite3.SQLITE_LOCKED] = _SQLITE[sqlite3.SQLITE_BUSY]
_SQLITE[sqlite3.SQLITE_PROTOCOL] = _SQLITE[sqlite3.SQLITE_BUSY]
# By PostgreSQL's SQLSTATE, or by its first two characters, which are its class.
_IN_USE = ("has its tables in use by others", "Run the same command again.")
_NOT_WHOLE = ("lacks a table or column that a store has", "Put a backup in its place, or name another with --store.")
_POSTGRESQL = {
    "53": (
        "has no room or no connections left",
        f"Look at the server, then run the same command again. {_NOTHING_LOST}",
    ),
    "40P01": _IN_USE,
    "55P03": _IN_USE,
    "42501": ("does not let this user do what is needed", "Give the user rights to create and write tables there."),
    "42P07": ("has tables of something else", "Name another database with --store; this one is left as it is."),
    "42P01": _NOT_WHOLE,
    "42703": _NOT_WHOLE,
    "25": ("may not be written to", "It is read-only: name the primary server with --store."),
    "28": ("refuses the sign-in", "Check user and password in --store or EVALUATOR_STORE."),
    "3D": ("does not exist", "Make it first, as with: createdb NAME"),
    "XX": ("is damaged", f"{_NOTHING_LOST} Look at the server's log."),
}
# Where a connection is refused there is no SQLSTATE, only what the server says: in English, unless it was set up to
# speak another language.
_REFUSALS = (
    (re.compile(r"database .* does not exist"), "3D"),
    (re.compile(r"password|role .* does not exist|pg_hba\.conf|authentication"), "28"),
    (re.compile(r"too many (clients|connections)|connection slots"), "53"),
)
_UNREACHED = (
    "cannot be reached",
    f"Start the server, or check the address; then run the same command. {_NOTHING_LOST}",
)


@contextmanager
def as_store_errors(address: StoreAddress) -> Iterator[None]:
    """Inside, whatever the database raises becomes a StoreError."""
    try:
        yield
    except SQLAlchemyError as error:
        raise store_error(address, error) from error


def store_error(address: StoreAddress, error: SQLAlchemyError) -> StoreError:
    """What this failure of the database means for the person who runs the command."""
    cause = error.orig if isinstance(error, DBAPIError) else None
    said = str(cause if cause is not None else error).strip().splitlines()
    what, hint = _meaning(cause) or ("does not do what it was asked", _NOTHING_LOST)
    return StoreError(f"The store {address} {what} ({said[0] if said else type(error).__name__}).", hint=hint)


def gave_way(error: BaseException) -> bool:
    """Whether PostgreSQL ended a transaction since others held what it waited for (the database's own error, or the
    StoreError made of it): the same may go through if it is tried once more.
    """
    cause = error.__cause__ if isinstance(error, StoreError) else error
    state = getattr(cause.orig, "sqlstate", None) if isinstance(cause, DBAPIError) else None
    return state is not None and _POSTGRESQL.get(state) == _IN_USE


def _meaning(cause: BaseException | None) -> tuple[str, str] | None:
    code = getattr(cause, "sqlite_errorcode", None)
    if code is not None:
        return _SQLITE.get(code & 0xFF)
    state = getattr(cause, "sqlstate", None)
    if state is not None:
        return _POSTGRESQL.get(state) or _POSTGRESQL.get(state[:2])
    if isinstance(cause, sqlite3.Error) or cause is None:
        return None
    said = str(cause)
    return next((_POSTGRESQL[state] for pattern, state in _REFUSALS if pattern.search(said)), _UNREACHED)
