"""An endpoint that fails in every way it can: each answer ends graded or with a reason, once, and nothing hangs."""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
from collections import Counter

import hypothesis

from evaluator import Answer, Grade, GraderOptions, make_grader
from evaluator.graders.model_rater import Retries
from tests.conftest import level_reply
from tests.graders.loopback_endpoint import LoopbackEndpoint, Seen, good, http

MARK = re.compile(rb"answer number (\d+)")
QUICK = Retries(first_wait=0.01, longest_wait=0.05)
MANY = 5000 if hypothesis.settings.get_current_profile_name() == "soak" else 300


class Faults:
    """5 % 429 with Retry-After, 2 % 500, 1 % cut-off JSON, 0.5 % resets, 1 % silence; the same each time."""

    def __init__(self) -> None:
        self.paid: Counter[int] = Counter()
        self.kinds: Counter[str] = Counter()

    async def __call__(self, seen: Seen, writer: asyncio.StreamWriter) -> None:
        found = MARK.search(seen.body)
        assert found is not None
        number = int(found[1])
        await asyncio.sleep(0.005)
        kind = self._kind(number, seen.before)
        self.kinds[kind] += 1
        if kind == "429":
            writer.write(http(429, Retry_After="0.1"))
        elif kind == "500":
            writer.write(http(500))
        elif kind == "cut":
            self.paid[number] += 1
            writer.write(good(json.dumps(level_reply(2, f"answer number {number}"))[:-20]))
        elif kind == "reset":
            writer.transport.abort()
        elif kind == "silence":
            await asyncio.sleep(3600)
        else:
            self.paid[number] += 1
            writer.write(good(level_reply(2, f"answer number {number}")))

    def _kind(self, number: int, before: int) -> str:
        share = int.from_bytes(hashlib.sha256(f"{number} {before}".encode()).digest()[:4]) / 2**32
        for kind, upto in (("429", 0.05), ("500", 0.07), ("cut", 0.08), ("reset", 0.085), ("silence", 0.095)):
            if share < upto:
                return kind
        return "good"


def test_every_answer_ends_graded_or_with_a_reason_and_none_twice() -> None:
    """Nothing is lost, nothing is paid again but what a fault had spoilt."""
    faults = Faults()
    answers = [
        Answer(f"a{number}", f"c{number}", "degradation", f"This is answer number {number}, and it says little.")
        for number in range(MANY)
    ]

    async def grade_all() -> list[Grade]:
        async with LoopbackEndpoint(faults) as endpoint:
            options = GraderOptions(
                prompt="levels", base_url=endpoint.url, api_key="k", retries=QUICK, timeout=8.0, concurrency=50
            )
            async with make_grader("openai:m", options=options) as grader:
                grades = [grade async for grade in grader.grade_many(answers)]
                totals = grader.pipeline.pacers[0].totals
        assert totals.requests == sum(faults.kinds.values())
        assert totals.rate_limited == faults.kinds["429"]
        assert 8 <= totals.highest_concurrency <= 50
        assert not totals.went_down
        return grades

    grades = asyncio.run(grade_all())
    assert sorted(grade.answer_id for grade in grades) == sorted(answer.answer_id for answer in answers)
    assert {grade.status for grade in grades} <= {"graded", "ungraded"}
    assert all(grade.reason for grade in grades if grade.status == "ungraded")
    assert sum(grade.status == "graded" for grade in grades) >= 0.99 * MANY
    assert min(faults.kinds[kind] for kind in ("429", "500", "silence")) > 0
    assert sum(faults.paid.values()) == MANY + faults.kinds["cut"] - sum(grade.status == "ungraded" for grade in grades)


def test_an_endpoint_that_is_down_stops_the_run_and_the_rest_is_listed() -> None:
    """It is not asked thousands of times more; what was graded is kept, what was not says why."""

    class GoesDown:
        served = asked = 0

        async def __call__(self, seen: Seen, writer: asyncio.StreamWriter) -> None:
            self.asked += 1
            if self.served < 40:
                self.served += 1
                writer.write(good(level_reply(2, "it says little")))
            else:
                writer.write(http(503))

    endpoint_behaviour = GoesDown()
    answers = [
        Answer(f"a{number}", f"c{number}", "degradation", f"This is answer {number}, and it says little of the matter.")
        for number in range(400)
    ]

    async def grade_all() -> list[Grade]:
        async with LoopbackEndpoint(endpoint_behaviour) as endpoint:
            retries = Retries(first_wait=2.0, longest_wait=8.0)
            options = GraderOptions(
                prompt="levels", base_url=endpoint.url, api_key="k", retries=retries, concurrency=10
            )
            async with make_grader("openai:m", options=options) as grader:
                return [grade async for grade in grader.grade_many(answers)]

    grades = asyncio.run(asyncio.wait_for(grade_all(), 300))
    assert len({grade.answer_id for grade in grades}) == 400
    assert sum(grade.status == "graded" for grade in grades) == 40
    reasons = Counter(str(grade.reason).split(":")[0] for grade in grades if grade.status == "ungraded")
    assert reasons["not asked"] > 300
    assert reasons["endpoint_down"] > 0
    assert "failures in a row, the last: HTTP 503" in next(
        str(grade.reason) for grade in grades if str(grade.reason).startswith("endpoint_down")
    )
    assert endpoint_behaviour.asked < 150
