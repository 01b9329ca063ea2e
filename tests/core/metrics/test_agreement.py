"""Agreement statistics by hand, against published tables, and by their properties."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluator.core.metrics.agreement import (
    adjacent_agreement,
    exact_agreement,
    icc_2_1,
    mean_absolute_error,
    mean_signed_error,
    ordinal_alpha,
    root_mean_square_error,
    spearman,
    weighted_kappa,
)
from evaluator.core.metrics.estimate import Estimate
from evaluator.core.metrics.levels import Readings

SCALE = (0, 1, 2, 3, 4)
GRADER = [0, 1, 2, 3, 4, 2]
RATER = [0, 2, 2, 1, 4, 3]

# Every statistic of two readings, to hold what all of them share.
OF_TWO: dict[str, Callable[[Readings, Readings], Estimate]] = {
    "exact": lambda a, b: exact_agreement(a, b, SCALE),
    "adjacent": lambda a, b: adjacent_agreement(a, b, SCALE),
    "quadratic kappa": lambda a, b: weighted_kappa(a, b, SCALE),
    "linear kappa": lambda a, b: weighted_kappa(a, b, SCALE, "linear"),
    "alpha": lambda a, b: ordinal_alpha([a, b], SCALE),
    "icc": lambda a, b: icc_2_1([a, b]),
    "spearman": spearman,
    "mean absolute error": mean_absolute_error,
    "mean signed error": mean_signed_error,
    "rmse": lambda a, b: root_mean_square_error(a, b, SCALE),
}
ERRORS = {"mean absolute error", "mean signed error", "rmse"}

levels = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=2, max_size=25)


@pytest.mark.parametrize(
    ("statistic", "expected"),
    [
        # Differences grader - rater: 0 -1 0 2 0 -1.
        ("exact", 3 / 6),
        ("adjacent", 5 / 6),
        ("mean absolute error", (0 + 1 + 0 + 2 + 0 + 1) / 6),
        ("mean signed error", (0 - 1 + 0 + 2 + 0 - 1) / 6),
        ("rmse", (((1 + 4 + 1) / 6) ** 0.5) / 4),
    ],
)
def test_shares_and_errors_by_hand(statistic: str, expected: float) -> None:
    """Six answers: three the same, two one level apart, one two levels apart."""
    assert OF_TWO[statistic](GRADER, RATER).value == pytest.approx(expected)


def test_weighted_kappa_by_hand() -> None:
    """Three levels, four answers: (0,0) (1,1) (2,1) (2,2).

    Grader's margin 1 1 2, rater's 1 2 1, over 4. Quadratic: observed disagreement 1 (the pair 2,1).
    Expected, sum of w r c / n: level 0 of the grader (0*1 + 1*2 + 4*1) * 1 = 6; level 1 (1*1 + 0*2 + 1*1) * 1
    = 2; level 2 (4*1 + 1*2 + 0*1) * 2 = 12; 20 / 4 = 5. Kappa 1 - 1/5 = 0.8.
    Linear: observed 1; expected (0 + 2 + 2) * 1 + (1 + 0 + 1) * 1 + (2 + 2 + 0) * 2 = 14, / 4 = 3.5; 1 - 2/7.
    """
    grader, rater = [0, 1, 2, 2], [0, 1, 1, 2]
    assert weighted_kappa(grader, rater, (0, 1, 2)).value == pytest.approx(0.8)
    assert weighted_kappa(grader, rater, (0, 1, 2), "linear").value == pytest.approx(5 / 7)


def test_kappa_weights_count_levels_of_the_scale_that_nobody_used() -> None:
    """Levels 0 and 4 alone: on the whole scale the distance is 4 steps, which cancels; an unused middle changes
    nothing else, so kappa is that of two categories: (0.75 - 0.5) / (1 - 0.5) = 0.5."""
    assert weighted_kappa([0, 0, 4, 4], [0, 0, 4, 0], SCALE).value == pytest.approx(0.5)


def test_icc_is_the_published_one() -> None:
    """Shrout and Fleiss (1979), table 2: six targets, four judges; table 4 gives ICC(2,1) = .29."""
    judges = [[9, 6, 8, 7, 10, 6], [2, 1, 4, 1, 5, 2], [5, 3, 6, 2, 6, 4], [8, 2, 8, 6, 9, 7]]
    figure = icc_2_1(judges)
    assert figure.value == pytest.approx(0.29, abs=0.005)
    assert figure.n == 6


def test_icc_by_hand() -> None:
    """Two raters, three items: (1,2) (3,3) (5,6). Grand mean 20/6 = 10/3.

    Items' means 1.5 3 5.5: SS 2((1.5-10/3)^2 + (3-10/3)^2 + (5.5-10/3)^2) = 2(3.3611+0.1111+4.6944) = 16.3333,
    MSR 8.1667. Raters' means 3 and 11/3: SS 3(1/9 + 1/9) = 0.6667, MSC 0.6667.
    Total SS: 5.4444+1.7778+0.1111+0.1111+2.7778+7.1111 = 17.3333; rest 0.3333, MSE 0.1667.
    (8.1667 - 0.1667) / (8.1667 + 0.1667 + 2(0.6667-0.1667)/3) = 8 / 8.6667 = 0.9231.
    """
    assert icc_2_1([[1, 3, 5], [2, 3, 6]]).value == pytest.approx(12 / 13)


def test_alpha_is_the_published_one() -> None:
    """Krippendorff's example of four observers and twelve units with missing labels: ordinal alpha .815."""
    observers: list[Readings] = [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, None, None, None],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, None, 3],
        [None, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, None],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, None],
    ]
    figure = ordinal_alpha(observers, (1, 2, 3, 4, 5))
    assert figure.value == pytest.approx(0.815, abs=0.0005)
    assert figure.n == 11  # the twelfth unit has one label


def test_alpha_by_hand() -> None:
    """Two raters, three items on two levels: (0,0) (0,1) (1,1). Six labels, three each.

    Two levels differ by d in every pair, so d cancels. Coincidences off the diagonal: 2 of 6; expected
    2 * 3 * 3 / 5 = 3.6 of 6. Alpha 1 - 2 / 3.6 = 0.4444.
    """
    assert ordinal_alpha([[0, 0, 1], [0, 1, 1]], (0, 1)).value == pytest.approx(4 / 9)


def test_spearman_by_hand() -> None:
    """Without ties, 1 - 6 sum(d^2) / n(n^2 - 1): ranks 1 2 3 4 against 2 1 3 4, sum 2: 1 - 12/60 = 0.8."""
    assert spearman([0, 1, 2, 3], [1, 0, 2.5, 4]).value == pytest.approx(0.8)


def test_expected_levels_are_rounded_for_levels_and_kept_for_errors() -> None:
    """2.4 is level 2 to a kappa; its error from 2 is 0.4."""
    grader, rater = [2.4, 0.6, 4], [2, 1, 4]
    assert exact_agreement(grader, rater, SCALE).value == 1
    assert weighted_kappa(grader, rater, SCALE).value == 1
    assert mean_absolute_error(grader, rater).value == pytest.approx(0.8 / 3)


@pytest.mark.parametrize("name", OF_TWO)
def test_an_item_without_a_reading_is_not_counted(name: str) -> None:
    """The figure is that of the items that both cover, and n says how many they are."""
    with_gaps = OF_TWO[name]([*GRADER, None, 3, None], [*RATER, 2, None, None])
    assert with_gaps == OF_TWO[name](GRADER, RATER)
    assert with_gaps.n == 6


@pytest.mark.parametrize("name", OF_TWO)
def test_no_common_item_gives_a_reason(name: str) -> None:
    """Nothing is made of nothing."""
    figure = OF_TWO[name]([None, 1], [2, None])
    assert figure.value is None
    assert figure.n == 0
    assert figure.reason


@pytest.mark.parametrize("name", ["quadratic kappa", "linear kappa", "alpha", "icc", "spearman"])
def test_labels_that_are_all_the_same_give_a_reason(name: str) -> None:
    """Agreement beyond chance is not defined where chance agrees always: n/a, neither 0 nor 1."""
    figure = OF_TWO[name]([3, 3, 3], [3, 3, 3])
    assert figure.value is None
    assert figure.reason is not None
    assert "same" in figure.reason


def test_a_grader_that_always_says_the_same_has_kappa_0_and_no_rank_correlation() -> None:
    """The commonest level, always, agrees as chance does: that is a measured zero; ranks it has none."""
    assert weighted_kappa([1, 1, 1, 1], [0, 1, 2, 1], SCALE).value == pytest.approx(0)
    assert spearman([1, 1, 1, 1], [0, 1, 2, 1]).reason is not None


@pytest.mark.parametrize(
    ("raters", "reason"),
    [
        ([[1, 2, 3]], "fewer than two raters"),
        ([[1, 2], [1, None]], "fewer than two items"),
    ],
)
def test_icc_needs_two_raters_and_two_items(raters: list[Readings], reason: str) -> None:
    """What is missing is said."""
    assert reason in (icc_2_1(raters).reason or "")


@pytest.mark.parametrize("name", OF_TWO)
@given(readings=levels, seed=st.integers(0, 99))
@settings(max_examples=15, deadline=None)
def test_the_order_of_items_changes_nothing(name: str, readings: list[tuple[int, int]], seed: int) -> None:
    """A statistic is of a set of items."""
    order = np.random.default_rng(seed).permutation(len(readings))
    straight = OF_TWO[name](*zip(*readings, strict=True))
    shuffled = OF_TWO[name](*zip(*(readings[place] for place in order), strict=True))
    assert straight.reason == shuffled.reason
    assert straight.value == pytest.approx(shuffled.value)


@pytest.mark.parametrize("name", OF_TWO)
@given(readings=levels)
@settings(max_examples=15, deadline=None)
def test_grader_and_rater_can_be_exchanged(name: str, readings: list[tuple[int, int]]) -> None:
    """Every statistic is symmetric but the signed error, which changes its sign."""
    first, second = zip(*readings, strict=True)
    straight, turned = OF_TWO[name](first, second), OF_TWO[name](second, first)
    if straight.value is None:
        assert turned.value is None
    else:
        sign = -1 if name == "mean signed error" else 1
        assert turned.value == pytest.approx(sign * straight.value)


@pytest.mark.parametrize("name", OF_TWO)
@given(readings=st.lists(st.integers(0, 4), min_size=2, max_size=25).filter(lambda held: len(set(held)) > 1))
@settings(max_examples=15, deadline=None)
def test_a_perfect_grader_agrees_perfectly(name: str, readings: list[int]) -> None:
    """Agreement is 1 and every error 0."""
    assert OF_TWO[name](readings, readings).value == pytest.approx(0 if name in ERRORS else 1)


@pytest.mark.parametrize("name", ["quadratic kappa", "linear kappa", "alpha", "icc", "spearman"])
def test_raters_who_agree_by_chance_come_out_near_zero(name: str) -> None:
    """Twenty thousand items labelled independently: beyond chance there is nothing."""
    random = np.random.default_rng(11)
    first, second = random.integers(0, 5, 20_000), random.integers(0, 5, 20_000)
    assert OF_TWO[name](first.tolist(), second.tolist()).value == pytest.approx(0, abs=0.03)
