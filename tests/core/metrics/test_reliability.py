"""Reliability bins and the coverage-risk curve by hand."""

from __future__ import annotations

import numpy as np
import pytest

from evaluator.core.metrics.bootstrap import resample_clusters
from evaluator.core.metrics.reliability import coverage_risk, reliability


def test_bins_and_calibration_error_by_hand() -> None:
    """Two bins on 0..1. Low: .1 and .3 predicted, 0 and 1 observed: means .2 and .5. High: .9, 1, 1: all observed.

    Error: 2/5 * .3 + 3/5 * (1 - .96667) = .12 + .02 = .14.
    """
    resampling = resample_clusters(range(5), seed=1, resamples=50)
    found = reliability([0.1, 0.3, 0.9, 1.0, 1.0], [0, 1, 1, 1, 1], low=0, high=1, bins=2, resampling=resampling)
    assert [(part.low, part.high, part.n) for part in found.bins] == [(0, 0.5, 2), (0.5, 1, 3)]
    assert found.bins[0].mean_predicted == pytest.approx(0.2)
    assert found.bins[0].mean_observed == pytest.approx(0.5)
    assert found.calibration_error.value == pytest.approx(0.14)
    assert found.calibration_error.n == 5
    assert found.calibration_error.has_interval


def test_expected_levels_are_binned_on_the_scale_and_empty_bins_are_left_out() -> None:
    """Five bins on 0..4 for expected levels, two of them held."""
    resampling = resample_clusters(range(4), seed=1, resamples=50)
    found = reliability([0.5, None, 3.9, 4.0], [1, 2, 4, 4], low=0, high=4, bins=5, resampling=resampling)
    assert [(part.n, part.mean_observed) for part in found.bins] == [(1, 1), (2, 4)]


def test_an_honest_confidence_is_calibrated_in_the_long_run() -> None:
    """Right as often as it says: the error is small on twenty thousand grades."""
    random = np.random.default_rng(2)
    confidence = random.random(20_000)
    right = (random.random(20_000) < confidence).astype(float)
    resampling = resample_clusters([item // 1000 for item in range(20_000)], seed=1, resamples=20)
    found = reliability(confidence.tolist(), right.tolist(), low=0, high=1, resampling=resampling)
    assert found.calibration_error.value == pytest.approx(0, abs=0.02)


def test_a_prediction_off_the_range_is_refused() -> None:
    """A confidence of 1.2 is a mistake upstream."""
    with pytest.raises(ValueError, match="outside 0 to 1"):
        reliability([1.2], [1], low=0, high=1, resampling=resample_clusters([0], seed=1))


def test_coverage_and_risk_by_hand() -> None:
    """Confidences .9 .8 .8 .5, the third and last wrong: equal confidences stand together.

    .9: 1 stands, 0 wrong. .8: 3 stand, 1 wrong. .5: 4 stand, 2 wrong. Area .25*0 + .5*(1/3) + .25*(1/2).
    """
    curve = coverage_risk([0.8, 0.9, 0.8, 0.5, None], [False, False, True, True, True])
    assert [(point.confidence, point.standing, point.coverage) for point in curve.points] == [
        (0.9, 1, 0.25),
        (0.8, 3, 0.75),
        (0.5, 4, 1.0),
    ]
    assert [point.risk for point in curve.points] == pytest.approx([0, 1 / 3, 1 / 2])
    assert curve.area.value == pytest.approx(0.5 / 3 + 0.125)


def test_nothing_to_plot_says_why() -> None:
    """No item has both a number and a label."""
    resampling = resample_clusters([0], seed=1)
    assert reliability([None], [1], low=0, high=1, resampling=resampling).calibration_error.reason
    assert coverage_risk([0.5], [None]).area.reason
