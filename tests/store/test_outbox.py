"""The outbox: every event once to each target, in order, tried for three days, and never lost."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from evaluator import Grader
from evaluator.core.submission import NewSubmission
from evaluator.store.address import store_address
from evaluator.store.database import Database
from evaluator.store.outbox import Outbox, announce, announce_of_grader
from evaluator.store.store import Store, open_store
from tests.store.test_runs import begin, grader  # noqa: F401 a fixture


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def outbox(address: str, clock: Clock, grader: Grader, tmp_path: Path) -> Iterator[Outbox]:  # noqa: F811
    """An outbox with two events of one submission, and one of another."""
    with open_store(address) as store:
        run = begin(store, grader, tmp_path).number
        numbers = [number_of(store, candidate) for candidate in ("c1", "c1", "c2")]
    database = Database(store_address(address))
    with database.writing() as connection:
        for number, candidate in zip((numbers[0], numbers[0], numbers[2]), ("c1", "c1", "c2"), strict=True):
            announce(
                connection, "submission.graded", tenant="default", run=run, submission=number, candidate_id=candidate,
                now=clock(),
            )  # fmt: skip
    yield Outbox(database, clock)
    database.close()


def number_of(store: Store, candidate: str) -> int:
    made = store.submissions.submit(NewSubmission("api", candidate, candidate, "q", ()))
    found = store.submissions.find(made.id)
    assert found is not None
    return found.number


def addressed(outbox: Outbox, *targets: str) -> None:
    for event in outbox.made():
        outbox.address(event, b"{}", targets)


def test_events_of_a_submission_arrive_in_their_order(outbox: Outbox, clock: Clock) -> None:
    """The second waits for the first, as long as that is tried; another submission's waits for neither."""
    addressed(outbox, "a")
    first, other = outbox.claim("w")
    assert [first.event.candidate_id, other.event.candidate_id] == ["c1", "c2"]
    assert outbox.claim("w") == [], "both are under way"
    outbox.failed(first, "HTTP 500", again=True)
    outbox.delivered(other)
    clock.now += timedelta(seconds=6)
    (again,) = outbox.claim("w")
    assert (again.event.id, again.tries) == (first.event.id, 2)
    outbox.delivered(again)
    (second,) = outbox.claim("w")
    assert second.event.number > first.event.number
    assert second.event.candidate_id == "c1"


def test_what_nobody_settles_is_claimed_again(outbox: Outbox, clock: Clock) -> None:
    """A worker that dies with a delivery holds it for two minutes."""
    addressed(outbox, "a")
    held = outbox.claim("dies")
    clock.now += timedelta(minutes=3)
    assert [each.event.id for each in outbox.claim("lives")] == [each.event.id for each in held]


def test_what_a_dead_worker_was_delivering_is_claimed_at_once(outbox: Outbox) -> None:
    """Others need not wait until its time for it is over; what another one is at stays with that one."""
    addressed(outbox, "a")
    theirs = outbox.claim("dead")
    assert outbox.claim("alive") == []
    assert outbox.release(["nobody", "alive"]) == 0
    assert outbox.release(["dead"]) == len(theirs)
    assert [each.event.id for each in outbox.claim("alive")] == [each.event.id for each in theirs]


def test_an_event_is_addressed_once(outbox: Outbox) -> None:
    """Two workers that see the same new event send it to each target once."""
    events = outbox.made()
    for _ in range(2):
        for event in events:
            outbox.address(event, b"{}", ["a", "b"])
    assert outbox.counts() == {"waiting": 6, "made": 0}


def test_after_three_days_a_delivery_is_a_dead_letter_and_can_be_replayed(outbox: Outbox, clock: Clock) -> None:
    """It is listed with its reason; replayed, it has three days again; the next event no longer waits for it."""
    addressed(outbox, "a")
    first, _ = outbox.claim("w")
    tries = 0
    while not outbox.dead():
        outbox.failed(first, "HTTP 503", again=True)
        clock.now += timedelta(hours=4)
        due = {each.event.id: each for each in outbox.claim("w")}
        first = due.get(first.event.id, first)
        tries += 1
    (dead,) = outbox.dead()
    assert (dead.event_id, dead.reason) == (first.event.id, "HTTP 503")
    assert 15 <= tries <= 20, "every four hours at the end"
    assert outbox.replay([dead.event_id]) == 1
    assert outbox.dead() == []
    assert first.event.id in [each.event.id for each in outbox.claim("w")]


def test_a_target_that_wants_no_more_gets_no_more(outbox: Outbox) -> None:
    """HTTP 410 is not tried again."""
    addressed(outbox, "a")
    first = outbox.claim("w")[0]
    outbox.failed(first, "HTTP 410", again=False)
    assert [each.reason for each in outbox.dead()] == ["HTTP 410"]


@pytest.mark.parametrize("is_under_way", [False, True])
def test_what_becomes_of_an_event_whose_run_is_deleted_is_not_taken_for_the_next_ones(
    address: str, outbox: Outbox, clock: Clock, is_under_way: bool
) -> None:
    """A courier that had it when the run was deleted neither sends its words as another event nor says that the other
    arrived. Both databases: SQLite gives numbers of deleted rows again.
    """
    old = outbox.made()[0]
    addressed(outbox, *(["a"] if is_under_way else []))
    under_way = outbox.claim("w")
    with open_store(address) as store:
        for run in store.runs.all():
            store.runs.delete(run.number)
    database = Database(store_address(address))
    with database.writing() as connection:
        announce_of_grader(connection, b"new", clock())
    database.close()
    outbox.address(old, b"old", ["a"])
    (new,) = outbox.made()
    outbox.address(new, new.body or b"", ["a"])
    for each in under_way:
        outbox.delivered(each)
    assert [each.event.body for each in outbox.claim("w")] == [b"new"]
    assert outbox.counts() == {"waiting": 1, "made": 0}
