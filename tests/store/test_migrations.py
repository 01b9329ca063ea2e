"""The store's versions: every earlier one is brought up to date with what it holds, a later one is refused."""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import sqlite3
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import BigInteger, Connection, Engine, LargeBinary, Text, create_engine, inspect, select, text
from sqlalchemy.exc import IntegrityError, OperationalError

from evaluator.core.ledger import KeptReply
from evaluator.core.reply import Usage
from evaluator.errors import StoreError
from evaluator.store.address import store_address
from evaluator.store.database import Database
from evaluator.store.migrate import migrate
from evaluator.store.migrations import MIGRATIONS, NEWEST
from evaluator.store.outbox import Outbox, erase_outbound
from evaluator.store.schema import deliveries, metadata, migrations, outbound, runs
from evaluator.store.store import open_store
from tests.store.conftest import new_database

NAME = "f" * 64


def put_reply(database: Database) -> None:
    """A reply as version 1 wrote it; later versions have the same table."""
    with database.writing() as connection:
        values = {"name": NAME, "body": b"said", "usage": '{"requests":1}', "at": "2026-01-01T00:00:00+00:00"}
        connection.exec_driver_sql(
            "INSERT INTO replies (fingerprint, body, usage, kept_at) VALUES "
            + ("(:name, :body, :usage, :at)" if database.is_sqlite else "(%(name)s, %(body)s, %(usage)s, %(at)s)"),
            values,
        )


@pytest.mark.parametrize("version", [migration.number for migration in MIGRATIONS])
def test_an_earlier_store_is_brought_up_to_date_with_what_it_holds(address: str, version: int) -> None:
    """From each version there ever was; its replies are found afterwards."""
    database = Database(store_address(address))
    migrate(database, upto=version)
    put_reply(database)
    database.close()
    with open_store(address) as store:
        found = asyncio.run(store.ledger().find(NAME))
        assert store.runs.all() == []
    assert found == KeptReply("said", None, Usage(requests=1))


def test_the_migrations_make_the_schema_that_the_program_writes_to(address: str) -> None:
    """Columns with their nullability, keys and indexes: the same by migration as by definition."""
    database = Database(store_address(address))
    migrate(database)
    with database.reading() as connection:
        found = inspect(connection)
        assert set(found.get_table_names()) == set(metadata.tables)
        for name, table in metadata.tables.items():
            # SQLite calls the column of a row's own number nullable, which it never is.
            own = {column.name for column in table.primary_key}
            columns = [
                (column["name"], column["nullable"] and column["name"] not in own) for column in found.get_columns(name)
            ]
            assert columns == [(column.name, bool(column.nullable)) for column in table.columns], name
            assert found.get_pk_constraint(name)["constrained_columns"] == [c.name for c in table.primary_key], name
            indexes = {index["name"]: index["column_names"] for index in found.get_indexes(name)}
            defined = {str(index.name): [c.name for c in index.columns] for index in table.indexes}
            assert {index: indexes.get(index) for index in defined} == defined, name
    database.close()


def test_events_and_deliveries_outlive_that_their_tables_are_written_anew(address: str) -> None:
    """What was on its way goes on, by a process of before as well; what a candidate wrote is left nowhere else."""
    database, old = Database(store_address(address)), Database(store_address(address))
    migrate(database, upto=18)
    with database.writing() as connection:
        _put_run(connection)
        for number, body in enumerate((None, b'"planted-words"' * 2000), start=1):
            row = {"id": f"msg_{number}", "kind": "submission.graded", "tenant": "default", "run": 1, "body": body}
            row |= {"candidate_id": "c1", "state": "sent" if body else "made", "made_at": "2026-01-01T00:00:00+00:00"}
            connection.execute(outbound.insert(), row)
        waiting = {"event": 2, "target": "a", "flow": "run 1 c1", "state": "waiting", "tries": 0, "due_at": "2026"}
        connection.execute(deliveries.insert(), waiting)
    running = Outbox(old, lambda: datetime(2026, 1, 1, tzinfo=UTC))
    (before,) = running.claim("w")
    migrate(database)
    database.close()
    running.failed(before, "HTTP 500", again=True)
    assert [each.id for each in running.made()] == ["msg_1"]
    assert running.release(["nobody"]) == 0
    assert running.counts() == {"waiting": 1, "made": 1}
    with old.writing() as connection, pytest.raises(IntegrityError):
        connection.execute(deliveries.insert(), waiting | {"event": 77})
    with old.writing() as connection:
        if old.is_sqlite:
            connection.exec_driver_sql("PRAGMA secure_delete = ON")
        erase_outbound(connection, "c1")
    old.close()
    if old.is_sqlite:
        assert b"planted-words" not in Path(address).read_bytes()


def _put_run(connection: Connection) -> None:
    needed = [column for column in runs.columns if not column.nullable and column.name != "number"]
    values = {LargeBinary: b"", Text: "", BigInteger: 0}
    connection.execute(runs.insert(), {column.name: values[type(column.type)] for column in needed})


def test_a_store_of_a_newer_program_is_refused_and_left_alone(address: str) -> None:
    """The message says what to bring up to date."""
    database = Database(store_address(address))
    migrate(database)
    with database.writing() as connection:
        connection.execute(migrations.insert(), {"number": NEWEST + 1, "name": "later", "applied_at": ""})
    database.close()
    with pytest.raises(StoreError, match=f"version {NEWEST + 1}, this one knows {NEWEST}") as raised:
        open_store(address)
    assert "up to date" in str(raised.value)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("UPDATE store_migrations SET name = 'work' WHERE number = 3", "migration 3 is 'work' there, and 'service'"),
        ("DELETE FROM store_migrations WHERE number = 2", "migration 2 is missing there, and 'runs' here"),
        ("UPDATE store_migrations SET number = 9000 WHERE number = 3", "migration 3 is missing there, and 'service'"),
    ],
)
def test_a_store_of_another_build_is_refused_and_left_alone(address: str, change: str, said: str) -> None:
    """Its tables are others: the message says which store, what is different, and what to do; nothing is changed."""
    database = Database(store_address(address))
    migrate(database, upto=3)
    with database.writing() as connection:
        connection.exec_driver_sql(change)
    before = _tables_and_steps(database)
    with pytest.raises(StoreError) as raised:
        open_store(address)
    assert f"The store {store_address(address)} was made by another build of this program: {said}" in str(raised.value)
    assert "--store or EVALUATOR_STORE" in str(raised.value)
    assert _tables_and_steps(database) == before
    database.close()


def _tables_and_steps(database: Database) -> tuple[list[str], list[tuple[object, ...]]]:
    with database.reading() as connection:
        steps = connection.execute(select(migrations).order_by(migrations.c.number))
        return sorted(inspect(connection).get_table_names()), [tuple(row) for row in steps]


def test_a_database_of_something_else_is_not_taken_over(tmp_path: Path) -> None:
    """A path mistyped must not fill somebody's database with tables."""
    with sqlite3.connect(tmp_path / "other.db") as other:
        other.execute("CREATE TABLE songs (title TEXT)")
    with pytest.raises(StoreError, match="is a database of something else"):
        open_store(str(tmp_path / "other.db"))
    with sqlite3.connect(tmp_path / "other.db") as other:
        assert other.execute("SELECT name FROM sqlite_master").fetchall() == [("songs",)]


def test_a_schema_with_tables_of_something_else_is_left_as_it_is(postgresql: str) -> None:
    """Several programs may share a PostgreSQL database as long as no name is taken; where one is, nothing is made."""
    address = new_database(postgresql)
    engine = create_engine(address)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE runs (kilometres int)")
    with pytest.raises(StoreError, match="has tables of something else") as refused:
        open_store(address)
    assert "Name another database" in str(refused.value.hint)
    assert inspect(engine).get_table_names() == ["runs"]
    engine.dispose()


def test_a_store_whose_table_is_gone_says_so(postgresql: str) -> None:
    """Somebody dropped it; a right that is wanting would be told otherwise."""
    address = new_database(postgresql)
    open_store(address).close()
    engine = create_engine(address)
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE grades CASCADE")
    with open_store(address) as store, pytest.raises(StoreError, match="lacks a table or column"):
        store.runs.page(1, 0)
    engine.dispose()


@pytest.fixture
def older(postgresql: str) -> Iterator[tuple[Database, Engine]]:
    """A store before `work_chunks` and then `work_answers` were changed, and connections of an older program to it."""
    address = new_database(postgresql)
    engine = create_engine(address)
    with contextlib.closing(Database(store_address(address))) as database:
        migrate(database, upto=17)
        yield database, engine
    engine.dispose()


def test_an_older_program_that_waits_for_what_is_changed_stops_no_upgrade(older: tuple[Database, Engine]) -> None:
    """A worker holds the table that is changed second and waits for the first one: one of the two has to give way."""
    database, engine = older
    with engine.connect() as worker, ThreadPoolExecutor() as beside:
        worker.exec_driver_sql("LOCK TABLE work_answers IN ROW EXCLUSIVE MODE")
        upgrade = beside.submit(migrate, database)
        _until_held_up(engine)
        with contextlib.suppress(OperationalError):  # the worker gave way
            worker.exec_driver_sql("LOCK TABLE work_chunks IN ROW EXCLUSIVE MODE")
        worker.rollback()
        upgrade.result()
    assert _tables_and_steps(database)[1][-1][0] == NEWEST


def test_an_upgrade_lets_those_go_first_whom_it_holds_up(older: tuple[Database, Engine]) -> None:
    """Somebody reads for long; the upgrade waits for that, and others are not held up as long as it takes."""
    database, engine = older
    with engine.connect() as reader, engine.connect() as worker, ThreadPoolExecutor() as beside:
        reader.exec_driver_sql("LOCK TABLE work_chunks IN ACCESS SHARE MODE")
        upgrade = beside.submit(migrate, database)
        _until_held_up(engine)
        worker.exec_driver_sql("SELECT count(*) FROM work_chunks")
        worker.rollback()
        assert not upgrade.done()
        reader.rollback()
        upgrade.result()
    assert _tables_and_steps(database)[1][-1][0] == NEWEST


def test_an_upgrade_whose_tables_stay_in_use_says_so(older: tuple[Database, Engine]) -> None:
    """Nothing is changed then."""
    database, engine = older
    with engine.connect() as reader:
        reader.exec_driver_sql("LOCK TABLE work_chunks IN ACCESS SHARE MODE")
        with pytest.raises(StoreError, match="has its tables in use by others"):
            migrate(database, patience=0.1)
    assert _tables_and_steps(database)[1][-1][0] == 17


def _until_held_up(engine: Engine) -> None:
    """Returns when somebody waits for a table."""
    until = time.monotonic() + 60
    with engine.connect() as connection:
        held_up = text("SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'relation'")
        while not connection.scalar(held_up):
            assert time.monotonic() < until, "nobody waits"
            connection.rollback()
            time.sleep(0.01)


def test_processes_that_open_a_new_store_at_once_all_get_it(address: str) -> None:
    """One of them migrates, the others wait for it."""
    context = multiprocessing.get_context("spawn")
    gate = context.Barrier(4)
    results = context.Queue()
    # The moment in which two meet is short: with files it is tried again and again.
    addresses = [address] if "://" in address else [f"{address}-{number}" for number in range(25)]
    processes = [context.Process(target=_open_with_others, args=(addresses, gate, results)) for _ in range(4)]
    for process in processes:
        process.start()
    said = [results.get(timeout=120) for _ in processes for _ in addresses]
    for process in processes:
        process.join()
    assert said == ["opened"] * len(processes) * len(addresses)


def _open_with_others(addresses: list[str], gate: object, results: object) -> None:
    for address in addresses:
        gate.wait(100)  # type: ignore[attr-defined]
        try:
            open_store(address).close()
        except StoreError as error:
            results.put(str(error))  # type: ignore[attr-defined]
        else:
            results.put("opened")  # type: ignore[attr-defined]
