"""What is asked when replies are kept: nothing twice, nothing stale."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest
import respx

from evaluator import Answer, Grade, Grader, Price
from evaluator.core.ledger import KeptReply
from evaluator.core.reply import Usage
from tests.conftest import URL, completion, level_reply

CHAT = f"{URL}/chat/completions"
MakeGrader = Callable[..., Grader]


class DictLedger:
    """A ledger that forgets with its process."""

    def __init__(self) -> None:
        self.kept: dict[str, KeptReply] = {}

    async def find(self, fingerprint: str, candidate_id: str | None = None) -> KeptReply | None:
        return self.kept.get(fingerprint)

    async def keep(self, fingerprint: str, reply: KeptReply, candidate_id: str | None = None) -> None:
        self.kept[fingerprint] = reply


async def grades_of(grader: Grader, *answers: Answer) -> list[Grade]:
    async with grader:
        return list(await asyncio.gather(*(grader.grade(answer) for answer in answers)))


def without_time(grade: Grade) -> Grade:
    return grade.model_copy(update={"provenance": grade.provenance.model_copy(update={"graded_at": ""})})


def test_an_answer_graded_before_is_not_asked_again_and_its_grade_is_the_same(
    openai_grader: MakeGrader, answer: Answer, respx_mock: respx.MockRouter
) -> None:
    """Tokens and cost stay on the record as they were when they were paid; what is paid now is nothing."""
    route = respx_mock.post(CHAT).respond(json=completion(level_reply(2)))
    ledger, price = DictLedger(), Price(1.0, 10.0)
    first = asyncio.run(grades_of(openai_grader(ledger=ledger, price=price), answer))

    async def again() -> list[Usage]:
        async with openai_grader(ledger=ledger, price=price) as grader:
            outcomes = [outcome async for outcome in grader.outcomes([answer])]
            assert [without_time(outcome.grade) for outcome in outcomes] == [without_time(each) for each in first]
            return [outcome.paid for outcome in outcomes]

    paid = asyncio.run(again())
    assert route.call_count == 1
    assert [(usage.requests, usage.input_tokens, usage.output_tokens) for usage in paid] == [(0, 0, 0)]


def test_identical_answers_in_flight_are_asked_once(
    openai_grader: MakeGrader, answer: Answer, respx_mock: respx.MockRouter
) -> None:
    """Two candidates with the same words wait for the same reply, and each gets a grade of their own."""
    route = respx_mock.post(CHAT).respond(json=completion(level_reply(2)))
    twin = replace(answer, answer_id="b.degradation", candidate_id="b")
    grades = asyncio.run(grades_of(openai_grader(ledger=DictLedger()), answer, twin))
    assert route.call_count == 1
    assert [grade.candidate_id for grade in grades] == [answer.candidate_id, "b"]
    assert {grade.score for grade in grades} == {5.0}


@pytest.mark.parametrize(
    "changed", [{"prompt": "checks"}, {"parameters": {"temperature": 0.7}}, {"samples": 2}], ids=str
)
def test_a_changed_question_is_another_request(
    openai_grader: MakeGrader, answer: Answer, respx_mock: respx.MockRouter, changed: dict[str, object]
) -> None:
    """A kept reply is never served for another prompt, other parameters or another sample."""
    route = respx_mock.post(CHAT).respond(json=completion(level_reply(2)))
    ledger = DictLedger()
    asyncio.run(grades_of(openai_grader(ledger=ledger), answer))
    before = route.call_count
    asyncio.run(grades_of(openai_grader(ledger=ledger, **changed), answer))
    assert route.call_count > before


def test_replies_that_are_not_kept_yet_count_as_in_flight(
    openai_grader: MakeGrader, answer: Answer, respx_mock: respx.MockRouter
) -> None:
    """A slow disk holds requests back: a kill never has more paid for again than --concurrency says."""
    route = respx_mock.post(CHAT).respond(json=completion(level_reply(2)))
    most = 4

    class SlowLedger(DictLedger):
        def __init__(self) -> None:
            super().__init__()
            self.keeping = 0
            self.at_risk: list[int] = []

        async def keep(self, fingerprint: str, reply: KeptReply, candidate_id: str | None = None) -> None:
            self.keeping += 1
            await asyncio.sleep(0.02)
            self.at_risk.append(route.call_count - len(self.kept))
            self.keeping -= 1
            await super().keep(fingerprint, reply)

    ledger = SlowLedger()
    answers = [
        replace(answer, answer_id=f"a{number}", candidate_id=f"c{number}", text=f"Number {number}. {answer.text}")
        for number in range(40)
    ]

    async def grade_all() -> list[Grade]:
        async with openai_grader(ledger=ledger, concurrency=most) as grader:
            return [grade async for grade in grader.grade_many(answers)]

    assert len(asyncio.run(grade_all())) == route.call_count == len(ledger.kept) == 40
    assert 1 < max(ledger.at_risk) <= most


def test_another_endpoint_is_another_grade(
    openai_grader: MakeGrader, answer: Answer, respx_mock: respx.MockRouter
) -> None:
    """Two servers may carry different models by the same name; their user and password are no part of it."""
    respx_mock.post(path__regex="/chat/completions$").respond(json=completion(level_reply(2)))
    addresses = (URL, "http://elsewhere.test/v1", "http://me:secret@elsewhere.test/v1")
    one, other, same = (
        asyncio.run(grades_of(openai_grader(base_url=address), answer))[0].provenance.fingerprint
        for address in addresses
    )
    assert one != other == same


def test_a_repetition_is_asked_anew(openai_grader: MakeGrader, answer: Answer, respx_mock: respx.MockRouter) -> None:
    """To see how far a grader agrees with itself its readings are numbered on; each number is kept by itself."""
    route = respx_mock.post(CHAT).respond(json=completion(level_reply(2)))
    ledger = DictLedger()
    for expected in (2, 4, 6, 6):
        grader = openai_grader(ledger=ledger, samples=2)
        asyncio.run(grades_of(grader.counting_from(min(expected, 6) - 2), answer))
        assert route.call_count == expected


def test_a_kept_reply_that_cannot_be_read_is_asked_for_again(
    openai_grader: MakeGrader, answer: Answer, respx_mock: respx.MockRouter
) -> None:
    """What came into the ledger from elsewhere is held to the same schema as a live reply."""
    route = respx_mock.post(CHAT).respond(json=completion(level_reply(2)))
    ledger = DictLedger()
    asyncio.run(grades_of(openai_grader(ledger=ledger), answer))
    ledger.kept = {name: replace(reply, text="I would rather not.") for name, reply in ledger.kept.items()}
    (grade,) = asyncio.run(grades_of(openai_grader(ledger=ledger), answer))
    assert (route.call_count, grade.score) == (2, 5.0)


def test_who_waits_for_a_cancelled_request_asks_for_itself(
    openai_grader: MakeGrader, answer: Answer, respx_mock: respx.MockRouter
) -> None:
    """Giving up on one answer takes nothing from its twin."""
    respx_mock.post(CHAT).respond(json=completion(level_reply(2)))

    async def one_gives_up() -> Grade:
        async with openai_grader(ledger=DictLedger()) as grader:
            first = asyncio.create_task(grader.grade(answer))
            second = asyncio.create_task(grader.grade(answer))
            await asyncio.sleep(0)
            first.cancel()
            return await second

    assert asyncio.run(one_gives_up()).score == 5.0
