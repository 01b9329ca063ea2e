"""What is asked under --max-cost: as much as the money lasts for, every attempt counted, the rest left for later."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import httpx2
import pytest
import respx

from evaluator import Answer, Grade, Grader, Price
from evaluator.core.budget import Budget
from tests.conftest import URL, completion, level_reply
from tests.graders.test_ledger import DictLedger

CHAT = f"{URL}/chat/completions"
PRICE = Price(1.0, 10.0)
A_REPLY = (1000 * 1.0 + 100 * 10.0) / 1e6  # dollars, by the usage that tests.conftest.completion reports
MakeGrader = Callable[..., Grader]


def answers(count: int, answer: Answer) -> list[Answer]:
    return [
        replace(answer, answer_id=f"c{number}", candidate_id=f"c{number}", text=f"{answer.text} Case {number}.")
        for number in range(count)
    ]


async def graded(grader: Grader, given: list[Answer], concurrency: int = 8) -> list[Grade]:
    async with grader:
        return [grade async for grade in grader.grade_many(given, concurrency=concurrency)]


@pytest.mark.parametrize("concurrency", [1, 8, 64])
def test_a_run_stops_at_its_cap_and_says_so(
    openai_grader: MakeGrader, answer: Answer, respx_mock: respx.MockRouter, concurrency: int
) -> None:
    """As many as the money lasts for, whatever is in flight; every other answer says why it was not asked."""
    route = respx_mock.post(CHAT).respond(json=completion(level_reply(2)))
    budget = Budget(10.5 * A_REPLY)
    grades = asyncio.run(graded(openai_grader(price=PRICE, budget=budget), answers(40, answer), concurrency))
    assert route.call_count == 10
    assert budget.spent_usd == pytest.approx(10 * A_REPLY)
    assert sorted(grade.status for grade in grades) == ["graded"] * 10 + ["ungraded"] * 30
    assert all("budget_spent: stopped at $0.02" in (grade.reason or "") for grade in grades if grade.score is None)
    assert sum(grade.provenance.requests for grade in grades) == 10


def test_the_rest_is_paid_with_a_higher_cap_and_nothing_twice(
    openai_grader: MakeGrader, answer: Answer, respx_mock: respx.MockRouter
) -> None:
    """The same command again, with more money: the ledger has what was paid for."""
    route = respx_mock.post(CHAT).respond(json=completion(level_reply(2)))
    ledger, given = DictLedger(), answers(20, answer)
    first, second = Budget(6.5 * A_REPLY), Budget(100 * A_REPLY)
    asyncio.run(graded(openai_grader(price=PRICE, budget=first, ledger=ledger), given))
    grades = asyncio.run(graded(openai_grader(price=PRICE, budget=second, ledger=ledger), given))
    assert {grade.status for grade in grades} == {"graded"}
    assert route.call_count == 20
    assert second.spent_usd == pytest.approx(14 * A_REPLY)


@pytest.mark.parametrize(
    ("options", "requests"),
    [({"samples": 3}, 3), ({"calls": "per-criterion"}, 4), ({}, 1)],
    ids=["samples", "a call a criterion", "one call"],
)
def test_every_call_of_an_answer_counts(
    openai_grader: MakeGrader, answer: Answer, respx_mock: respx.MockRouter, options: dict[str, Any], requests: int
) -> None:
    """Samples, and calls for single criteria and for red flags."""
    respx_mock.post(CHAT).mock(side_effect=_as_asked)
    budget = Budget(1.0)
    (grade,) = asyncio.run(graded(openai_grader(price=PRICE, budget=budget, **options), [answer]))
    assert grade.status == "graded", grade.reason
    assert budget.spent_usd == pytest.approx(requests * A_REPLY)


def _as_asked(request: Any) -> httpx2.Response:
    asked = json.loads(request.content)["response_format"]["json_schema"]["schema"]["properties"]
    reply: dict[str, Any] = {}
    if "criteria" in asked:
        verdict = {"evidence": ["Train on 2022"], "missing": "", "rationale": "", "level": 1}
        reply["criteria"] = dict.fromkeys(asked["criteria"]["properties"], verdict)
    if "red_flags" in asked:
        reply["red_flags"] = []
    return httpx2.Response(200, json=completion(reply))


@pytest.mark.parametrize(
    ("replies", "paid"),
    [
        ([httpx2.Response(200, json=completion("no JSON")), httpx2.Response(200, json=completion(level_reply()))], 2),
        ([httpx2.Response(200, json=completion(level_reply(2, "not a word of it")))] * 2, 2),
        ([httpx2.Response(500), httpx2.Response(200, json=completion(level_reply()))], 1),
        ([httpx2.Response(429), httpx2.Response(200, json=completion(level_reply()))], 1),
    ],
    ids=["an unusable reply", "a repair", "a server's error", "a rate limit"],
)
def test_unusable_replies_and_repairs_are_paid_for_and_errors_are_not(
    openai_grader: MakeGrader, answer: Answer, respx_mock: respx.MockRouter, replies: list[httpx2.Response], paid: int
) -> None:
    """What the endpoint billed is what is counted."""
    respx_mock.post(CHAT).mock(side_effect=list(replies))
    budget = Budget(1.0)
    asyncio.run(graded(openai_grader(price=PRICE, budget=budget), [answer]))
    assert budget.spent_usd == pytest.approx(paid * A_REPLY)
    assert budget.reserved_usd == pytest.approx(0.0)


def test_a_request_that_may_have_been_billed_counts_as_if_it_were(
    openai_grader: MakeGrader, answer: Answer, respx_mock: respx.MockRouter
) -> None:
    """A cut connection: the endpoint may have worked. The cap rather stops too early than too late."""
    respx_mock.post(CHAT).mock(side_effect=httpx2.ReadError("cut"))
    budget = Budget(1.0)
    asyncio.run(graded(openai_grader(price=PRICE, budget=budget), [answer]))
    assert budget.spent_usd > 0


def test_a_repair_that_the_money_does_not_last_for_leaves_the_answer_for_later(
    openai_grader: MakeGrader, answer: Answer, respx_mock: respx.MockRouter
) -> None:
    """It is not graded without its repair; with more money only the repair is asked."""
    route = respx_mock.post(CHAT)
    tokens = {"prompt_tokens": 5000, "completion_tokens": 100, "total_tokens": 5100}
    route.side_effect = [
        httpx2.Response(200, json=completion(level_reply(2, "not a word of it"), usage=tokens)),
        httpx2.Response(200, json=completion(level_reply(2))),
    ]
    ledger = DictLedger()
    (grade,) = asyncio.run(graded(openai_grader(price=PRICE, budget=Budget(0.0065), ledger=ledger), [answer]))
    assert (grade.status, grade.score, route.call_count) == ("ungraded", None, 1)
    (grade,) = asyncio.run(graded(openai_grader(price=PRICE, budget=Budget(1.0), ledger=ledger), [answer]))
    assert (grade.status, grade.score, route.call_count) == ("graded", 5.0, 2)
