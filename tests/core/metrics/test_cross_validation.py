"""Folds of whole units, what others predict of them, and the rule by which a change is kept."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluator.core.metrics.cross_validation import FOLDS, fold_of_units, gain_of, out_of_fold


def test_a_gain_and_its_error_by_hand() -> None:
    """Falls 1, 3 in one unit and 2, 2 in the other: mean 2; units deviate by 0 each, so the error is 0."""
    gain = gain_of([2, 4, 3, 3], [1, 1, 1, 1], ["u", "u", "v", "v"])
    assert (gain.value, gain.error, gain.n, gain.units) == (2, 0, 4, 2)
    # Falls 1 and 3, each a unit: mean 2, deviations -1 and 1, error = sqrt(2/1 * 2) / 2 = 1.
    gain = gain_of([1, 3], [0, 0], ["u", "v"])
    assert (gain.value, gain.error) == (2, 1)
    assert gain.helps
    assert not gain_of([0, 0], [1, 3], ["u", "v"]).helps


def test_answers_of_one_candidate_do_not_make_a_gain_surer() -> None:
    """The same fall ten times from each of two candidates is as uncertain as once from each."""
    once = gain_of([1, 3], [0, 0], ["u", "v"])
    ten_times = gain_of([1] * 10 + [3] * 10, [0] * 20, ["u"] * 10 + ["v"] * 10)
    assert ten_times.error == pytest.approx(once.error)


def test_one_unit_shows_nothing() -> None:
    """Nothing can be said of how a gain varies between units where there is one."""
    gain = gain_of([5, 5], [0, 0], ["u", "u"])
    assert math.isinf(gain.error)
    assert not gain.helps


def test_nothing_lost_is_nothing_gained() -> None:
    """A change that changes nothing is not kept."""
    assert not gain_of([1, 2], [1, 2], ["u", "v"]).helps


@given(st.lists(st.tuples(st.sampled_from("abcdefgh"), st.integers(0, 4)), min_size=8, max_size=40))
def test_no_fold_sees_its_own_unit(items: list[tuple[str, int]]) -> None:
    """Whatever the units: what predicts an item was fitted on items of other units only."""
    units = dict.fromkeys("abcdefgh", 0.0)
    fold_of = fold_of_units(units)
    assert len(set(fold_of.values())) == FOLDS

    def fit(some):
        seen = {unit for unit, _ in some}
        return lambda item: item[0] not in seen

    assert all(out_of_fold(items, lambda item: item[0], fold_of, fit))


def test_folds_do_not_depend_on_the_order_of_the_units() -> None:
    """And hold low and high units alike."""
    levels = {f"u{number}": float(number % 5) for number in range(25)}
    folds = fold_of_units(levels)
    assert folds == fold_of_units(dict(reversed(levels.items())))
    for fold in range(FOLDS):
        inside = [levels[unit] for unit, of in folds.items() if of == fold]
        assert (min(inside), max(inside)) == (0, 4)
