"""A store that is away for a while: what is to be done with it is done when it is back, or left to another worker."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from evaluator.core.ledger import KeptReply, Ledger
from evaluator.core.reply import Usage
from evaluator.errors import StoreError
from evaluator.run.durable.patience import PatientLedger
from evaluator.store.store import Store, open_store

NAME = "a".ljust(64, "0")
REPLY = KeptReply("said", "m", Usage())


class Counted:
    """A ledger that counts how often its store was away."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.away = 0
        self.was_away = asyncio.Event()

    async def find(self, fingerprint: str, candidate_id: str | None = None) -> KeptReply | None:
        return await self.ledger.find(fingerprint, candidate_id)

    async def keep(self, fingerprint: str, reply: KeptReply, candidate_id: str | None = None) -> None:
        try:
            await self.ledger.keep(fingerprint, reply, candidate_id)
        except StoreError:
            self.away += 1
            self.was_away.set()
            raise


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(str(tmp_path / "store.sqlite3"), patience=0.05) as opened:
        yield opened


@pytest.fixture
def lock(store: Store) -> Iterator[sqlite3.Connection]:
    """Another program that lets nobody write."""
    other = sqlite3.connect(str(store.address), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    yield other
    other.close()


def test_a_reply_that_was_paid_for_is_kept_when_its_store_is_back(store: Store, lock: sqlite3.Connection) -> None:
    """Whoever asked waits; nothing is raised that would have it asked and paid for again."""

    async def work() -> None:
        counted = Counted(store.ledger())
        keeping = asyncio.create_task(PatientLedger(counted, asyncio.Event()).keep(NAME, REPLY, "c1"))
        await counted.was_away.wait()
        assert not keeping.done()
        lock.execute("COMMIT")
        await keeping
        assert await store.ledger().find(NAME) == REPLY

    asyncio.run(work())


def test_a_worker_that_is_to_end_waits_for_no_store(store: Store, lock: sqlite3.Connection) -> None:
    """It says that the store is away, at once also where it was waiting for it already."""

    async def work() -> None:
        counted, leaving = Counted(store.ledger()), asyncio.Event()
        keeping = asyncio.create_task(PatientLedger(counted, leaving).keep(NAME, REPLY, "c1"))
        await counted.was_away.wait()
        leaving.set()
        with pytest.raises(StoreError, match="is locked by another program"):
            await keeping
        assert counted.away == 2, "it tried once more"

    asyncio.run(work())


async def find_again_and_again(store: Store) -> None:
    """Until the first one whose it is could not be noted."""
    while True:
        assert await store.ledger().find(NAME, "c1") == REPLY
        await asyncio.sleep(0.05)


def test_a_reply_whose_owner_cannot_be_noted_is_not_handed_out(store: Store, lock: sqlite3.Connection) -> None:
    """Whose reply it is could not be written down, so that nobody could erase it for them: whoever looks it up is told
    that the store is away, and does not wait for ever.
    """

    async def look_up() -> None:
        lock.execute("COMMIT")
        await store.ledger().keep(NAME, REPLY)
        lock.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="is locked by another program"):
            await asyncio.wait_for(find_again_and_again(store), 60)
        lock.execute("COMMIT")
        store.recover()
        assert await store.ledger().find(NAME, "c1") == REPLY

    asyncio.run(look_up())
    store.close()
    with open_store(str(store.address)) as again:
        assert again.erase_candidate("c1")["replies"] == 1
