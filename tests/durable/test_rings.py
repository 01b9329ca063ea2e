"""The clock of scheduled work rings early, late, twice, or never: what is due is done once, what is off is not done."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor, wait
from datetime import UTC, datetime, timedelta

import pytest

from evaluator.run.durable.scheduled import Schedule, Scheduled
from evaluator.store.schedule_shelf import Job, ScheduledRun
from evaluator.store.store import Store
from tests.durable.nightly import NIGHTLY
from tests.store.conftest import address, postgresql, store  # noqa: F401 fixtures


async def _nothing(_: ScheduledRun) -> None:
    return None


@pytest.fixture
def nightly(store: Store) -> Scheduled:  # noqa: F811
    """One worker's part in a canary that is on."""
    made = Scheduled(store.schedules, {"canary": Schedule("canary", NIGHTLY, _nothing)}, "wrk_1")
    made.begin()
    return made


def states(store: Store) -> list[str]:  # noqa: F811
    return [run.state for run in store.schedules.history("canary")]


def test_a_ring_that_comes_after_it_was_turned_off_does_nothing(store: Store, nightly: Scheduled) -> None:  # noqa: F811
    """It was on its way when another worker started that has no such setting: nothing is done, and it stays off."""
    store.schedules.unset("canary")
    nightly.due("canary", datetime.now(UTC))
    assert states(store) == []
    assert store.schedules.find("canary") is None


def test_turning_it_off_while_the_clock_rings_turns_it_off(store: Store, nightly: Scheduled) -> None:  # noqa: F811
    """Two processes at once: whoever turns it off comes second, and takes what waits with it."""
    now = datetime.now(UTC)
    with ThreadPoolExecutor(1) as pool:
        turned_off: list[Future[None]] = []

        def due(_: Job) -> datetime:
            turned_off.append(pool.submit(store.schedules.unset, "canary"))
            wait(turned_off, timeout=1.0)
            return now

        store.schedules.due("canary", due, lambda _: now + timedelta(days=1))
        turned_off[0].result(timeout=60)
    assert states(store) == []
    assert store.schedules.find("canary") is None


def test_a_ring_that_comes_after_a_later_one_is_not_done_too(store: Store, nightly: Scheduled) -> None:  # noqa: F811
    """A worker died with the ring of the night before last; another one made up for all nights, and finds it now."""
    now = datetime.now(UTC)
    nightly.due("canary", now)
    assert store.schedules.claim(["canary"], "wrk_1") is not None
    nightly.due("canary", now - timedelta(days=2))
    assert states(store) == ["running"]


def test_what_came_due_while_the_clock_was_started_is_made_up_for(store: Store, nightly: Scheduled) -> None:  # noqa: F811
    """Or while the store was away when it rang: the next look finds that nobody said so, once."""
    store.schedules.set("canary", NIGHTLY, datetime.now(UTC) - timedelta(minutes=5))
    nightly.tidy()
    nightly.tidy()
    assert states(store) == ["waiting"]
    found = store.schedules.find("canary")
    assert found is not None
    assert datetime.fromisoformat(found.next_at) > datetime.now(UTC) - timedelta(minutes=2)


def test_a_worker_that_has_just_come_keeps_what_it_took(store: Store, nightly: Scheduled) -> None:  # noqa: F811
    """Until it is off the roll: then another one does it."""
    nightly.due("canary", datetime.now(UTC))
    store.workers.enter("wrk_2", "1")
    assert store.schedules.claim(["canary"], "wrk_2") is not None
    nightly.tidy()
    assert states(store) == ["running"]
    store.workers.leave("wrk_2")
    nightly.tidy()
    assert states(store) == ["waiting"]
