"""One request that is slow or never comes: it keeps no other answer waiting, nor in memory, nor the run for ever."""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Iterator

from evaluator import Answer, Grade, GraderOptions, make_grader
from evaluator.graders.model_rater import Retries
from tests.conftest import level_reply
from tests.graders.loopback_endpoint import LoopbackEndpoint, Seen, good

MANY, AT_ONCE = 300, 8
STRAGGLER = b"answer number 0,"


def answers() -> Iterator[Answer]:
    for number in range(MANY):
        text = f"This is answer number {number}, and it says how drift is seen. " + "It goes on. " * 500
        yield Answer(f"a{number}", f"c{number}", "degradation", text)


class OneIsSlow:
    """Replies at once, but to answer 0: to that when `is_over` is set. `drips`: a byte now and then until it is."""

    def __init__(self, *, drips: bool = False) -> None:
        self.is_over = asyncio.Event()
        self._drips = drips

    async def __call__(self, seen: Seen, writer: asyncio.StreamWriter) -> None:
        if STRAGGLER in seen.body:
            if self._drips:
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
            while self._drips and not self.is_over.is_set():
                writer.write(b" ")
                await asyncio.sleep(0.05)
            await self.is_over.wait()
        if not writer.is_closing():
            writer.write(good(level_reply(2)))


def options(endpoint: LoopbackEndpoint, timeout: float) -> GraderOptions:
    return GraderOptions(
        prompt="levels",
        base_url=endpoint.url,
        api_key="k",
        concurrency=AT_ONCE,
        timeout=timeout,
        retries=Retries(transient=2, first_wait=0.01),
    )


def test_a_straggler_holds_no_other_answer() -> None:
    """All others come while it is waited for, and only what is in flight is in memory."""

    async def grade_all() -> tuple[list[Grade], int]:
        endpoint_does = OneIsSlow()
        async with LoopbackEndpoint(endpoint_does) as endpoint:
            endpoint.seen = _Forgetful()
            async with make_grader("openai:m", options=options(endpoint, timeout=300)) as grader:
                grades: list[Grade] = []
                alive = 0
                async for grade in grader.grade_many(answers()):
                    grades.append(grade)
                    if len(grades) == MANY - 1:
                        gc.collect()
                        alive = sum(isinstance(each, Answer) for each in gc.get_objects())
                        endpoint_does.is_over.set()
                return grades, alive

    before = sum(isinstance(each, Answer) for each in gc.get_objects())
    grades, alive = asyncio.run(grade_all())
    assert [grade.answer_id for grade in grades].index("a0") == MANY - 1
    assert {grade.status for grade in grades} == {"graded"}
    assert len({grade.answer_id for grade in grades}) == MANY
    assert alive - before <= 2 * AT_ONCE


def test_a_reply_that_drips_for_ever_ends_at_its_deadline() -> None:
    """Bytes that keep coming are no reason to wait: the answer ends with its reason, the run with all others graded."""

    async def grade_all() -> list[Grade]:
        endpoint_does = OneIsSlow(drips=True)
        async with LoopbackEndpoint(endpoint_does) as endpoint:
            endpoint.seen = _Forgetful()
            async with make_grader("openai:m", options=options(endpoint, timeout=4)) as grader:
                few = (answer for answer in answers() if int(answer.answer_id[1:]) < 20)
                grades = [grade async for grade in grader.grade_many(few)]
            endpoint_does.is_over.set()
            return grades

    started = time.monotonic()
    by_id = {grade.answer_id: grade for grade in asyncio.run(grade_all())}
    assert time.monotonic() - started < 120  # two attempts of four seconds; for ever otherwise
    slow = by_id.pop("a0")
    assert (slow.status, (slow.reason or "").partition(":")[0]) == ("ungraded", "timeout")
    assert len(by_id) == 19
    assert {grade.status for grade in by_id.values()} == {"graded"}


class _Forgetful(list[Seen]):
    """Keeps no request: what is in memory is to be the grader's."""

    def append(self, seen: Seen) -> None:
        """Lets it go."""
