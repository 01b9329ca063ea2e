"""`Evaluator`, for a webhook of one's own: kept before it returns, graded by workers, safe to call again."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from typing import Any

import pytest

from evaluator import Evaluator, InputError, NotYetGradedError, SubmissionError
from evaluator.store.store import open_store
from tests.durable.conftest import WorkerProcess

ANSWERS = {
    "degradation": "I would look at the label first, then split by time.",
    "fraud_framing": "One example is one payment; positive is a chargeback within 120 days.",
}


def test_it_is_graded_before_the_deadline_or_said_not_to_be(address: str, worker: Callable[..., WorkerProcess]) -> None:
    """Nobody works: the deadline says so, the submission stays. A worker comes: the same call has grades."""

    async def calls() -> None:
        async with Evaluator.from_settings({"EVALUATOR_STORE": address}) as evaluator:
            with pytest.raises(NotYetGradedError) as raised:
                await evaluator.grade("c1", ANSWERS, deadline=0.2, idempotency_key="k")
            worker(address, "--grader", "baseline")
            found = await evaluator.grade("c1", ANSWERS, deadline=90, idempotency_key="k")
            assert found.submission.id == raised.value.submission_id
            assert {grade.question_id: grade.status for grade in found.grades} == dict.fromkeys(ANSWERS, "graded")

    asyncio.run(calls())


def test_mistakes_are_typed_and_named(address: str) -> None:
    """An unknown question with its place; a key used for something else; an id that there is not."""

    async def calls() -> None:
        async with Evaluator.from_settings({"EVALUATOR_STORE": address}) as evaluator:
            with pytest.raises(SubmissionError) as raised:
                await evaluator.submit("c1", {"degradation": "x", "no such question": "y"})
            assert "/answers/1/question: ml_engineer_screen has no question 'no such question'" in str(raised.value)
            first = await evaluator.submit("c1", ANSWERS, idempotency_key="k")
            assert (await evaluator.submit("c1", ANSWERS, idempotency_key="k")).id == first.id
            with pytest.raises(SubmissionError):
                await evaluator.submit("c2", ANSWERS, idempotency_key="k")
            with pytest.raises(InputError, match="no submission"):
                await evaluator.result("sub_0")

    asyncio.run(calls())


@pytest.mark.parametrize(
    ("candidate", "answers", "said"),
    [
        ("", ANSWERS, "/candidate_id: has to be 1 to 200 characters long"),
        ("  ", ANSWERS, "/candidate_id: must have no control characters, and no space"),
        ("c" * 201, ANSWERS, "/candidate_id: has to be 1 to 200 characters long"),
        (17, ANSWERS, "/candidate_id: has to be a text, not int"),
        (None, ANSWERS, "/candidate_id: has to be a text, not NoneType"),
        ("c1", {}, "/answers: there is none"),
        ("c1", ["x"], "/answers: has to be a mapping of questions to texts, not list"),
        ("c1", None, "/answers: has to be a mapping"),
        ("c1", {"degradation": None}, "/answers/0/text: has to be a text, not NoneType"),
        ("c1", {"degradation": "x", 3: "y"}, "/answers/1/question: has to be a text, not int"),
    ],
)
def test_what_a_sender_got_wrong_is_a_submission_error(address: str, candidate: Any, answers: Any, said: str) -> None:
    """A payload that is passed on as it came: nothing is kept under an id that is none."""

    async def calls() -> None:
        async with Evaluator.from_settings({"EVALUATOR_STORE": address}) as evaluator:
            with pytest.raises(SubmissionError, match=re.escape(said)):
                await evaluator.submit(candidate, answers)

    asyncio.run(calls())


def test_a_call_that_is_cancelled_leaves_nothing_half_done(address: str) -> None:
    """Cancelled while it waits: the submission is kept once, and the next call finds it."""

    async def calls() -> None:
        async with Evaluator.from_settings({"EVALUATOR_STORE": address}) as evaluator:
            waiting = asyncio.create_task(evaluator.grade("c1", ANSWERS, deadline=60, idempotency_key="k"))
            await asyncio.sleep(0.5)
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)
            await evaluator.submit("c1", ANSWERS, idempotency_key="k")
        with open_store(address) as store:
            assert len(store.submissions.of_candidate("c1")) == 1

    asyncio.run(calls())
