"""A cap on what a run may cost: never passed by more than what is in flight costs beyond its reservation."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluator.core.budget import Budget, Forecast

dollars = st.floats(0.001, 5.0)


@given(st.floats(0.01, 20.0), st.lists(st.tuples(dollars, dollars, st.booleans()), max_size=60))
def test_the_cap_is_passed_at_most_by_what_requests_cost_beyond_their_reservations(
    cap: float, requests: list[tuple[float, float, bool]]
) -> None:
    """Whatever is asked, in whatever order it ends: the overshoot is the sum of the reservations' errors."""
    budget = Budget(cap)
    in_flight: list[tuple[float, float]] = []
    error = 0.0
    for expected, actual, ends in requests:
        if budget.reserve(expected):
            in_flight.append((expected, actual))
        if ends and in_flight:
            over = in_flight.pop(0)
            error += max(0.0, over[1] - over[0])
            budget.settle(*over)
    for over in in_flight:
        error += max(0.0, over[1] - over[0])
        budget.settle(*over)
    assert budget.spent_usd <= cap + error + 1e-9
    assert budget.reserved_usd == pytest.approx(0.0, abs=1e-9)


def test_what_is_in_flight_cannot_be_spent_twice() -> None:
    """Two reservations that fit one by one and not together: the second has to wait until the first is settled."""
    budget = Budget(1.0)
    assert budget.reserve(0.6)
    assert not budget.reserve(0.6)
    budget.settle(0.6, 0.1)
    assert budget.reserve(0.6)
    assert str(budget) == "$0.10 of $1.00"


def test_estimates_follow_what_replies_really_cost() -> None:
    """A model that thinks before it answers costs several times the guess; after one bill the guess is better."""
    forecast = Forecast()
    assert forecast.corrected(0.01) == 0.01
    forecast.learn(0.01, 0.05)
    assert forecast.corrected(0.01) == pytest.approx(0.05)
    forecast.learn(0.03, 0.03)
    assert forecast.corrected(0.01) == pytest.approx(0.02)
