"""Workers that end over an answer, and workers that end while they happen to hold one: only the first is its fault."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from evaluator import Grader, GraderOptions, make_grader
from evaluator.core.work import MOST_DEATHS, MOST_DEATHS_OVER_ONE, MOST_TRIES, WorkBatch, WorkItem
from evaluator.errors import StoreError
from evaluator.graders.model_rater import Retries
from evaluator.run.durable.batch_grading import BatchResult, grade_batch
from evaluator.run.durable.room import Room
from evaluator.run.durable.run_graders import LentGrader
from evaluator.store.address import store_address
from evaluator.store.database import Database
from evaluator.store.store import Store, open_store
from evaluator.store.work_shelf import WorkShelf
from evaluator.store.worker_roll import SILENCE, Watch, WorkerRecord
from tests.conftest import completion
from tests.graded_run import grader
from tests.model_server import ModelServer
from tests.store.conftest import address, postgresql, store  # noqa: F401 fixtures
from tests.store.near_copying import admit, grade_of, hand_in


class Clock:
    """The time that a shelf goes by."""

    def __init__(self) -> None:
        self.now = datetime.now(UTC) + timedelta(hours=1)  # what is handed in now is due

    def __call__(self) -> datetime:
        return self.now

    def wait(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


class SenselessServer(ModelServer):
    """Whatever it is asked, its reply is not what was asked for."""

    async def _reply(self, asked: dict[str, Any]) -> dict[str, Any]:
        return completion({"criteria": {}})


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def shelf(store: Store, address: str, clock: Clock) -> Iterator[WorkShelf]:  # noqa: F811
    """A shelf that goes by that clock, with one submission of one answer on it."""
    hand_in(store, "c1")
    admit(store)
    with contextlib.closing(Database(store_address(address))) as database:
        yield WorkShelf(database, now=clock)


def taken(shelf: WorkShelf, chunk: str, worker: str) -> WorkBatch:
    batch = shelf.start(chunk, worker)
    assert batch is not None
    return batch


def only_chunk(shelf: WorkShelf) -> str:
    (chunk,) = shelf.due(10, "webhook")
    return chunk.id


def careful(shelf: WorkShelf, chunk: str) -> WorkBatch:
    """The chunk, once as many workers ended that held it as make others careful."""
    for number in range(MOST_DEATHS):
        taken(shelf, chunk, f"killed {number}")
    batch = taken(shelf, chunk, "careful")
    assert batch.is_careful
    return batch


def graded(shelf: WorkShelf, batch: WorkBatch, by: Grader) -> BatchResult:
    """What a worker does with a batch, up to the moment before it says that its turn is over."""

    async def grade() -> BatchResult:
        return await grade_batch(batch, LentGrader(by, asyncio.Semaphore(8)), shelf, asyncio.Event(), Room())

    return asyncio.run(grade())


def turn(shelf: WorkShelf, batch: WorkBatch, by: Grader) -> bool:
    """A worker's whole turn with a batch; whether it is done."""
    result = graded(shelf, batch, by)
    return shelf.finish(batch, failed=result.failed, reason=result.reason)


@pytest.fixture
def down() -> Grader:
    """A model that nobody answers for."""
    retries = Retries(transient=0, first_wait=0.0)
    options = GraderOptions(prompt="levels", base_url="http://127.0.0.1:9/v1", api_key="k", retries=retries)
    return make_grader("openai:m", options=options)


def test_an_endpoint_that_is_down_is_no_death(shelf: WorkShelf, store: Store, clock: Clock, down: Grader) -> None:  # noqa: F811
    """Careful or not: however often the model could not be reached, the answer is graded once it can."""
    chunk = only_chunk(shelf)
    batch = careful(shelf, chunk)
    for _ in range(MOST_DEATHS_OVER_ONE + 2):
        assert not turn(shelf, batch, down)
        clock.wait(3600)
        batch = taken(shelf, only_chunk(shelf), "another")
    assert [(each.tries, each.deaths) for each in batch.items] == [(0, 0)]
    assert turn(shelf, batch, grader())
    name = batch.items[0].answer.answer_id.partition(".")[0]
    assert grade_of(store, name).status == "graded"


def test_failures_and_deaths_are_counted_apart(shelf: WorkShelf, clock: Clock) -> None:
    """A time-out is no death; being told twice that it is begun, because the first time was not heard, is one."""
    chunk = only_chunk(shelf)
    batch = careful(shelf, chunk)
    shelf.finish(batch, failed=[batch.items[0].number], reason="timeout")
    clock.wait(3600)
    batch = taken(shelf, chunk, "wrk_1")
    shelf.begin(batch, batch.items[0])
    shelf.begin(batch, batch.items[0])
    assert shelf.start(chunk, "wrk_2") is None
    clock.wait(3600)
    (item,) = taken(shelf, only_chunk(shelf), "wrk_2").items
    assert (item.tries, item.deaths) == (1, 1)


def test_failures_of_several_kinds_are_not_told_as_one(shelf: WorkShelf, store: Store, clock: Clock) -> None:  # noqa: F811
    """How many there were, and what the last one was: the four before it were none of its kind."""
    for _ in range(MOST_TRIES - 1):
        batch = taken(shelf, only_chunk(shelf), "wrk_1")
        assert not shelf.finish(batch, failed=[batch.items[0].number], reason="timeout")
        clock.wait(3600)
    with SenselessServer() as model:
        options = GraderOptions(
            prompt="levels", base_url=model.address, api_key="k", retries=Retries(unusable=0, first_wait=0.0)
        )
        batch = taken(shelf, only_chunk(shelf), "wrk_1")
        assert turn(shelf, batch, make_grader("openai:m", options=options))
    grade = grade_of(store, batch.items[0].answer.answer_id.partition(".")[0])
    assert grade.status == "ungraded"
    assert (grade.reason or "").startswith("set aside after 5 failed tries, the last one with invalid_reply: ")


def test_workers_that_are_killed_while_they_hold_it_count_for_nothing(shelf: WorkShelf) -> None:
    """Held, and not begun alone: however many were killed, and whoever killed them, the answer is not blamed."""
    chunk = only_chunk(shelf)
    batch = careful(shelf, chunk)
    for number in range(5):
        batch = taken(shelf, chunk, f"killed as well {number}")
    assert batch.is_careful
    assert [each.deaths for each in batch.items] == [0]


def test_what_ends_workers_time_and_again_is_set_aside(shelf: WorkShelf, store: Store, clock: Clock) -> None:  # noqa: F811
    """It rests after each death, so that it takes more than a minute of killing: 20 s, then 40 s."""
    chunk = only_chunk(shelf)
    batch = careful(shelf, chunk)
    shelf.begin(batch, batch.items[0])
    for deaths, seconds in ((1, 20), (2, 40)):
        assert shelf.start(chunk, f"finds {deaths} dead") is None
        clock.wait(seconds - 1)
        assert not shelf.due(10, "webhook")
        clock.wait(1)
        batch = taken(shelf, only_chunk(shelf), f"ends as well {deaths}")
        assert [each.deaths for each in batch.items] == [deaths]
        shelf.begin(batch, batch.items[0])
    batch = taken(shelf, chunk, "the last")
    assert turn(shelf, batch, grader())
    grade = grade_of(store, batch.items[0].answer.answer_id.partition(".")[0])
    assert (grade.status, grade.reason) == ("ungraded", "set aside: 3 workers ended while they graded it")
    found = store.submissions.find(batch.items[0].answer.answer_id.partition(".")[0])
    assert found is not None
    assert found.state == "set_aside"


def test_what_a_candidate_is_called_sets_nothing_aside(shelf: WorkShelf, store: Store) -> None:  # noqa: F811
    """An answer that could not be graded for its length, of somebody whose id says it was set aside."""
    submission = hand_in(store, "set aside", "One word. " * 4_000)
    admit(store)
    for chunk in shelf.due(10, "webhook"):
        assert turn(shelf, taken(shelf, chunk.id, "a worker"), grader())
    assert grade_of(store, submission).status == "ungraded"
    found = store.submissions.find(submission)
    assert found is not None
    assert found.state == "complete"


def test_what_could_not_be_graded_is_no_longer_in_hand(shelf: WorkShelf, down: Grader) -> None:
    """A worker that ends after the model could not be reached ended over nothing; what one says that was taken for
    dead, and lives, is nothing to the one who has it now.
    """
    chunk = only_chunk(shelf)
    batch = careful(shelf, chunk)
    assert graded(shelf, batch, down).reason
    assert [each.deaths for each in taken(shelf, chunk, "another").items] == [0]
    shelf.begin(batch, batch.items[0])
    assert [each.deaths for each in taken(shelf, chunk, "a third one").items] == [0]


class LockedShelf(WorkShelf):
    """A shelf of a store that another program holds, until it was noticed."""

    def __init__(self, database: Database, holder: sqlite3.Connection) -> None:
        super().__init__(database)
        self.holder = holder
        self.noticed = 0

    def begin(self, batch: WorkBatch, item: WorkItem) -> None:
        try:
            super().begin(batch, item)
        except StoreError:
            self.noticed += 1
            self.holder.rollback()
            raise


def test_a_store_that_is_away_when_an_answer_is_begun_is_waited_for(tmp_path: Path) -> None:
    """Nothing is graded before it is noted; once it can be, it is graded."""
    path = str(tmp_path / "store.sqlite3")
    with (
        open_store(path) as opened,
        contextlib.closing(Database(store_address(path), patience=0.05)) as database,
        contextlib.closing(sqlite3.connect(path, check_same_thread=False)) as holder,
    ):
        name = hand_in(opened, "c1")
        admit(opened)
        shelf = LockedShelf(database, holder)
        batch = careful(shelf, only_chunk(shelf))
        holder.execute("BEGIN IMMEDIATE")
        assert turn(shelf, batch, grader())
        assert shelf.noticed == 1
        assert grade_of(opened, name).status == "graded"


def test_who_is_to_be_alone_is(shelf: WorkShelf) -> None:
    """Those who are there end first, and nobody comes in meanwhile; who gives up waiting holds nobody up."""

    async def work() -> list[str]:
        room, said = Room(), list[str]()

        async def beside(name: str, until: asyncio.Event) -> None:
            async with room.together():
                said.append(f"{name} in")
                await until.wait()
                said.append(f"{name} out")

        async def alone(name: str) -> None:
            async with room.alone():
                said.append(f"{name} in")
                await asyncio.sleep(0)
                said.append(f"{name} out")

        async with asyncio.timeout(30), asyncio.TaskGroup() as tasks:
            over = asyncio.Event()
            tasks.create_task(beside("a", over))
            await asyncio.sleep(0)
            tasks.create_task(alone("poison"))
            gives_up = asyncio.ensure_future(alone("gives up"))
            await asyncio.sleep(0)
            tasks.create_task(beside("b", over))
            await asyncio.sleep(0)
            gives_up.cancel()
            await asyncio.sleep(0)
            assert said == ["a in"]
            over.set()
        return said

    assert asyncio.run(work()) == ["a in", "a out", "poison in", "poison out", "b in", "b out"]


def test_nobody_is_taken_for_dead_because_nobody_could_be_heard() -> None:
    """The store was away for a minute: whoever looks first again has heard of none, and lets all speak. One who is
    silent from then on is dead after a while.
    """

    def there(beats: int) -> dict[str, WorkerRecord]:
        return {"wrk_2": WorkerRecord("wrk_2", "elsewhere", 1, "1", "working", beats, 0, "", "")}

    now = 0.0
    watch = Watch(lambda: now)
    assert not watch.look(there(1))
    now += 60.0
    assert not watch.look(there(1))
    now += 2.0
    assert not watch.look(there(2))
    silent = 0.0
    while not watch.look(there(2)):
        now += 2.0
        silent += 2.0
    assert SILENCE < silent <= SILENCE + 2.0
