"""The database behind a store: how it is opened, and what SQLite and PostgreSQL do differently."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError
from tenacity import Retrying, retry_if_exception, stop_after_delay, wait_random

from evaluator.errors import StoreError
from evaluator.store.address import StoreAddress, server_arguments
from evaluator.store.failures import as_store_errors

PATIENCE = 30.0
"""Seconds that one process waits while another writes."""
_LOOKS_AGAIN = 5
"""Milliseconds of waiting that SQLite does by itself: it looks after 1, 2 and 2 of them."""

_LARGE_JOURNAL = 8_000
"""Pages, of 4 KB; otherwise it is a thousand."""


class Database:
    """Connections to one store. Everything it lends raises StoreError, never the database's own errors."""

    def __init__(self, address: StoreAddress, *, patience: float = PATIENCE) -> None:
        self.address = address
        self.engine = _engine(address, patience)

    @property
    def is_sqlite(self) -> bool:
        """Whether reading takes microseconds and no network."""
        return self.engine.dialect.name == "sqlite"

    def connect(self) -> Connection:
        """A connection to keep, which begins and commits by itself: nothing it reads is held open."""
        with as_store_errors(self.address):
            connection: Connection = self.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
            return connection

    def spare(self, connection: Connection) -> None:
        """Has this connection leave SQLite's journal to others, who are in less of a hurry, until it is large: whoever
        ends a transaction then takes it back into the file, and waits for the disk.
        """
        if self.is_sqlite:
            driver: Any = connection.connection.driver_connection
            driver.execute(f"PRAGMA wal_autocheckpoint = {_LARGE_JOURNAL}")

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """One view of the store for as long as the block lasts."""
        with as_store_errors(self.address), self.engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction: all of it or nothing."""
        with (
            as_store_errors(self.address),
            self.engine.connect().execution_options(writes=True) as connection,
            connection.begin(),
        ):
            yield connection

    def close(self) -> None:
        """Lets go of all connections. SQLite takes its journal back into the file then."""
        self.engine.dispose()


def _engine(address: StoreAddress, patience: float) -> Engine:
    if address.path is None:
        try:
            engine = create_engine(address.url, pool_pre_ping=True, connect_args=server_arguments(address.url))
        except ModuleNotFoundError as error:
            raise StoreError(
                "PostgreSQL needs a driver that is not installed.",
                hint="pip install 'screening-answer-evaluator[postgres]'",
            ) from error
        event.listen(engine, "connect", _have_the_server_notice)
        return engine
    _make_private(address)
    # The ledger's reader is used by whichever thread runs the event loop; one at a time holds it.
    engine = create_engine(address.url, connect_args={"timeout": patience, "check_same_thread": False})
    event.listen(engine, "connect", lambda connection, _record: _set_up(connection, patience))
    event.listen(engine, "begin", lambda connection: _begin(connection, patience))
    return engine


def _have_the_server_notice(connection: Any, _record: object) -> None:
    """Whoever is cut off in the midst of a transaction holds up others until the server notices: in two hours, if it is
    not told to look sooner.
    """
    settings = {"tcp_keepalives_idle": "10", "tcp_keepalives_interval": "5", "tcp_keepalives_count": "3"}
    with connection.cursor() as cursor:
        for name, value in settings.items():
            cursor.execute("SELECT set_config(%s, %s, false)", (name, value))
    connection.commit()


def _make_private(address: StoreAddress) -> None:
    """The file and its folder, for the user's eyes alone: they hold what candidates wrote."""
    path = address.path
    if path is None:
        return
    try:
        if path.exists():
            return
    except OSError as error:
        raise StoreError(
            f"The store {address} cannot be opened: {error.strerror}.",
            hint="Have somebody who may open its folder to you, or name another store with --store PATH.",
        ) from error
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with contextlib.suppress(FileExistsError):
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    except OSError as error:
        raise StoreError(
            f"The store {address} cannot be made: {error.strerror}.",
            hint="Keep replies elsewhere with --store PATH, or nowhere with --no-store.",
        ) from error


def _set_up(connection: Any, patience: float) -> None:
    # The driver would open transactions when it sees fit; here they begin where the code says so.
    connection.isolation_level = None
    _keep_a_journal(connection, patience)
    # A commit survives the death of the process; a power cut may take the last ones, and never damages the file.
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA journal_size_limit = 67108864")
    connection.execute("PRAGMA cache_size = -8192")


def _keep_a_journal(connection: sqlite3.Connection, patience: float) -> None:
    # SQLite does not wait by itself here: of several that open a new file at once, one changes it, and the others are
    # told at once that it is locked.
    for attempt in Retrying(
        retry=retry_if_exception(_is_busy), stop=stop_after_delay(patience), wait=wait_random(0.005, 0.05), reraise=True
    ):
        with attempt:
            if connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
                connection.execute("PRAGMA journal_mode = WAL")


def _is_busy(error: BaseException) -> bool:
    return isinstance(error, sqlite3.OperationalError) and error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY


def _begin(connection: Connection, patience: float) -> None:
    options = connection.get_execution_options()
    if options.get("isolation_level") == "AUTOCOMMIT":
        return
    if options.get("writes"):
        _queue_up(connection, patience)
    else:
        connection.exec_driver_sql("BEGIN")


def _queue_up(connection: Connection, patience: float) -> None:
    """Begins as the one who writes: a transaction that reads first and writes later could find its view too old.

    SQLite itself looks less and less often whether its turn has come, so that among busy writers somebody waits for
    ten others; here everybody looks every millisecond or two.
    """
    driver: Any = connection.connection.driver_connection
    driver.execute(f"PRAGMA busy_timeout = {_LOOKS_AGAIN}")
    try:
        until = time.monotonic() + patience
        while time.monotonic() < until:
            try:
                driver.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError as error:
                if not _is_busy(error):
                    break
            else:
                return
        # What is wrong is said by an error that the callers know.
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    finally:
        driver.execute(f"PRAGMA busy_timeout = {int(1000 * patience)}")


def is_gone(error: DBAPIError) -> bool:
    """Whether the server went away, so that the same may be tried once more on a new connection."""
    return bool(error.connection_invalidated)
