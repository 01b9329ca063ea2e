"""What an endpoint can cache: everything before the answer is the same for every answer to a question."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
import respx

from evaluator import Answer
from evaluator.core.prompt import Calls
from tests.conftest import URL, completion, level_reply

LEAST_SHARE = 0.9  # of a request with a short answer
LEAST_CHARACTERS = 4 * 1024  # endpoints cache from 1,024 tokens on
ANSWERS = (
    "I would split by time. One example is one payment at the moment of authorisation, positive where the bank reports "
    "fraud within 120 days. The last four months have no negatives yet, so they are left out.",
    "Train on 2022 and test on 2023; watch the drift. A chargeback makes a payment positive. Whoever declines it never "
    "learns its label, so a small share goes through at random and is followed up.",
)


@pytest.mark.parametrize("calls", ["all", "per-criterion"])
@pytest.mark.parametrize("prompt", ["levels", "checks", "local"])
def test_requests_about_one_question_begin_alike_up_to_the_answer(
    prompt: str, calls: Calls, openai_grader: Any, respx_mock: respx.MockRouter
) -> None:
    """The fence differs from answer to answer, and stands behind everything that does not."""
    route = respx_mock.post(f"{URL}/chat/completions").respond(json=completion(level_reply(0)))
    sent = [_bodies(prompt, calls, text, openai_grader, route) for text in ANSWERS]
    assert sent[0]
    for one, other in zip(*sent, strict=True):
        assert one["response_format"] == other["response_format"]
        texts = ["".join(each["role"] + each["content"] for each in body["messages"]) for body in (one, other)]
        alike = next(place for place, (first, second) in enumerate(zip(*texts, strict=False)) if first != second)
        assert texts[0].index(ANSWERS[0].strip()) - alike < 30  # the fence and its frame
        if calls == "all" or prompt == "local":
            assert alike >= max(LEAST_CHARACTERS, LEAST_SHARE * min(map(len, texts)))


def _bodies(prompt: str, calls: Calls, text: str, openai_grader: Any, route: respx.Route) -> list[dict[str, Any]]:
    async def ask() -> None:
        async with openai_grader(prompt=prompt, calls=calls) as grader:
            await grader.grade(Answer("a", "c", "fraud_framing", text))

    before = len(route.calls)
    asyncio.run(ask())
    bodies = [json.loads(call.request.content) for call in list(route.calls)[before:]]
    # Without requests that ask once more: they hold the model's own reply.
    firsts = {
        json.dumps(body["response_format"]): body for body in reversed(bodies) if len(body["messages"]) in (2, 10)
    }
    return [firsts[key] for key in sorted(firsts)]
