"""Submissions graded as workers do it, without a queue; texts of which some are nearly the same."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

from evaluator import Grade
from evaluator.core.identity import Identity
from evaluator.core.submission import NewSubmission, Submission, SubmittedAnswer
from evaluator.core.work import WorkBatch
from evaluator.run.durable.admission import Admission
from evaluator.store.graded_rows import WorkOutcome
from evaluator.store.store import Store
from tests.graded_run import grader

QUESTION = "degradation"
TEXT = (
    "First I ask whether both numbers measure the same thing. Churn offline was no active contract 90 days after the "
    "snapshot, per customer; after three months most live customers are not mature yet, so I compute it anew on the "
    "first cohort only. If it goes back up, the drop was the label."
)
EDITED = TEXT.replace("customer", "client").replace("First I ask", "To begin with, I would ask") + " That is my plan."


def other(place: int) -> str:
    """An answer of its own, that says in its own way what others say, too."""
    word = ("plan", "tenure", "country", "device", "channel", "bureau", "region", "tariff", "device age", "income")[
        place % 10
    ]
    return (
        f"My {place}th thought is about the feed: {word} came late in week {place}, and nobody told {word} owners that "
        f"the column {word} was renamed, so {place} percent of the rows were empty and the score was the default one."
    )


def admit(store: Store, day: datetime | None = None) -> None:
    """Takes in what was handed in."""
    now = day or datetime(2026, 11, 26, 12, tzinfo=UTC)
    Admission(store, lambda _: grader(), lambda _: "", lambda _: {}, lambda: now).take_in(10)


def hand_in(
    store: Store,
    candidate: str,
    text: str = TEXT,
    *,
    tenant: str = "default",
    question: str = QUESTION,
    email: str | None = None,
    key: str | None = None,
) -> str:
    """A submission of one answer; its id."""
    identity = None if email is None else Identity(emails=(email,))
    answers = (SubmittedAnswer(question, text),)
    new = NewSubmission(
        "api", key or candidate, candidate, "ml_engineer_screen", answers, tenant=tenant, identity=identity
    )
    return store.submissions.submit(new).id


def take(store: Store, worker: str = "a worker") -> WorkBatch:
    """The next submission, taken by a worker."""
    waiting = store.work.due(1, "webhook")[0]
    batch = store.work.start(waiting.id, worker)
    assert batch is not None
    store.work.queued([waiting])
    return batch


def outcomes_of(batch: WorkBatch) -> list[WorkOutcome]:
    """What the baseline gives."""
    return [WorkOutcome(item, asyncio.run(grader().grade(item.answer))) for item in batch.items]


def grade(store: Store, candidate: str, text: str = TEXT, **more: str) -> str:
    """Hands an answer in and has it graded; the submission's id."""
    made = hand_in(store, candidate, text, **more)
    admit(store)
    batch = take(store)
    store.work.write(batch, outcomes_of(batch))
    assert store.work.finish(batch)
    return made


def submission(store: Store, name: str) -> Submission:
    found = store.submissions.find(name)
    assert found is not None
    return found


def grade_of(store: Store, name: str) -> Grade:
    """The grade of the submission's one answer."""
    (only,) = store.submissions.grades(submission(store, name))
    return only


def is_flagged(store: Store, name: str) -> bool:
    return any(flag.code == "near_duplicate" for flag in grade_of(store, name).flags)
