"""Readings are aligned item by item and rounded to levels."""

from __future__ import annotations

import numpy as np
import pytest

from evaluator.core.metrics.levels import as_array, check_scale, nearest_positions, pair


def test_only_items_with_both_readings_are_paired() -> None:
    """A missing reading on either side drops the item and keeps its place known."""
    pairs = pair([1, None, 3, 4], [0, 2, None, 4])
    assert pairs.items.tolist() == [0, 3]
    assert pairs.first.tolist() == [1, 4]
    assert pairs.second.tolist() == [0, 4]


def test_readings_of_different_length_are_refused() -> None:
    """Two lists that are not aligned cannot be compared."""
    with pytest.raises(ValueError, match="3 and 2 items"):
        pair([1, 2, 3], [1, 2])


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_reading_is_a_finite_number_or_none(value: float) -> None:
    """NaN does not pass for a missing reading."""
    with pytest.raises(ValueError, match="finite"):
        as_array([1.0, value])


@pytest.mark.parametrize(("value", "position"), [(0, 0), (0.49, 0), (0.5, 1), (1.5, 2), (2.5, 3), (3.49, 3), (4, 4)])
def test_a_value_between_levels_goes_to_the_nearest_and_halfway_up(value: float, position: int) -> None:
    """Halves always round up, not to the even level."""
    assert nearest_positions(np.array([value]), (0, 1, 2, 3, 4)).tolist() == [position]


def test_positions_are_on_any_scale() -> None:
    """On a scale of halves, 2.5 is the sixth level."""
    scale = tuple(step / 2 for step in range(11))
    assert nearest_positions(np.array([2.5, 2.7, 5.0]), scale).tolist() == [5, 5, 10]


def test_a_value_off_the_scale_is_refused() -> None:
    """A level that the scale does not have is a mistake upstream, not the nearest level."""
    with pytest.raises(ValueError, match="off the scale 0 to 4"):
        nearest_positions(np.array([4.2]), (0, 1, 2, 3, 4))


@pytest.mark.parametrize("scale", [(1,), (2, 1), (0, 0, 1)])
def test_a_scale_is_two_levels_or_more_in_order(scale: tuple[float, ...]) -> None:
    """One level, a falling scale and a level named twice are refused."""
    with pytest.raises(ValueError, match="scale"):
        check_scale(scale)
