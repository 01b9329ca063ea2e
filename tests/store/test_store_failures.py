"""A store that cannot: each failure is a StoreError that says which store, what is wrong, and what to do."""

from __future__ import annotations

import asyncio
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import sqlalchemy

from evaluator.core.ledger import KeptReply
from evaluator.core.reply import Usage
from evaluator.errors import StoreError, UsageError
from evaluator.store.address import store_address
from evaluator.store.store import Store, open_store
from evaluator.store.writer import Grouping
from tests.store.conftest import new_database


def keep(store: Store, name: str, text: str = "said") -> None:
    asyncio.run(store.ledger().keep(name * 64, KeptReply(text, None, Usage())))


def find(store: Store, name: str) -> KeptReply | None:
    return asyncio.run(store.ledger().find(name * 64))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A store with one reply."""
    where = tmp_path / "store.sqlite3"
    with open_store(str(where)) as store:
        keep(store, "a")
    return where


def test_a_full_disk_is_said_and_what_was_kept_before_stays(tmp_path: Path) -> None:
    """In a process whose files may not grow: what fits is kept, before and after; what does not fit is told."""
    program = """
import resource, signal, sys, asyncio
from evaluator.core.ledger import KeptReply
from evaluator.core.reply import Usage
from evaluator.errors import StoreError
from evaluator.store.store import open_store

async def main():
    with open_store(sys.argv[1]) as store:
        await store.ledger().keep("a" * 64, KeptReply("small", None, Usage()))
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (2 << 20, 2 << 20))
        try:
            await store.ledger().keep("b" * 64, KeptReply("x" * (4 << 20), None, Usage()))
        except StoreError as error:
            print(error)
        await store.ledger().keep("c" * 64, KeptReply("small again", None, Usage()))

asyncio.run(main())
"""
    where = tmp_path / "store.sqlite3"
    done = subprocess.run([sys.executable, "-c", program, str(where)], capture_output=True, text=True, check=True)
    assert f"The store {where}" in done.stdout
    assert "full" in done.stdout
    assert "run the same command again" in done.stdout
    with open_store(str(where)) as store:
        assert find(store, "a") == KeptReply("small", None, Usage())
        assert find(store, "b") is None
        assert find(store, "c") is not None


def test_a_lock_that_does_not_end_is_said_and_one_that_ends_is_waited_for(path: Path) -> None:
    """Another program holds the file: after a while the message, and the next reply is kept when it let go."""
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    with open_store(str(path), patience=0.2) as store:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="is locked by another program"):
            keep(store, "b")
        assert find(store, "a") is not None, "a reader waits for nobody"
        other.execute("COMMIT")
        keep(store, "b")
    with open_store(str(path), patience=30) as store:
        other.execute("BEGIN IMMEDIATE")
        threading.Timer(0.3, other.execute, ("COMMIT",)).start()
        keep(store, "c")
        assert find(store, "c") is not None
    other.close()


def test_a_damaged_store_is_said_to_be_damaged(path: Path) -> None:
    """Pages overwritten in the middle of the file, as a failing disk leaves them."""
    with open_store(str(path)) as store:
        for letter in "bcdef":
            keep(store, letter, "x" * 5000)
    content = bytearray(path.read_bytes())
    content[8192:] = b"\xa5" * (len(content) - 8192)
    path.write_bytes(content)
    with pytest.raises(StoreError, match="is damaged") as raised, open_store(str(path)) as store:
        find(store, "a")
    assert "grades.jsonl" in str(raised.value)
    assert ".recover" in str(raised.value)


def test_a_file_that_is_no_database_is_left_as_it_is(tmp_path: Path) -> None:
    """`--store notes.txt` by mistake."""
    where = tmp_path / "notes.txt"
    where.write_text("Remember the milk.\n" * 100, encoding="utf-8")
    with pytest.raises(StoreError, match="is not a store"):
        open_store(str(where))
    assert where.read_text(encoding="utf-8").startswith("Remember the milk.")


def test_a_folder_that_cannot_be_is_said(tmp_path: Path) -> None:
    """Its parent is a file."""
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="cannot be made") as raised:
        open_store(str(tmp_path / "file" / "store.sqlite3"))
    assert "--no-store" in str(raised.value)


@pytest.mark.parametrize("mode", ["555", "000"])
def test_a_store_that_may_only_be_read_or_not_even_reached_is_said(path: Path, mode: str) -> None:
    """In a process whose user may not write there; root may write everywhere, so it becomes nobody first."""
    program = (
        "import os, sys\n"
        "from evaluator.errors import StoreError\n"
        "from evaluator.store.store import open_store\n"
        "os.chmod(os.path.dirname(sys.argv[1]), int(sys.argv[2], 8)); os.chmod(sys.argv[1], 0o444)\n"
        "if os.geteuid() == 0: os.setuid(65534)\n"
        "try:\n    open_store(sys.argv[1]).close(); print('opened')\n"
        "except StoreError as error:\n    print(error)\n"
    )
    folder = path.parent
    # Whoever it becomes has to get there: the tests' folders are for one user.
    for parent in folder.parents:
        if parent.stat().st_mode & 0o005 == 0o005:
            break
        parent.chmod(0o755)
    arguments = [sys.executable, "-c", program, str(path), mode]
    done = subprocess.run(arguments, capture_output=True, text=True, check=False)
    folder.chmod(0o755)
    assert "may not be written to" in done.stdout or "cannot be opened" in done.stdout, done.stdout + done.stderr
    assert "--store" in done.stdout


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("mysql://secret@host/x", "cannot be kept in 'mysql'"),
        ("postgresql://user:secret@host:port/x", "is not a URL"),
        ("sqlite://", "cannot be kept in"),
    ],
)
def test_an_address_that_is_none_is_said_without_its_password(text: str, said: str) -> None:
    """What stands in a terminal is read by others."""
    with pytest.raises(UsageError, match=said) as raised:
        open_store(text)
    assert "secret" not in str(raised.value)


def test_a_server_that_does_not_answer_is_said_without_its_password() -> None:
    """PostgreSQL is not there."""
    with pytest.raises(StoreError, match="cannot be reached") as raised:
        open_store("postgresql://user:secret@127.0.0.1:1/x")
    assert "secret" not in str(raised.value)


def test_an_address_is_shown_and_typed_again_without_a_password() -> None:
    """Stars in its place would be sent as the password, and keep the real one from being looked for."""
    address = store_address("postgresql://user:secret@host/x?password=hidden&connect_timeout=3")
    assert address.typed == "postgresql+psycopg://user@host/x?connect_timeout=3"
    assert str(address) == "postgresql+psycopg://user:***@host/x?connect_timeout=3"
    assert store_address("postgresql://user@host/x").typed == "postgresql+psycopg://user@host/x"


def test_a_database_that_a_server_does_not_have_is_to_be_made(postgresql: str) -> None:
    """The server is there and well: it need not be started."""
    missing = sqlalchemy.make_url(postgresql).set(database="of_nobody").render_as_string(hide_password=False)
    with pytest.raises(StoreError, match="does not exist") as raised:
        open_store(missing)
    assert "createdb" in str(raised.value)


def test_a_user_whom_a_server_does_not_know_is_refused(postgresql: str) -> None:
    """What helps is another name or password, not another server."""
    stranger = sqlalchemy.make_url(postgresql).set(username="nobody_of_that_name")
    with pytest.raises(StoreError, match="refuses the sign-in"):
        open_store(stranger.render_as_string(hide_password=False))


def test_a_store_is_for_its_user_only(tmp_path: Path) -> None:
    """It holds what candidates wrote."""
    where = tmp_path / "new" / "store.sqlite3"
    with open_store(str(where)) as store:
        keep(store, "a")
        modes = {each.name: each.stat().st_mode & 0o077 for each in where.parent.iterdir()}
    assert modes
    assert set(modes.values()) == {0}
    assert where.parent.stat().st_mode & 0o077 == 0


def test_a_reader_does_not_wait_for_a_writer(path: Path) -> None:
    """A long transaction of another process keeps nobody from finding replies."""
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    other.execute("DELETE FROM replies")
    with open_store(str(path), patience=0.0, grouping=Grouping()) as store:
        assert find(store, "a") is not None
    other.execute("ROLLBACK")
    other.close()


def test_a_reply_that_others_hold_up_is_kept_after_them(postgresql: str) -> None:
    """An upgrade holds the table that is written second and waits for the first one: PostgreSQL has the writer give
    way, and it writes once more.
    """
    address = new_database(postgresql)
    engine = sqlalchemy.create_engine(address)
    reply = KeptReply("said", None, Usage())

    async def keep_held_up(store: Store) -> KeptReply | None:
        with engine.connect() as upgrade:
            upgrade.exec_driver_sql("LOCK TABLE reply_candidates")
            keeping = asyncio.create_task(store.ledger().keep("a" * 64, reply, "c1"))
            held_up = sqlalchemy.text("SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'relation'")
            while not upgrade.scalar(held_up):
                await asyncio.sleep(0.01)
            await asyncio.to_thread(upgrade.exec_driver_sql, "LOCK TABLE replies")
            upgrade.rollback()
        await keeping
        return await store.ledger().find("a" * 64)

    with open_store(address) as store:
        assert asyncio.run(keep_held_up(store)) == reply
    engine.dispose()
