"""An estimate is a finite number with its n, or a reason why there is none."""

from __future__ import annotations

import pytest

from evaluator.core.metrics.estimate import Estimate, decimals, not_available


def test_an_estimate_prints_its_interval_and_n() -> None:
    """A reader sees the figure, how sure it is and on how many items."""
    assert str(Estimate(0.834, 120, low=0.71, high=0.906)) == "0.83 (0.71 to 0.91), n=120"


def test_a_figure_that_is_not_defined_says_why() -> None:
    """There is no number to mistake for a measurement."""
    assert str(not_available("every label is the same", 12)) == "n/a, because every label is the same (n=12)"


@pytest.mark.parametrize(
    "wrong",
    [
        {"value": float("nan"), "n": 3},
        {"value": None, "n": 3},
        {"value": 0.5, "n": 3, "reason": "it has a value"},
        {"value": 0.5, "n": 3, "low": 0.1},
        {"value": 0.5, "n": 3, "low": float("-inf"), "high": 1.0},
    ],
)
def test_an_estimate_that_hides_the_unknown_cannot_be_made(wrong: dict[str, object]) -> None:
    """NaN, a missing value without a reason and half an interval are refused."""
    with pytest.raises(ValueError, match=r"estimate|interval"):
        Estimate(**wrong)


def test_what_rounds_to_nothing_has_no_minus() -> None:
    """-0.004 is written 0.00, with a plus where signs are written."""
    assert str(Estimate(-0.004, 9, -0.3, 0.001)) == "0.00 (-0.30 to 0.00), n=9"
    assert decimals(-0.001, "+") == "+0.00"
