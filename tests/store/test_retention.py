"""Retention: what is older than was decided goes, what is not stays, and a grade can outlive the words it rests on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from evaluator import Grader
from evaluator.store.address import store_address
from evaluator.store.database import Database
from evaluator.store.retention import Periods
from evaluator.store.schema import submissions
from evaluator.store.store import Store
from tests.conftest import level_reply
from tests.store.test_erasure import MARKER, _fill, everything_in
from tests.store.test_inbox import event, submission
from tests.store.test_runs import begin

NOW = datetime.now(UTC)
LATER = NOW + timedelta(days=100)


@pytest.fixture
def grader(scripted: Callable[..., Grader]) -> Grader:
    return scripted({"reply": level_reply(2, quote="I split by time, for bob")})


@pytest.fixture
def number(store: Store, grader: Grader, tmp_path: Path) -> int:
    """A finished run of two candidates."""
    record = begin(store, grader, tmp_path)
    asyncio.run(_fill(store, grader, record.number, ["ann7x", "bob"]))
    ended = {"outcome": "finished", "finished_at": NOW.isoformat(timespec="seconds")}
    store.runs.finish(record.number, record.order.manifest.model_copy(update=ended))
    return record.number


def test_nothing_is_deleted_before_its_time_or_without_a_period(store: Store, number: int) -> None:
    """A day too early, or for what no period was given: nothing."""
    assert store.retention.apply(Periods(100, 100, 100, 100), LATER - timedelta(days=1)).counts == {}
    assert store.retention.apply(Periods(), LATER).counts == {}
    assert len(list(store.runs.grades(number))) == 2


def test_the_words_go_and_the_levels_stay(store: Store, number: int, address: str) -> None:
    """Texts, quotes, reasons and the maps of redaction; counted first, then gone, and not there the second time."""
    before = [each.grade for each in store.runs.grades(number)]
    assert store.retention.overdue(Periods(answers=99, replies=99), LATER).counts == {"replies": 3, "answers": 2}
    store.retention.apply(Periods(answers=99, replies=99), LATER)
    left = list(store.runs.grades(number))
    assert [each.text for each in left] == ["", ""]
    assert [each.grade.score for each in left] == [each.score for each in before]
    spans = [[(e.start, e.end) for c in each.criteria for e in c.evidence] for each in before]
    assert [[(e.start, e.end) for c in each.grade.criteria for e in c.evidence] for each in left] == spans
    kept = everything_in(address)
    assert MARKER not in kept
    assert "I split by time, for" not in kept
    assert store.retention.overdue(Periods(answers=99, replies=99), LATER).counts == {}


def test_whole_runs_and_logs(store: Store, number: int) -> None:
    """A run with everything of it, and the record of erasures of before."""
    store.erasure.erase("ann7x")
    assert store.retention.apply(Periods(grades=99, logs=99), LATER).counts == {"runs": 1, "log entries": 1}
    assert store.runs.all() == []
    assert store.erasure.erased_at("ann7x") is None


def test_what_the_service_took_in_and_passed_on_is_emptied_too(store: Store, address: str) -> None:
    """Answers of a submission, the event that brought it, one that waits in the quarantine, what was told of it: their
    words go, their rows stay, so that what comes again is known. What is not settled stays whole.
    """
    settled, held, new = (store.inbox.receive(event(name, f"{MARKER} {name}".encode())) for name in "abc")
    made = store.inbox.make_submission(settled.id, submission("ashby:1", "k1")).id
    open_still = store.submissions.submit(submission("ashby:2", "k2"))
    store.inbox.settle(held.id, "quarantined", reason="unknown_questions", detail=[MARKER])
    _end(address, made)
    assert store.retention.overdue(Periods(answers=101), LATER).counts == {}
    assert store.retention.apply(Periods(answers=99), LATER).counts == {"submitted answers": 1, "events": 2}
    assert [store.inbox.find(each.id).body for each in (settled, held)] == [None, None]
    assert (store.inbox.find(held.id).state, store.inbox.find(held.id).detail) == ("erased", ())
    assert store.inbox.find(new.id).body == f"{MARKER} c".encode()
    assert [each.text for each in store.submissions.answers(store.submissions.find(made))] == [""]
    assert [each.text for each in store.submissions.answers(store.submissions.find(open_still.id))] == ["a\0b\ud800"]
    assert not store.inbox.receive(event("a", f"{MARKER} a".encode())).is_new
    assert store.retention.overdue(Periods(answers=99), LATER).counts == {}


def _end(address: str, submission_id: str) -> None:
    database = Database(store_address(address))
    with database.writing() as connection:
        ended = {"state": "complete", "completed_at": NOW.isoformat(timespec="seconds")}
        connection.execute(submissions.update().where(submissions.c.id == submission_id), ended)
    database.close()


def test_a_run_that_is_being_graded_is_spared(store: Store, grader: Grader, tmp_path: Path) -> None:
    """By whoever deletes by the clock: there is nobody to tell."""
    number = begin(store, grader, tmp_path).number
    assert store.retention.apply(Periods(grades=99), LATER, spare=[number]).counts == {}
    assert [each.number for each in store.runs.all()] == [number]


def test_what_is_spared_is_not_said_to_be_deleted(store: Store, number: int) -> None:
    """The count is of answers whose words went, and not of those that were old enough."""
    assert store.retention.apply(Periods(answers=99), LATER, spare=[number]).counts == {}
    assert "answers" in store.retention.apply(Periods(answers=99), LATER).counts
