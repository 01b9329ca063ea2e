"""Flip rates by hand."""

from __future__ import annotations

import pytest

from evaluator.core.metrics.bootstrap import resample_clusters
from evaluator.core.metrics.flips import flip_rate

SCALE = (0, 1, 2, 3, 4)


def test_flips_by_hand() -> None:
    """Five answers padded: two up (one by two levels), one down, one the same, one not graded again."""
    resampling = resample_clusters(range(5), seed=1, resamples=100)
    found = flip_rate([1, 2, 3, 4, 0], [2, 4, 2, 4, None], SCALE, resampling)
    assert found.moved.value == pytest.approx(3 / 4)
    assert found.up.value == pytest.approx(2 / 4)
    assert found.down.value == pytest.approx(1 / 4)
    assert found.mean_shift.value == pytest.approx((1 + 2 - 1) / 4)
    assert found.moved.n == 4


def test_an_expected_level_that_stays_within_its_level_has_not_flipped() -> None:
    """2.4 after 2.0 is level 2 twice, and a shift of 0.4."""
    found = flip_rate([2.0, 3.0], [2.4, 3.0], SCALE, resample_clusters(range(2), seed=1, resamples=100))
    assert found.moved.value == 0
    assert found.mean_shift.value == pytest.approx(0.2)


def test_no_flip_in_twenty_is_not_proof_of_none() -> None:
    """The interval of zero flips reaches up to 1 - 0.025^(1/20)."""
    resampling = resample_clusters(range(20), seed=1, resamples=100)
    found = flip_rate([1, 2] * 10, [1, 2] * 10, SCALE, resampling)
    assert found.moved.value == 0
    assert found.moved.high == pytest.approx(1 - 0.025 ** (1 / 20))


def test_nothing_graded_twice_says_so() -> None:
    """No pair, no rate."""
    found = flip_rate([1, None], [None, 2], SCALE, resample_clusters(range(2), seed=1, resamples=10))
    assert found.moved.reason == "no item has both levels"
