"""The raters' own agreement is the ceiling, read like with like beside the grader's."""

from __future__ import annotations

import numpy as np
import pytest

from evaluator.core.metrics import agreement
from evaluator.core.metrics.bootstrap import resample_clusters
from evaluator.core.metrics.ceiling import (
    agreement_with_raters,
    beside_raters,
    ceiling_figures,
    rater_ceiling,
    ratio_to_ceiling,
)
from evaluator.core.metrics.figures import KEYS, STATISTICS, agreement_figures
from evaluator.core.metrics.levels import Readings

SCALE = (0, 1, 2, 3, 4)
N = 60


def three_raters(noise: float = 1.0) -> tuple[list[float], dict[str, Readings]]:
    """A truth of 60 answers and three raters who each stray from it by a level at most."""
    random = np.random.default_rng(12)
    truth = random.integers(0, 5, N)
    strays = {name: random.choice([-1, 0, 0, 1], N) * noise for name in "abc"}
    return truth.tolist(), {name: np.clip(truth + stray, 0, 4).tolist() for name, stray in strays.items()}


RESAMPLING = resample_clusters([item // 4 for item in range(N)], seed=1, resamples=300)


def test_the_ceiling_is_the_mean_over_pairs_of_raters() -> None:
    """Three raters make three pairs; alpha and ICC are of all three at once."""
    _, raters = three_raters()
    ceiling = rater_ceiling(raters, SCALE, RESAMPLING)
    a, b, c = raters.values()
    kappas = [agreement.weighted_kappa(*pair, SCALE).value for pair in ((a, b), (a, c), (b, c))]
    assert ceiling.quadratic_kappa.value == pytest.approx(sum(kappa or 0 for kappa in kappas) / 3)
    assert ceiling.alpha.value == pytest.approx(agreement.ordinal_alpha([a, b, c], SCALE).value)
    assert ceiling.icc.value == pytest.approx(agreement.icc_2_1([a, b, c]).value)
    assert ceiling.quadratic_kappa.has_interval
    assert ceiling.alpha.has_interval


def test_the_signed_error_between_raters_has_no_direction() -> None:
    """Neither of two raters is the standard for the other."""
    _, raters = three_raters()
    assert "no direction" in str(rater_ceiling(raters, SCALE, RESAMPLING).mean_signed_error)


def test_one_rater_has_no_ceiling() -> None:
    """Every figure says that there is no pair of raters."""
    _, raters = three_raters()
    ceiling = rater_ceiling({"a": raters["a"]}, SCALE, RESAMPLING)
    assert {estimate.reason for _, estimate in ceiling.items()} == {"there is no pair of raters"}


def test_a_rater_who_labelled_the_grader_s_answers_only_in_part_still_counts() -> None:
    """Each rater's figure is on the answers that rater labelled; n is the answers that any labelled."""
    truth, raters = three_raters()
    raters["c"] = [level if item < 20 else None for item, level in enumerate(raters["c"])]
    figures = agreement_with_raters(truth, raters, SCALE, RESAMPLING)
    expected = [agreement.exact_agreement(truth, readings, SCALE).value or 0 for readings in raters.values()]
    assert figures.exact.value == pytest.approx(sum(expected) / 3)
    assert figures.exact.n == N


def test_a_rater_without_a_figure_is_left_out_and_noted() -> None:
    """A mean of how many is said where not all could be read."""
    truth, raters = three_raters()
    figures = agreement_with_raters(truth, {**raters, "d": [2.0] * N}, SCALE, RESAMPLING)
    assert figures.spearman.note == "mean of 3 of 4 (rater each)"
    assert figures.exact.note is None


def test_the_ratio_to_the_ceiling_is_paired() -> None:
    """The grader who is one of the raters' peers is at about 1, and the truth itself above."""
    truth, raters = three_raters()
    ratio = ratio_to_ceiling(truth, raters, SCALE, RESAMPLING).quadratic_kappa
    mine = agreement_with_raters(truth, raters, SCALE, RESAMPLING).quadratic_kappa.value
    ceiling = rater_ceiling(raters, SCALE, RESAMPLING).quadratic_kappa.value
    assert mine is not None
    assert ceiling is not None
    assert ratio.value == pytest.approx(mine / ceiling)
    assert ratio.low is not None
    assert ratio.low > 1


def test_raters_who_never_differ_leave_no_error_to_divide_by() -> None:
    """A ceiling of zero error gives a reason, not an infinite ratio."""
    truth, raters = three_raters(noise=0)
    assert "the raters' own figure is 0" in str(ratio_to_ceiling(truth, raters, SCALE, RESAMPLING).rmse)


def test_the_figures_come_in_the_order_of_the_report() -> None:
    """Every statistic is there once, by its key."""
    truth, raters = three_raters()
    figures = agreement_figures(truth, raters["a"], SCALE, RESAMPLING)
    assert [statistic.key for statistic, _ in figures.items()] == list(KEYS)
    assert all(figures[statistic.key] is estimate for statistic, estimate in figures.items())
    assert len(STATISTICS) == 10
    with pytest.raises(KeyError):
        figures["kappa"]


def test_readings_of_other_items_than_the_resampling_are_refused() -> None:
    """Clusters of 60 items say nothing of 59."""
    truth, raters = three_raters()
    with pytest.raises(ValueError, match="59 readings, but the resampling is of 60 items"):
        agreement_figures(truth[:59], raters["a"][:59], SCALE, RESAMPLING)


def test_figures_that_are_drawn_once_are_those_that_are_drawn_one_by_one() -> None:
    """Sharing the draws between the raters' figures, their mean and the ratio changes none of them."""
    truth, raters = three_raters()
    grader: Readings = [None if item == 7 else level for item, level in enumerate(truth)]
    beside = beside_raters(grader, raters, SCALE, RESAMPLING, ceiling_figures(raters, SCALE, RESAMPLING))
    assert beside.of_each == {
        name: agreement_figures(grader, readings, SCALE, RESAMPLING) for name, readings in raters.items()
    }
    assert beside.mean == agreement_with_raters(grader, raters, SCALE, RESAMPLING)
    assert beside.ratio == ratio_to_ceiling(grader, raters, SCALE, RESAMPLING)
