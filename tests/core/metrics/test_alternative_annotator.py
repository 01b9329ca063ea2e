"""The alternative annotator test on cases whose outcome can be worked out, and where it cannot be made."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import t as student

from evaluator.core.metrics.alternative_annotator import alternative_annotator_test
from evaluator.core.metrics.levels import Readings


def test_the_outcome_by_hand() -> None:
    """Forty items, raters a and b always 2, rater c 3 on the first ten and 2 on the rest, grader always 2.

    Set a aside: on the first ten the others say 2 and 3, the grader and a say the same 2: ties throughout, d = 0
    on all forty, mean 0 < epsilon 0.2 without variation: p 0. The same with b. Set c aside: the others say
    2; on ten items the grader is nearer: d = -1, else 0; mean -0.25, sd sqrt(10 * 0.75^2 + 30 * 0.25^2) / sqrt(39)
    = 0.43853, t = (-0.25 - 0.2) / (0.43853 / sqrt(40)) = -6.490. The grader wins against all three.
    Advantage: the grader is at least as good everywhere, rho = 1.
    """
    raters: dict[str, Readings] = {"a": [2] * 40, "b": [2] * 40, "c": [3] * 10 + [2] * 30}
    outcome = alternative_annotator_test([2] * 40, raters, epsilon=0.2)
    assert outcome.winning_rate.value == 1
    assert outcome.advantage.value == 1
    assert outcome.passed is True
    of_c = outcome.raters[2]
    assert (of_c.grader_advantage, of_c.rater_advantage, of_c.n) == (1, 0.75, 40)
    assert of_c.p_value == pytest.approx(student.cdf(-6.490, 39), rel=0.01)
    # Benjamini and Yekutieli, largest of three: p * (1 + 1/2 + 1/3).
    assert of_c.p_adjusted == pytest.approx(of_c.p_value * (1 + 1 / 2 + 1 / 3))


def near(random: np.random.Generator, truth: np.ndarray, stray: float) -> list[float | None]:
    """Labels that stray from the truth by a normal deviate, rounded and kept on 0 to 4."""
    return np.clip(np.round(truth + random.normal(0, stray, len(truth))), 0, 4).tolist()


@pytest.mark.parametrize(("stray", "passes"), [(0.2, True), (2.0, False)], ids=["better", "worse"])
@pytest.mark.parametrize("alignment", ["rmse", "accuracy"])
def test_a_grader_nearer_to_the_truth_than_the_raters_passes(stray: float, alignment: str, *, passes: bool) -> None:
    """Four raters with the same error, a grader with much less or much more."""
    random = np.random.default_rng(5)
    truth = random.integers(0, 5, 100)
    raters = {name: near(random, truth, 0.7) for name in "abcd"}
    outcome = alternative_annotator_test(near(random, truth, stray), raters, epsilon=0.15, alignment=alignment)
    assert outcome.passed is passes
    assert outcome.winning_rate.value == (1 if passes else 0)


def test_a_larger_epsilon_is_easier_to_pass() -> None:
    """The same grader as the raters loses without a handicap on them and wins with a large one."""
    random = np.random.default_rng(8)
    truth = random.integers(0, 5, 150)
    raters = {name: near(random, truth, 0.6) for name in "abc"}
    grader = near(random, truth, 0.6)
    rates = [
        alternative_annotator_test(grader, raters, epsilon=epsilon).winning_rate.value for epsilon in (0.0, 0.2, 0.5)
    ]
    assert rates[0] == 0
    assert rates[2] == 1
    assert rates == sorted(rates, key=lambda rate: rate or 0)


def test_a_grader_that_is_always_worse_loses_without_variation() -> None:
    """d = 1 on every item: there is no t statistic, and the p-value is its limit, 1."""
    outcome = alternative_annotator_test([4] * 30, {"a": [0] * 30, "b": [0] * 30, "c": [0] * 30})
    assert [rater.p_value for rater in outcome.raters] == [1, 1, 1]
    assert outcome.winning_rate.value == 0
    assert outcome.advantage.value == 0


@pytest.mark.parametrize(
    ("raters", "reason"),
    [
        ({"a": [1.0] * 40, "b": [1.0] * 40}, "it needs 3 raters and there are 2"),
        ({name: [1.0] * 29 + [None] * 11 for name in "abc"}, "3 raters with 30 shared items each and 0 have that"),
        (
            {"a": [1.0] * 40, "b": [1.0] * 40, "c": [1.0] * 5 + [None] * 35},
            "3 raters with 30 shared items each and 2 have that",
        ),
    ],
)
def test_too_few_raters_or_items_give_a_reason(raters: dict[str, Readings], reason: str) -> None:
    """The test is not made, and the outcome is neither passed nor failed."""
    outcome = alternative_annotator_test([1.0] * 40, raters)
    assert reason in (outcome.winning_rate.reason or "")
    assert outcome.passed is None


def test_a_rater_with_too_few_items_is_named_and_left_out() -> None:
    """Three raters are enough; the fourth labelled five."""
    raters: dict[str, Readings] = {name: [1, 2] * 20 for name in "abc"}
    raters["d"] = [1.0] * 5 + [None] * 35
    outcome = alternative_annotator_test([1, 2] * 20, raters)
    assert outcome.left_out == ("d",)
    assert [rater.rater_id for rater in outcome.raters] == ["a", "b", "c"]


def test_an_ungraded_item_is_not_counted() -> None:
    """Items without a grade are no loss for the grader and no win."""
    raters: dict[str, Readings] = {name: [1, 2] * 20 for name in "abc"}
    outcome = alternative_annotator_test([None, None, *[1, 2] * 19], raters)
    assert outcome.winning_rate.n == 38


def test_readings_that_are_not_aligned_are_refused() -> None:
    """A rater with another number of items."""
    with pytest.raises(ValueError, match="not aligned"):
        alternative_annotator_test([1] * 3, {"a": [1] * 3, "b": [1] * 3, "c": [1] * 2})
