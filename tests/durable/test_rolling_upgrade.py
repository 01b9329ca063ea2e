"""A store that a newer program brought up to date, while processes of the older one run.

There is no older program here to run: this one stands for it, and the newer one is what a migration does to the store.
So it shows that a running process does its work whatever a migration adds, and that migrations only add.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from evaluator.store.address import store_address
from evaluator.store.database import Database
from evaluator.store.migrate import migrate
from evaluator.store.migrations import MIGRATIONS, NEWEST, Migration
from evaluator.store.schema import metadata, migrations
from evaluator.store.store import open_store
from tests.cli.grading_command import evaluator, grades_in, started, write_table
from tests.durable.conftest import WorkerProcess, finished
from tests.model_server import ModelServer

CANDIDATES = 12
FIRST_THAT_ROLLS = 11
"""Earlier ones were made before there was anything to be upgraded."""
_ADDS = re.compile(
    r"CREATE (TABLE|INDEX) |ALTER TABLE \w+ ADD COLUMN (?!.*NOT NULL(?!.*DEFAULT))"
    r"|ALTER TABLE \w+ ALTER COLUMN \w+ DROP NOT NULL$",
    re.IGNORECASE | re.DOTALL,
)


@pytest.mark.parametrize("migration", MIGRATIONS[FIRST_THAT_ROLLS - 1 :], ids=lambda migration: migration.name)
def test_a_migration_only_adds(migration: Migration) -> None:
    """New tables and indexes, columns that an older program may leave out, and that a column may have no value. An
    index that is unique would refuse what the older one writes.
    """
    for statement in (*migration.statements, *migration.postgresql):
        assert _ADDS.match(statement.strip()), statement


@pytest.mark.parametrize(
    "migration", [each for each in MIGRATIONS if each.sqlite], ids=lambda migration: migration.name
)
def test_a_table_that_sqlite_has_written_anew_only_gains(migration: Migration, tmp_path: Path) -> None:
    """Every column that there was, in its place, of its type; none that an older program would have to fill."""
    database = Database(store_address(str(tmp_path / "store.sqlite3")))
    migrate(database, upto=migration.number - 1)
    before = _columns(database)
    migrate(database, upto=migration.number)
    after = _columns(database)
    database.close()
    for table, columns in before.items():
        for (name, kind, is_needed), now in zip(columns, after[table], strict=False):
            assert (name, kind, is_needed or not now[2]) == (*now[:2], True), table
        assert len(after[table]) >= len(columns)
        assert not any(is_needed for _, _, is_needed in after[table][len(columns) :]), table


def _columns(database: Database) -> dict[str, list[tuple[str, str, bool]]]:
    """Of every table: name, type, and whether it has to have a value."""
    with database.reading() as connection:
        tables = connection.exec_driver_sql("SELECT name FROM sqlite_schema WHERE type = 'table'").scalars().all()
        return {
            table: [(row[1], row[2], bool(row[3])) for row in connection.exec_driver_sql(f"PRAGMA table_info({table})")]
            for table in tables
        }


def upgrade(address: str) -> None:
    """As a newer program does when it starts: a table, an index, and a column for every table that there is."""
    database = Database(store_address(address))
    with database.writing() as connection:
        for table in metadata.tables:
            connection.exec_driver_sql(f"ALTER TABLE {table} ADD COLUMN of_later TEXT")
        connection.exec_driver_sql("CREATE TABLE of_later (number BIGINT PRIMARY KEY)")
        connection.exec_driver_sql("CREATE INDEX grades_of_later ON grades (of_later)")
        row = {"number": NEWEST + 1, "name": "later", "applied_at": "2026-01-01T00:00:00+00:00"}
        connection.execute(migrations.insert(), row)
    database.close()


def test_a_running_worker_goes_on_while_the_store_is_brought_up_to_date(
    tmp_path: Path, address: str, worker: Callable[..., WorkerProcess]
) -> None:
    """In the midst of a run: everything is graded once, worker and command end well; one of the old program that starts
    anew is refused and says why.
    """
    write_table(tmp_path / "a.csv", CANDIDATES)
    with ModelServer(wait=0.2) as server, open_store(address) as store:
        options = ("--base-url", server.address, "--concurrency", "4")
        working = worker(address, *options)
        model = ("--grader", "openai:m", "--prompt", "levels", "--base-url", server.address, "--yes")
        process = started("grade", "a.csv", *model, "--workers", "--store", address, "--out", "out", cwd=tmp_path)
        server.wait_for(8, seconds=120)
        upgrade(address)
        refused = evaluator("worker", "--store", address, cwd=tmp_path)
        finished(process, seconds=240)
        assert working.terminate()[0] == 0
        (run,) = store.runs.all()
        assert (run.state, run.counts.done) == ("finished", CANDIDATES * 5)
    assert sum(server.asked.values()) == CANDIDATES * 5
    assert len({grade["answer_id"] for grade in grades_in(tmp_path / "out")}) == CANDIDATES * 5
    assert refused.returncode == 2
    assert f"has version {NEWEST + 1}, this one knows {NEWEST}" in refused.stderr
