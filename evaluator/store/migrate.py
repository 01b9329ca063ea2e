"""Brings a store to the version that this program knows, whoever else tries the same at once."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from sqlalchemy import Connection, inspect, select, text
from tenacity import Retrying, retry_if_exception, stop_after_delay, wait_random

from evaluator.errors import StoreError
from evaluator.store.database import PATIENCE, Database
from evaluator.store.failures import gave_way
from evaluator.store.migrations import MIGRATIONS, NEWEST
from evaluator.store.schema import migrations

# Any number, the same in every version of this program: who holds it migrates.
_ADVISORY_LOCK = 7_260_115_318
_LONGEST_HOLD_UP = "2s"
"""Whoever waits to change a table holds up all who come after; after so long they go first, and it tries again."""


def migrate(database: Database, upto: int = NEWEST, *, patience: float = PATIENCE) -> None:
    """Applies what is missing, all of it or nothing, beside whoever works on the tables as they are. Raises StoreError
    for a newer store, one that another build made in other steps, one that is none, and one whose tables others have in
    use for more than `patience` seconds.
    """
    with database.reading() as connection:
        if _version(database, connection) == upto:
            return
    # An older program that works meanwhile may hold one table and wait for another one, in any order.
    for attempt in Retrying(
        retry=retry_if_exception(gave_way), stop=stop_after_delay(patience), wait=wait_random(0.05, 0.5), reraise=True
    ):
        with attempt:
            _apply(database, upto)


def _apply(database: Database, upto: int) -> None:
    with database.writing() as connection:
        if not database.is_sqlite:
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADVISORY_LOCK})
            connection.execute(text(f"SET LOCAL lock_timeout = '{_LONGEST_HOLD_UP}'"))
        # Read again under the lock: another process may have done it meanwhile.
        version = _version(database, connection)
        if version is None:
            migrations.create(connection)
        for migration in MIGRATIONS[version or 0 : upto]:
            for statement in migration.spelled_for(database.engine.dialect.name):
                connection.exec_driver_sql(statement)
            applied_at = datetime.now(UTC).isoformat(timespec="seconds")
            connection.execute(
                migrations.insert(),
                {"number": migration.number, "name": migration.name, "applied_at": applied_at},
            )


def _version(database: Database, connection: Connection) -> int | None:
    """The store's version; None where the database is empty."""
    tables = inspect(connection).get_table_names()
    if migrations.name not in tables:
        if database.is_sqlite and tables:
            raise StoreError(
                f"{database.address} is a database of something else.",
                hint="Name another file with --store; this one is left as it is.",
            )
        return None
    found = {row.number: row.name for row in connection.execute(select(migrations.c.number, migrations.c.name))}
    version = max(found, default=0)
    _check_same_steps(database, found, version)
    if version > NEWEST:
        raise StoreError(
            f"The store {database.address} was made by a newer program: it has version {version}, this one knows "
            f"{NEWEST}.",
            hint="Bring screening-answer-evaluator up to date, or name another store with --store.",
        )
    return version


def _check_same_steps(database: Database, found: Mapping[int, str], version: int) -> None:
    """Raises StoreError at the first step that another program took: what follows would not fit its tables."""
    for migration in MIGRATIONS[:version]:
        name = found.get(migration.number)
        if name == migration.name:
            continue
        theirs = "is missing there" if name is None else f"is '{name}' there"
        what = "move the file aside, or name another with" if database.is_sqlite else "name another database with"
        raise StoreError(
            f"The store {database.address} was made by another build of this program: migration {migration.number} "
            f"{theirs}, and '{migration.name}' here.",
            hint=f"It is left as it is: {what} --store or EVALUATOR_STORE. The build that made it still reads it, and "
            "exports its runs (`evaluator runs export`).",
        )
