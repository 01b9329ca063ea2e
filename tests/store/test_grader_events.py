"""Others are told that a grader drifted: with the canary's result, once a finding, and nothing of a candidate."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from evaluator.store.address import store_address
from evaluator.store.database import Database
from evaluator.store.master_key import new_master_key
from evaluator.store.outbox import Outbox
from evaluator.store.privacy_schema import candidate_keys
from evaluator.store.schedule_schema import scheduled_runs
from evaluator.store.schedule_shelf import Alarm, JobOutcome, ScheduleShelf
from evaluator.store.schema import outbound
from evaluator.store.store import open_store

FIRST_NIGHT = datetime(2026, 1, 1, 2, 30, tzinfo=UTC)
SAID = b'{"type": "grader.drifted"}'
WELL = JobOutcome("done", "as it was", "key")


def drifted(*reasons: str, told_apart: str = "key") -> JobOutcome:
    return JobOutcome("alarm", "lower", told_apart, alarm=Alarm(reasons, SAID))


class Nights:
    """A store's canary, one night after the other, and what is told of it."""

    def __init__(self, address: str) -> None:
        open_store(address).close()
        self.database = Database(store_address(address))
        self.now = FIRST_NIGHT
        self.shelf = ScheduleShelf(self.database, lambda: self.now)
        self.outbox = Outbox(self.database, lambda: self.now)
        self.shelf.set("canary", "30 2 * * *", self.now)

    def night(self, outcome: JobOutcome, owner: str = "w") -> int:
        """How many events there are that nobody was told of yet, after a night with this outcome."""
        self.now += timedelta(days=1)
        at = self.now
        self.shelf.due("canary", lambda _: at, lambda _: at + timedelta(days=1))
        run = self.shelf.claim(["canary"], "w")
        assert run is not None
        self.now += timedelta(minutes=10)
        self.shelf.finish("canary", run.due_at, owner, outcome)
        return len(self.outbox.made())


@pytest.fixture
def nights(address: str) -> Iterator[Nights]:
    made = Nights(address)
    yield made
    made.database.close()


def test_a_drift_is_told_once_until_it_was_away(nights: Nights) -> None:
    """Not while all is well, not again for what was told already; for what is new about it, and after it was away."""
    lower, fell = "levels_lower", "agreement_fell total"
    told = [nights.night(each) for each in (WELL, WELL, drifted(lower), drifted(lower), drifted(lower, fell))]
    assert told == [0, 0, 1, 1, 2]
    # A reason that comes and goes at the border is not told each time.
    assert [nights.night(each) for each in (drifted(lower), drifted(fell), drifted(fell, lower))] == [2, 2, 2]
    failed = JobOutcome("failed", "the endpoint was away")
    assert [nights.night(each) for each in (failed, drifted(lower), WELL, drifted(lower))] == [2, 2, 2, 3]


def test_what_is_measured_otherwise_drifts_by_itself(nights: Nights) -> None:
    """Another grader or set has findings of its own."""
    assert nights.night(drifted("levels_lower")) == 1
    assert nights.night(drifted("levels_lower", told_apart="another")) == 2
    assert nights.night(drifted("levels_lower")) == 2


def test_a_drift_that_was_accepted_is_over(nights: Nights) -> None:
    """What moves away from the new reference is told anew."""
    assert [nights.night(WELL), nights.night(drifted("levels_lower"))] == [0, 1]
    with nights.database.writing() as connection:
        connection.execute(scheduled_runs.update().values(body=b"measured"))
    assert nights.shelf.make_reference("canary") is not None
    assert nights.night(drifted("levels_lower")) == 2


def test_whose_result_is_not_kept_tells_nothing(nights: Nights) -> None:
    """A worker that was taken for dead, and whose canary another one has by now."""
    assert nights.night(drifted("levels_lower"), owner="another") == 0
    assert nights.shelf.history("canary")[0].state == "running"


def test_of_two_that_find_the_same_at_once_one_is_told(nights: Nights) -> None:
    """By hand, by several people, while all wait for each other; every result is kept, also of the same second."""
    gate = threading.Barrier(4)

    def measure(_: int) -> None:
        gate.wait(60)
        nights.shelf.add_finished("canary", nights.now, drifted("levels_lower"))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(measure, range(4)))
    assert len(nights.shelf.history("canary")) == 4
    assert len(nights.outbox.made()) == 1


def test_it_is_delivered_given_up_and_replayed_as_any_event(nights: Nights) -> None:
    """In its order, under its id, with what it said when it was found."""
    nights.night(drifted("levels_lower"))
    nights.night(drifted("agreement_fell total"))
    for event in nights.outbox.made():
        assert (event.kind, event.tenant, event.run, event.candidate_id) == ("grader.drifted", "", None, "")
        assert event.body == SAID
        nights.outbox.address(event, event.body, ["a"])
    (first,) = nights.outbox.claim("w")
    nights.outbox.failed(first, "HTTP 410", again=False)
    assert [(each.event_id, each.kind) for each in nights.outbox.dead()] == [(first.event.id, "grader.drifted")]
    (second,) = nights.outbox.claim("w")
    assert second.event.number > first.event.number
    nights.outbox.delivered(second)
    assert nights.outbox.replay() == 1
    (again,) = nights.outbox.claim("w")
    assert (again.event.id, again.event.body) == (first.event.id, SAID)
    assert nights.outbox.counts() == {"waiting": 1, "delivered": 1, "made": 0}


def test_a_worker_of_before_leaves_it_alone(nights: Nights) -> None:
    """It looks for events that are `made`, and would send one that it does not know to nobody; counted it is."""
    nights.night(drifted("levels_lower"))
    with nights.database.reading() as connection:
        assert connection.scalar(select(func.count()).where(outbound.c.state == "made")) == 0
    assert nights.outbox.counts() == {"made": 1}


def test_erasing_a_candidate_leaves_it(address: str) -> None:
    """It is of no candidate: the store's own key seals it, and none is made for nobody."""
    with open_store(address, encryption_key=new_master_key()) as store:
        store.schedules.add_finished("canary", FIRST_NIGHT, drifted("levels_lower"))
        store.erase_candidate("c1")
        (event,) = store.outbox.made()
        store.outbox.address(event, event.body or b"", ["a"])
        store.erase_candidate("")
        (delivery,) = store.outbox.claim("w")
        assert delivery.event.body == SAID
        assert store.encryption.counts()["outbound.body"].plain == 0
        assert store.status(FIRST_NIGHT).deliveries == {"waiting": 1}
    database = Database(store_address(address))
    with database.reading() as connection:
        assert connection.scalar(select(func.count()).select_from(candidate_keys)) == 0
    database.close()
