"""The queue, held beside what workers are really at: work that nobody has is found, and done by somebody."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from evaluator.errors import StoreError
from evaluator.run.durable.queue import _REVIVING, LaneOfWork, WorkQueue
from evaluator.store.address import StoreAddress, queue_file, store_address
from evaluator.store.store import open_store
from tests.storm.database_server import DatabaseServer

ME, KIND = "wrk_me", "some_work"
LATER = 3600.0  # seconds


class Done:
    """What the queue had this worker do."""

    def __init__(self) -> None:
        self.turns: list[tuple[str, int]] = []
        self.moved = threading.Condition()

    def __call__(self, work_id: str, turn: int) -> None:
        with self.moved:
            self.turns.append((work_id, turn))
            self.moved.notify_all()

    def wait_for(self, *turns: tuple[str, int]) -> None:
        with self.moved:
            assert self.moved.wait_for(lambda: set(turns) <= set(self.turns), 60), self.turns


@pytest.fixture
def done() -> Done:
    return Done()


@pytest.fixture
def address(tmp_path: Path) -> StoreAddress:
    where = str(tmp_path / "store.sqlite3")
    open_store(where).close()
    return store_address(where)


@pytest.fixture
def queue(address: StoreAddress, done: Done) -> Iterator[WorkQueue]:
    """One worker's end of a queue, that takes work."""
    made = WorkQueue(address, ME, [LaneOfWork(KIND, 2, 0.2, done)])
    made.start()
    yield made
    made.stop(10)


def give(address: StoreAddress, work_id: str, worker: str) -> None:
    """Work that waits is with a worker, as the queue has it: the worker itself never heard of it."""
    assert address.path is not None
    with closing(sqlite3.connect(queue_file(address.path), timeout=60)) as connection, connection:
        given = connection.execute(
            "UPDATE workflow_status SET status = 'PENDING', executor_id = ? WHERE workflow_uuid LIKE ?",
            (worker, f"{KIND}/{work_id}/%"),
        )
        assert given.rowcount == 1


def test_work_that_was_given_out_and_never_arrived_is_done(address: StoreAddress, queue: WorkQueue, done: Done) -> None:
    """The database went away when it had just been given to this worker. It may be about to begin: seen again after
    some time, it is not; however often it was looked for at once, as when another worker has just died.
    """
    queue.put(KIND, "a", 0, 1, delay=LATER)
    give(address, "a", ME)
    assert [queue.take_up_mislaid(now) for now in (100.0, 100.1, 109.0)] == [0, 0, 0]
    assert queue.take_up_mislaid(111.0) == 1
    done.wait_for(("a", 0))


def test_what_a_dead_worker_had_is_done_by_another(address: StoreAddress, queue: WorkQueue, done: Done) -> None:
    """As soon as it is known to be dead; what another living one has stays with it."""
    for work_id, worker in (("a", "wrk_dead"), ("b", "wrk_other")):
        queue.put(KIND, work_id, 0, 1, delay=LATER)
        give(address, work_id, worker)
    assert queue.revive(["wrk_dead"]) == 1
    done.wait_for(("a", 0))
    assert done.turns == [("a", 0)]


def test_work_with_a_worker_that_is_gone_is_nobodys(address: StoreAddress, queue: WorkQueue, done: Done) -> None:
    """Work that waits, or is with somebody who is there, is in hand; what is with nobody, or ended, is not."""
    for work_id in ("waits", "held", "lost"):
        queue.put(KIND, work_id, 0, 1, delay=LATER)
    give(address, "held", ME)
    give(address, "lost", "wrk_gone")
    queue.put(KIND, "ended", 7, 1)
    done.wait_for(("ended", 7))
    wanted = {"waits": 0, "held": 0, "lost": 0, "ended": 7, "never put there": 0}

    def workers() -> set[str]:
        return {ME}

    until_recorded(queue)
    assert queue.unknown(KIND, wanted, workers) == ["lost", "ended", "never put there"]
    assert queue.stranded(KIND, wanted, workers) == {"lost": 0, "ended": 7}


def test_who_comes_and_takes_work_meanwhile_is_known(address: StoreAddress, queue: WorkQueue) -> None:
    """A worker that enters the roll while the queue is looked through has what it took: the roll is read afterwards."""
    queue.put(KIND, "a", 0, 1, delay=LATER)

    def roll() -> set[str]:
        give(address, "a", "wrk_new")  # as if it had not entered when this was read
        return {ME}

    assert queue.unknown(KIND, {"a": 0}, roll) == []


def until_recorded(queue: WorkQueue) -> None:
    """Returns once the queue knows that what was done has ended: that is written after it is done."""
    waiting = threading.Event()
    for _ in range(600):
        if queue.unknown(KIND, {"ended": 7}, lambda: {ME}):
            return
        waiting.wait(0.1)
    raise AssertionError("the queue does not say that it ended")


def test_a_queue_whose_database_is_away_is_begun_when_it_is_back(done: Done) -> None:
    """Nothing of the try that failed is in the way of the next one: work is put there and done."""
    with DatabaseServer() as database:
        open_store(database.url).close()
        address = store_address(database.url)
        queue = WorkQueue(address, ME, [LaneOfWork(KIND, 2, 0.2, done)])
        database.stop()
        with pytest.raises(StoreError):
            queue.start()
        database.start()
        queue.start()
        queue.put(KIND, "a", 0, 1)
        done.wait_for(("a", 0))
        queue.stop(10)


def test_what_the_dead_had_is_revived_by_one_worker_at_a_time(done: Done) -> None:
    """While another one is at it, nothing is put back: both would have it done. Later it is, once."""
    with DatabaseServer() as database:
        open_store(database.url).close()
        queue = WorkQueue(store_address(database.url), ME, [LaneOfWork(KIND, 2, 0.2, done)])
        queue.start()
        queue.put(KIND, "a", 0, 1, delay=LATER)
        with psycopg.connect(database.url) as other:
            other.execute("UPDATE evaluator_work.workflow_status SET status = 'PENDING', executor_id = 'wrk_dead'")
            other.commit()
            other.execute("SELECT pg_advisory_xact_lock(%s)", (_REVIVING,))
            assert queue.revive(["wrk_dead"]) is None
            assert done.turns == []
        assert queue.revive(["wrk_dead"]) == 1
        done.wait_for(("a", 0))
        queue.stop(10)
        assert done.turns == [("a", 0)]
