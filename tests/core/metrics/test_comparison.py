"""Two graders on the same answers: paired, in the right direction, and allowed to be indistinguishable."""

from __future__ import annotations

import numpy as np
import pytest

from evaluator.core.metrics.bootstrap import resample_clusters
from evaluator.core.metrics.comparison import (
    Comparison,
    RunNoise,
    beyond_noise,
    compare_calls,
    compare_graders,
    run_noise,
)
from evaluator.core.metrics.levels import Readings

SCALE = (0, 1, 2, 3, 4)
N = 150
RANDOM = np.random.default_rng(21)
TRUTH = RANDOM.integers(0, 5, N)
RESAMPLING = resample_clusters([item // 5 for item in range(N)], seed=1, resamples=400)


def grader(stray: float) -> list[float | None]:
    """A grader that strays from the truth by a normal deviate."""
    return np.clip(np.round(TRUTH + RANDOM.normal(0, stray, N)), 0, 4).tolist()


def by_key(comparisons: tuple[Comparison, ...]) -> dict[str, Comparison]:
    """The comparisons by their statistic's key."""
    return {comparison.statistic.key: comparison for comparison in comparisons}


def test_the_better_grader_is_named_whichever_way_better_points() -> None:
    """More agreement is better, less error is: the same grader wins on both."""
    good, bad = grader(0.4), grader(1.5)
    rater: dict[str, Readings] = {"rater": TRUTH.tolist()}
    found = by_key(compare_graders(good, bad, rater, SCALE, RESAMPLING))
    for key in ("exact", "quadratic_kappa", "alpha", "spearman", "mean_absolute_error", "rmse"):
        assert found[key].verdict == "first is better", key
    turned = by_key(compare_graders(bad, good, rater, SCALE, RESAMPLING))
    assert turned["quadratic_kappa"].verdict == "second is better"
    kappa = found["quadratic_kappa"]
    assert kappa.difference.value == pytest.approx((kappa.first.value or 0) - (kappa.second.value or 0))


def test_the_signed_error_is_compared_by_its_size() -> None:
    """Too generous by 1 is worse than too harsh by a fifth."""
    harsh = [max(0.0, level - 1.0) if item % 5 == 0 else float(level) for item, level in enumerate(TRUTH)]
    generous = [min(4.0, level + 1.0) for level in TRUTH.tolist()]
    found = by_key(compare_graders(harsh, generous, {"rater": TRUTH.tolist()}, SCALE, RESAMPLING))
    assert found["mean_signed_error"].verdict == "first is better"
    assert (found["mean_signed_error"].difference.value or 0) < 0


def test_two_graders_of_one_kind_differ_by_nothing_this_set_can_show() -> None:
    """The same stray twice: the interval of the difference holds zero."""
    found = by_key(compare_graders(grader(0.8), grader(0.8), {"rater": TRUTH.tolist()}, SCALE, RESAMPLING))
    assert found["quadratic_kappa"].verdict == "no difference that this set can show"


def test_a_grader_is_no_different_from_itself() -> None:
    """Paired: the difference is zero on every draw."""
    same = grader(0.8)
    found = by_key(compare_graders(same, same, {"rater": TRUTH.tolist()}, SCALE, RESAMPLING))
    kappa = found["quadratic_kappa"]
    assert (kappa.difference.low, kappa.difference.value, kappa.difference.high) == (0, 0, 0)
    assert kappa.verdict == "no difference that this set can show"


def test_only_items_that_both_graded_are_compared() -> None:
    """What one could not grade does not count for the other."""
    one, other = grader(0.5), grader(0.5)
    one[:10] = [None] * 10
    other[140:] = [None] * 10
    found = by_key(compare_graders(one, other, {"rater": TRUTH.tolist()}, SCALE, RESAMPLING))
    assert found["exact"].difference.n == found["exact"].first.n == found["exact"].second.n == 130


def test_a_statistic_that_one_grader_does_not_have_cannot_be_told() -> None:
    """Always the same level has no rank correlation to compare."""
    found = by_key(compare_graders(grader(0.5), [2.0] * N, {"rater": TRUTH.tolist()}, SCALE, RESAMPLING))
    assert found["spearman"].verdict == "cannot tell"
    assert found["spearman"].difference.reason
    assert found["quadratic_kappa"].verdict == "first is better"


def test_pass_and_fail_calls_are_compared_on_the_same_draws() -> None:
    """One grader calls as the raters do; the other passes everybody."""
    truth = [bool(level >= 3) for level in TRUTH]
    found = by_key(compare_calls(truth, truth, [True] * N, RESAMPLING))
    assert found["precision"].verdict == "first is better"
    assert found["recall"].verdict == "no difference that this set can show"


def test_run_noise_by_hand() -> None:
    """.80 .82 .84: mean .82, standard deviation .02."""
    noise = run_noise([0.80, 0.82, None, 0.84])
    assert noise.runs == 3
    assert noise.mean == pytest.approx(0.82)
    assert noise.spread == pytest.approx(0.02)


def test_one_run_has_no_noise_to_show() -> None:
    """The spread is unknown, which is not zero."""
    assert run_noise([0.8]).spread is None
    assert "repeat" in (run_noise([0.8]).reason or "")
    assert run_noise([None]).mean is None


def test_a_difference_is_held_against_the_noise_of_both() -> None:
    """Spreads .03 and .04: two runs differ by .05 in standard deviation, by .098 one time in twenty."""
    one, other = RunNoise(5, 0.8, 0.03), RunNoise(5, 0.8, 0.04)
    assert beyond_noise(0.10, one, other) is True
    assert beyond_noise(-0.09, one, other) is False
    assert beyond_noise(0.10, one, run_noise([0.8])) is None
