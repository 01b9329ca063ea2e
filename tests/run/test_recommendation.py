"""Which of several graders to take: the cheapest adequate one, where that is known."""

from __future__ import annotations

import pytest

from evaluator.core.evaluation import Adequacy, EvaluationUsage, GraderResult, Verdict
from evaluator.run.recommendation import recommend
from tests.run.evaluation_case import eval_set, measured, script, under_test


@pytest.fixture(scope="module")
def row(tmp_path_factory: pytest.TempPathFactory) -> GraderResult:
    """A row to make others of."""
    spec = script(tmp_path_factory.mktemp("scripts"), {number: number % 5 for number in range(6)})
    return measured(eval_set(6, lambda n, c, r: n % 5), under_test(spec, "row")).asked[0]


def made(row: GraderResult, name: str, cost: float | None, outcome: Adequacy = "adequate", **changes) -> GraderResult:
    usage = EvaluationUsage(requests=1, input_tokens=1, output_tokens=1, cost_usd=cost, latency_ms={"p50": 9.0})
    verdict = Verdict(outcome=outcome, headline="", because=(), cannot_show=None)
    return row.model_copy(update={"name": name, "usage": usage, "verdict": verdict, **changes})


def test_the_cheapest_of_those_that_are_adequate_is_named(row):
    """One that is not adequate is not taken for being cheap."""
    rows = [made(row, "thrice", 0.3), made(row, "once", 0.1), made(row, "poor", 0.01, "not adequate")]
    assert recommend(rows) == (
        "Adequate: thrice, once. The cheapest of them is once (0.1000 US dollars for this split)."
    )


def test_what_costs_the_same_is_taken_with_fewer_readings(row):
    """Free graders differ in what they ask all the same."""
    rows = [made(row, "three", 0.0, samples=3), made(row, "one", 0.0, samples=1)]
    assert "The cheapest of them is one" in recommend(rows)


def test_without_a_price_the_same_grader_with_fewer_readings_is_still_the_cheaper(row):
    """Between different graders nothing is guessed."""
    rows = [made(row, "three", None, samples=3), made(row, "one", None, samples=1)]
    assert "one asks least of the same grader" in recommend(rows)
    other = made(row, "other", None, samples=1, grader="openai:other")
    assert "the cheapest cannot be named" in recommend([*rows, other])


def test_where_none_is_adequate_none_is_recommended(row):
    """Cheap or not."""
    rows = [made(row, "a", 0.0, "not adequate"), made(row, "b", 0.0, "cannot tell with this set")]
    assert recommend(rows).startswith("None of the 2 graders is shown to be adequate")
