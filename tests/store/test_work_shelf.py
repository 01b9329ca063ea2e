"""Answers on their way to a worker keep everything that their grades need."""

from __future__ import annotations

from evaluator import Answer
from evaluator.core.identity import Identity
from evaluator.core.near_copy.found import NearCopy
from evaluator.core.work import WorkItem
from evaluator.store.store import Store
from tests.graded_run import begin_run


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
