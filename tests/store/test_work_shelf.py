"""Answers on their way to a worker keep everything that their grades need."""

from __future__ import annotations

import asyncio
from pathlib import Path

from evaluator import Answer
from evaluator.core.identity import Identity
from evaluator.core.near_copy.found import NearCopy
from evaluator.core.work import WorkBatch, WorkItem
from evaluator.store.graded_rows import WorkOutcome
from evaluator.store.store import Store
from evaluator.store.work_shelf import WaitingChunk
from tests.graded_run import begin_run, grader


def test_a_worker_learns_of_near_copies_and_of_names(store: Store, tmp_path) -> None:
    """Who reads the table knows all of its answers and whose they are; a worker flags and takes out what it is told."""
    record = begin_run(store, str(tmp_path))
    identity = Identity(names=("Ann Björk",), emails=("ann@example.org",))
    alike = (NearCopy(17, 0.83), NearCopy(None, 0.6))
    answers = [
        Answer("a", "ann", "degradation", "One text.", row=2, identity=identity, alike=alike),
        Answer("b", "bob", "degradation", "x"),
    ]
    store.work.add(record.number, [WorkItem(number, answer) for number, answer in enumerate(answers, start=1)])
    (waiting,) = store.work.due(10)
    batch = store.work.start(waiting.id, "a worker")
    assert batch is not None
    assert [item.answer.alike for item in batch.items] == [alike, ()]
    assert [item.answer.identity for item in batch.items] == [identity, None]


def put_there(store: Store, folder: str) -> WaitingChunk:
    """A chunk of one answer, that waits."""
    record = begin_run(store, folder)
    store.work.add(record.number, [WorkItem(1, Answer("a", "ann", "degradation", "One text."))])
    (waiting,) = store.work.due(10)
    return waiting


def test_what_was_handed_back_meanwhile_is_not_said_to_be_in_the_queue(store: Store, tmp_path: Path) -> None:
    """Who puts a chunk into the queue may say so late: it was taken and handed back since, and rests until its time."""
    waiting = put_there(store, str(tmp_path))
    batch = store.work.start(waiting.id, "quick")
    assert batch is not None
    store.work.finish(batch, reason="the endpoint is down")
    store.work.queued([waiting])
    assert store.work.count_queued("bulk") == 0
    assert store.work.in_hand("bulk") == []


def test_what_somebody_took_since_it_was_missed_is_left_to_them(store: Store, tmp_path: Path) -> None:
    """A survey that was slow puts nothing back that a worker on the roll grades; what one had that is gone, it does."""
    waiting = put_there(store, str(tmp_path))
    store.work.queued([waiting])
    (missed,) = store.work.in_hand("bulk")
    store.workers.enter("here", "1")
    assert store.work.start(waiting.id, "here") is not None
    store.work.put_back(missed)
    assert store.work.due(10) == []
    store.workers.leave("here")
    (missed,) = store.work.in_hand("bulk")
    store.work.put_back(missed)
    assert [chunk.id for chunk in store.work.due(10)] == [waiting.id]


def late_and_next(store: Store, folder: str, worker: str) -> tuple[WorkBatch, int]:
    """What a worker had in hand when its run was deleted; and the run that was begun then, with an answer of Bob's."""
    late = store.work.start(put_there(store, folder).id, worker)
    assert late is not None
    store.runs.delete(late.run)
    record = begin_run(store, folder, "1a2b3c4d")
    store.work.add(record.number, [WorkItem(1, Answer("b", "bob", "degradation", "Another text."))])
    return late, record.number


def test_what_is_late_for_a_deleted_run_takes_nothing_from_the_next(store: Store, tmp_path: Path) -> None:
    """A worker that graded while the run was deleted, and another begun, writes nothing: that one's answers wait on,
    as they were. Both databases: SQLite gives numbers of deleted rows again.
    """
    late, run = late_and_next(store, str(tmp_path), "late")
    store.work.write(late, [WorkOutcome(item, asyncio.run(grader().grade(item.answer))) for item in late.items])
    store.work.finish(late, failed=[1], reason="none")
    (waiting,) = store.work.due(10)
    batch = store.work.start(waiting.id, "here")
    assert batch is not None
    assert [(item.answer.answer_id, item.tries) for item in batch.items] == [("b", 0)]
    assert store.runs.holding(run).grades == 0


def test_what_is_late_for_a_deleted_run_takes_nothing_from_its_own_worker(store: Store, tmp_path: Path) -> None:
    """The same worker has the next run's chunk by now: it stays with it, and no death counts against its answer."""
    late, _ = late_and_next(store, str(tmp_path), "here")
    (waiting,) = store.work.due(10)
    assert store.work.start(waiting.id, "here") is not None
    store.work.begin(late, late.items[0])
    store.work.hand_back(late)
    assert store.work.due(10) == []
    taken_over = store.work.start(waiting.id, "another")
    assert taken_over is not None
    assert [item.deaths for item in taken_over.items] == [0]
