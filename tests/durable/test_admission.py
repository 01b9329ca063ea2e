"""Submissions are taken in whatever became of the run that they were to be part of; none is left without one."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from evaluator.run.durable.admission import Admission
from evaluator.store.store import Store
from tests.graded_run import begin_run
from tests.store.conftest import address, postgresql, store  # noqa: F401 fixtures
from tests.store.near_copying import grade, grader, hand_in, take


@pytest.fixture
def admission(store: Store) -> Admission:  # noqa: F811
    """One worker's, of a day."""
    return Admission(store, lambda _: grader(), lambda _: "", lambda _: {}, lambda: datetime(2026, 11, 26, tzinfo=UTC))


def state_of(store: Store, submission: str) -> str:  # noqa: F811
    found = store.submissions.find(submission)
    assert found is not None
    return found.state


def test_a_run_that_is_deleted_takes_no_submission_with_it(store: Store, admission: Admission) -> None:  # noqa: F811
    """What waited in it for its grade is taken in anew; what had its grade stays as it was."""
    done = grade(store, "c0")
    waits = hand_in(store, "c1")
    assert admission.take_in(10) == 1
    for run in store.runs.all():
        store.runs.delete(run.number)
    assert (state_of(store, done), state_of(store, waits)) == ("complete", "received")
    assert admission.take_in(10) == 1
    assert state_of(store, waits) == "queued"
    assert len(store.work.due(10, "webhook")) == 1


def test_others_are_taken_in_after_the_days_run_was_deleted(store: Store, admission: Admission) -> None:  # noqa: F811
    """A worker that knew the run begins another one, instead of failing over it until it is started anew."""
    hand_in(store, "c1")
    assert admission.take_in(10) == 1
    (run,) = store.runs.all()
    store.runs.delete(run.number)
    later = hand_in(store, "c2")
    assert admission.take_in(10) == 2
    assert state_of(store, later) == "queued"


def test_none_is_taken_into_another_run_that_came_after_the_days_was_deleted(
    store: Store,  # noqa: F811
    admission: Admission,
    tmp_path: Path,
) -> None:
    """A table's run that was begun next is not what the worker takes for the day's run, which it knew by its number."""
    hand_in(store, "c1")
    assert admission.take_in(10) == 1
    (run,) = store.runs.all()
    store.runs.delete(run.number)
    table = begin_run(store, str(tmp_path), "0a1b")
    hand_in(store, "c2")
    assert admission.take_in(10) == 2
    assert {take(store).run, take(store).run} == {each.number for each in store.runs.all()} - {table.number}
