"""A submission is kept once under its idempotency key, and its grades are found where the run has them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from evaluator.core.submission import NewSubmission, SubmittedAnswer
from evaluator.core.tenant import shown_candidate, stored_candidate
from evaluator.errors import IdempotencyConflictError
from evaluator.store.store import Store

NEW = NewSubmission(
    source="api",
    idempotency_key="k",
    candidate_id="c1",
    questionnaire="ml_engineer_screen",
    answers=(SubmittedAnswer("degradation", "text"), SubmittedAnswer("fraud_framing", "", "missing")),
    application_id="a1",
    context={"opportunity": "o1"},
)


def test_a_submission_is_found_as_it_was_handed_in(store: Store) -> None:
    """By its id, by its candidate, and not by another tenant."""
    made = store.submissions.submit(NEW)
    found = store.submissions.find(made.id)
    assert found is not None
    assert (found.candidate_id, found.application_id, found.context, found.state) == (
        "c1", "a1", {"opportunity": "o1"}, "received",
    )  # fmt: skip
    answers = {answer.question_id: answer for answer in store.submissions.answers(found)}
    assert (answers["degradation"].text, answers["fraud_framing"].absent) == ("text", "missing")
    assert answers["degradation"].answer_id == f"{made.id}.degradation"
    assert store.submissions.of_candidate("c1") == [found]
    assert store.submissions.find(made.id, tenant="acme") is None
    assert store.submissions.grades(found) == []


def test_the_same_key_is_the_same_submission(store: Store) -> None:
    """With other content it is a mistake that is told; with another tenant or source it is another key."""
    first = store.submissions.submit(NEW)
    again = store.submissions.submit(NEW)
    assert (again.id, again.is_new) == (first.id, False)
    with pytest.raises(IdempotencyConflictError, match=first.id):
        store.submissions.submit(replace(NEW, answers=(SubmittedAnswer("degradation", "changed"),)))
    assert store.submissions.submit(replace(NEW, tenant="acme")).is_new
    assert store.submissions.submit(replace(NEW, source="python")).is_new


def test_many_at_once_are_kept_but_for_those_that_conflict(store: Store) -> None:
    """One mistake takes nothing else with it."""
    store.submissions.submit(NEW)
    conflicting = replace(NEW, candidate_id="c2")
    made = store.submissions.submit_many([NEW, conflicting, replace(NEW, idempotency_key="k2")])
    assert isinstance(made[1], IdempotencyConflictError)
    assert [each.is_new for each in (made[0], made[2]) if not isinstance(each, IdempotencyConflictError)] == [
        False,
        True,
    ]


def test_a_key_used_by_many_threads_at_once_is_one_submission(store: Store) -> None:
    """Nobody fails, and everybody gets the same id."""
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: store.submissions.submit(NEW), range(24)))
    assert len({each.id for each in made}) == 1
    assert sum(each.is_new for each in made) == 1


def test_candidates_of_two_tenants_never_share_an_id() -> None:
    """Whatever they are called."""
    assert stored_candidate("default", "c1") == "c1"
    assert stored_candidate("acme", "c1") == "@acme/c1"
    assert shown_candidate("acme", "@acme/c1") == "c1"
    with pytest.raises(ValueError, match="@"):
        stored_candidate("default", "@acme/c1")
