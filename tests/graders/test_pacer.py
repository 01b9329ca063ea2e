"""The line in front of an endpoint: who goes when, and that giving up, sleeping and stopping leave nobody behind."""

from __future__ import annotations

import asyncio
import random

import pytest

from evaluator.core.pace import PaceSettings, Ticket
from evaluator.graders.pacer import EndpointDownError, Pacer


async def entered(pacer: Pacer, count: int) -> list[asyncio.Task[Ticket]]:
    tasks = [asyncio.create_task(pacer.enter(0)) for _ in range(count)]
    await asyncio.sleep(0)
    return tasks


async def turns_are_given() -> None:
    """Room that became free is given away in the next turn of the event loop, and taken in the one after."""
    await asyncio.sleep(0)
    await asyncio.sleep(0)


def test_they_go_first_come_first_served_and_no_more_than_allowed() -> None:
    """The third waits until one of two leaves."""

    async def course() -> None:
        pacer = Pacer(PaceSettings(most=2, first=2))
        first, second, third, fourth = await entered(pacer, 4)
        assert [task.done() for task in (first, second, third, fourth)] == [True, True, False, False]
        pacer.leave(first.result(), "answered")
        await turns_are_given()
        assert [task.done() for task in (third, fourth)] == [True, False]
        pacer.leave(second.result(), "failed")
        assert await fourth

    asyncio.run(course())


def test_who_gives_up_leaves_its_place_to_the_next() -> None:
    """In line, and in the moment in which its turn comes."""

    async def course() -> None:
        pacer = Pacer(PaceSettings(most=1, first=1))
        first, second, third, fourth = await entered(pacer, 4)
        second.cancel()
        pacer.leave(first.result(), "answered")
        await turns_are_given()
        assert third.done()
        pacer.leave(third.result(), "answered")
        await asyncio.sleep(0)
        fourth.cancel()  # its turn has come, it has not run yet
        await asyncio.gather(second, fourth, return_exceptions=True)
        assert await asyncio.wait_for(pacer.enter(0), 5)

    asyncio.run(course())


def test_when_the_endpoint_goes_down_all_in_line_and_all_asleep_are_told() -> None:
    """Nobody waits for a turn that will not come."""

    async def course() -> None:
        pacer = Pacer(PaceSettings(most=1, first=1, failures_in_a_row=1, shortest_outage=0.0))
        first, second = await entered(pacer, 2)
        asleep = asyncio.create_task(pacer.sleep(3600))
        await asyncio.sleep(0)
        pacer.leave(first.result(), "failed")
        await asyncio.wait_for(asleep, 5)
        with pytest.raises(EndpointDownError):
            await second
        with pytest.raises(EndpointDownError):
            await pacer.enter(0)

    asyncio.run(course())


def test_a_limit_by_the_minute_spaces_requests_and_is_told() -> None:
    """Of 1,200 a minute twenty go a second; how long they were held back is on record."""

    async def course() -> float:
        pacer = Pacer(PaceSettings(most=64, first=64, requests_per_minute=1200))
        loop = asyncio.get_running_loop()
        began = loop.time()
        for ticket in await asyncio.gather(*(pacer.enter(0) for _ in range(26))):
            pacer.leave(ticket, "answered")
        assert loop.time() - began >= 0.25
        return pacer.totals.waited_seconds

    assert asyncio.run(course()) >= 0.2


def test_a_reply_that_is_not_kept_yet_takes_the_place_of_a_request() -> None:
    """A kill has both paid for again: together they are no more than may be in flight."""

    async def course() -> None:
        pacer = Pacer(PaceSettings(most=2, first=2))
        first, second, third, fourth = await entered(pacer, 4)
        pacer.leave(first.result(), "answered")
        with pacer.keeping():
            await turns_are_given()
            assert not third.done()
            pacer.leave(second.result(), "answered")  # this one is kept at once
            await turns_are_given()
            assert [task.done() for task in (third, fourth)] == [True, False]
        await turns_are_given()
        assert fourth.done()

    asyncio.run(course())


@pytest.mark.parametrize("seed", range(5))
def test_no_course_of_events_leaves_anybody_waiting(seed: int) -> None:
    """Requests end in all ways, some are given up at any moment: all others get their turn."""
    chance = random.Random(seed)

    async def one(pacer: Pacer) -> None:
        ticket = await pacer.enter(chance.randrange(100))
        ending = "given_up"
        try:
            await asyncio.sleep(chance.choice([0, 0, 0.001]))
            ending = chance.choice(["answered", "answered", "rate_limited", "failed"])
        finally:
            pacer.leave(ticket, ending)

    async def course() -> None:
        pacer = Pacer(PaceSettings(most=8, first=2, tokens_per_minute=10_000_000, failures_in_a_row=10_000))
        tasks = [asyncio.create_task(one(pacer)) for _ in range(400)]
        for task in chance.sample(tasks, 100):
            await asyncio.sleep(0)
            task.cancel()
        ended = await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 60)
        assert all(each is None or isinstance(each, asyncio.CancelledError) for each in ended)

    asyncio.run(course())
