"""What is told before a run of the replies that are there already."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import respx

from evaluator import Answer, Grader, open_store
from evaluator.run.run_ledger import Known, RunLedger
from tests.conftest import URL, completion, level_reply


def answers(count: int) -> list[Answer]:
    text = (
        "In case number {} I would train on 2022 and test on 2023. Positive: a chargeback within 120 days. "
        "Nothing that is known only after the payment may be a column."
    )
    return [Answer(f"c{n}.degradation", f"c{n}", "degradation", text.format(n)) for n in range(count)]


def test_known_replies_are_counted_without_asking_for_any(
    openai_grader: Callable[..., Grader], respx_mock: respx.MockRouter, tmp_path: Path
) -> None:
    """Every sample of every answer; a blank answer needs none; a new table is found to be new by its first answers."""
    route = respx_mock.post(f"{URL}/chat/completions").respond(json=completion(level_reply(2)))
    blank = Answer("b.degradation", "b", "degradation", "", absent="blank")
    with open_store(str(tmp_path / "store.sqlite3")) as store:
        ledger = RunLedger(store.ledger())

        async def look() -> list[Known]:
            async with openai_grader(ledger=ledger, samples=2) as grader:
                for answer in answers(3):
                    await grader.grade(answer)
                asked = route.call_count
                found = [await ledger.known(grader, [*answers(5), blank]), await ledger.known(grader, [blank])]
                found.append(await ledger.known(grader, answers(300)[100:]))
                assert route.call_count == asked == 6
                return found

        some, none, new = asyncio.run(look())
    assert (some, some.is_everything) == (Known(kept=6, of=10, is_all=True), False)
    assert none == Known(kept=0, of=0, is_all=True)
    assert new == Known(kept=0, of=100, is_all=False)


def test_a_grader_that_keeps_no_replies_is_not_asked_to_find_out(
    scripted: Callable[..., Grader], tmp_path: Path
) -> None:
    """A script's lines are used up by asking: the look before the run must not do it."""
    grader = scripted({"reply": level_reply(2), "times": 1}, {"reply": level_reply(3)})
    with open_store(str(tmp_path / "store.sqlite3")) as store:

        async def look_and_grade() -> float | None:
            await RunLedger(store.ledger()).known(grader, answers(4))
            return (await grader.grade(answers(1)[0])).score

        first = asyncio.run(look_and_grade())
    assert first == 5.0
