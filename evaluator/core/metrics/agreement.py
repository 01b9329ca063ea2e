"""Agreement of two or more readings of the same items, each statistic by the library that keeps it.

These are the figures that a report states. `cross_table` computes the same ones for thousands of
resamples at once; the tests hold the two equal.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from evaluator.core.metrics.estimate import Estimate, not_available
from evaluator.core.metrics.levels import (
    Floats,
    Pairs,
    Positions,
    Readings,
    as_array,
    check_scale,
    nearest_positions,
    pair,
)

NO_ITEMS = "no item has both readings"
ALL_THE_SAME = "every label is the same"
# A sum of squares below this share of those it was made of is nothing but rounding.
ROUNDING = 1e-9


def exact_agreement(first: Readings, second: Readings, scale: Sequence[float]) -> Estimate:
    """Share of items with the same level: sum(a = b) / n, in 0..1. Values between levels are rounded first."""
    one, other, n = _rounded(first, second, scale)
    return Estimate(float(np.mean(one == other)), n) if n else not_available(NO_ITEMS, 0)


def adjacent_agreement(first: Readings, second: Readings, scale: Sequence[float]) -> Estimate:
    """Share of items at most one step of the scale apart: sum(|a - b| <= 1 step) / n, in 0..1, after rounding.

    Not defined on a scale of two levels, where nothing can be further apart.
    """
    one, other, n = _rounded(first, second, scale)
    if len(scale) == 2:
        return not_available("on two levels nothing is further apart than one", n)
    return Estimate(float(np.mean(np.abs(one - other) <= 1)), n) if n else not_available(NO_ITEMS, 0)


def weighted_kappa(
    first: Readings, second: Readings, scale: Sequence[float], weights: Literal["quadratic", "linear"] = "quadratic"
) -> Estimate:
    """Weighted kappa: 1 - sum(w o) / sum(w e), in -1..1; 0 is what chance gives.

    o counts the pairs of levels, e is the product of the margins over n, and w = (i - j)^2 (quadratic) or
    |i - j| (linear), i and j being positions on the scale. Cohen, Psychological Bulletin 70 (1968) 213-220;
    computed by scikit-learn with every level of the scale. Not defined when both readings are one and
    the same level throughout (e has no disagreement); a single constant reading gives 0, as the formula says.
    """
    one, other, n = _rounded(first, second, scale)
    if not n:
        return not_available(NO_ITEMS, 0)
    if len(np.union1d(one, other)) == 1:
        return not_available(ALL_THE_SAME, n)
    from sklearn.metrics import cohen_kappa_score

    return Estimate(float(cohen_kappa_score(one, other, labels=np.arange(len(scale)), weights=weights)), n)


def ordinal_alpha(raters: Sequence[Readings], scale: Sequence[float]) -> Estimate:
    """Krippendorff's alpha for ordinal data: 1 - D_o / D_e, at most 1; 0 is what chance gives.

    Any number of raters, labels may be missing; an item counts when two raters or more labelled it (`n`
    counts these). The difference of two levels is the square of how many labels lie between them.
    Krippendorff, Content Analysis (2004), ch. 11; computed by the `krippendorff` package. Not defined when
    no item has two labels, or when all labels of such items are the same level.
    """
    table = rating_table(raters)
    pairable = (~np.isnan(table)).sum(axis=0) >= 2
    n = int(pairable.sum())
    if not n:
        return not_available("no item has the labels of two raters", 0)
    levels = round_to_levels(table[:, pairable], scale)
    if len(np.unique(levels[~np.isnan(levels)])) == 1:
        return not_available(ALL_THE_SAME, n)
    import krippendorff

    value = krippendorff.alpha(levels, value_domain=check_scale(scale), level_of_measurement="ordinal")
    return Estimate(float(value), n)


def icc_2_1(raters: Sequence[Readings]) -> Estimate:
    """ICC(2,1), two-way random effects, one rater, absolute agreement, at most 1:

        (MSR - MSE) / (MSR + (k - 1) MSE + k (MSC - MSE) / n)

    MSR, MSC and MSE are the mean squares of items, raters and the rest in the two-way analysis of variance
    of n items by k raters. Shrout and Fleiss, Psychological Bulletin 86 (1979) 420-428. Items that some
    rater did not label are left out (`n` counts the rest). Not defined for fewer than two items or raters,
    when every label is the same, or (two items crosswise) when no mean differs.
    """
    table = rating_table(raters)
    complete = table[:, ~np.isnan(table).any(axis=0)]
    k, n = complete.shape
    if k < 2:
        return not_available("there are fewer than two raters", n)
    if n < 2:
        return not_available("fewer than two items have a label of every rater", n)
    grand = complete.mean()
    squares_items = k * np.sum((complete.mean(axis=0) - grand) ** 2)
    squares_raters = n * np.sum((complete.mean(axis=1) - grand) ** 2)
    squares_rest = np.sum((complete - grand) ** 2) - squares_items - squares_raters
    if np.all(complete == complete[0, 0]):
        return not_available(ALL_THE_SAME, n)
    items = squares_items / (n - 1)
    between = squares_raters / (k - 1)
    # The subtraction can leave a rounding error below zero where the rest is nothing.
    rest = max(0.0, squares_rest) / ((n - 1) * (k - 1))
    below = items + (k - 1) * rest + k * (between - rest) / n
    if below <= ROUNDING * (items + between + rest):
        return not_available("neither the items nor the raters differ on the whole", n)
    return Estimate(float((items - rest) / below), n)


def spearman(first: Readings, second: Readings) -> Estimate:
    """Spearman's rank correlation: Pearson's of the midranks, in -1..1, by scipy.

    Spearman, American Journal of Psychology 15 (1904) 72-101. Not defined when either reading is constant.
    """
    pairs = pair(first, second)
    if not pairs.n:
        return not_available(NO_ITEMS, 0)
    if len(np.unique(pairs.first)) == 1 or len(np.unique(pairs.second)) == 1:
        return not_available("one of the two gives every item the same level, so nothing is ranked", pairs.n)
    from scipy.stats import spearmanr

    return Estimate(float(spearmanr(pairs.first, pairs.second).statistic), pairs.n)


def mean_absolute_error(grader: Readings, rater: Readings) -> Estimate:
    """Mean of |grader - rater|, in levels, 0 or more."""
    pairs = pair(grader, rater)
    return Estimate(float(np.mean(np.abs(_errors(pairs)))), pairs.n) if pairs.n else not_available(NO_ITEMS, 0)


def mean_signed_error(grader: Readings, rater: Readings) -> Estimate:
    """Mean of grader - rater, in levels; above zero the grader is the more generous."""
    pairs = pair(grader, rater)
    return Estimate(float(np.mean(_errors(pairs))), pairs.n) if pairs.n else not_available(NO_ITEMS, 0)


def root_mean_square_error(grader: Readings, rater: Readings, scale: Sequence[float]) -> Estimate:
    """sqrt(mean((grader - rater)^2)) after both are moved to 0..1 by the ends of the scale; in 0..1."""
    levels = check_scale(scale)
    pairs = pair(grader, rater)
    if not pairs.n:
        return not_available(NO_ITEMS, 0)
    return Estimate(float(np.sqrt(np.mean(_errors(pairs) ** 2)) / (levels[-1] - levels[0])), pairs.n)


def rating_table(raters: Sequence[Readings]) -> Floats:
    """Raters by items, NaN where a rater gave no label."""
    if len({len(readings) for readings in raters}) != 1:
        raise ValueError("the raters' readings are not aligned, or there is no rater")
    return np.stack([as_array(readings) for readings in raters])


def round_to_levels(table: Floats, scale: Sequence[float]) -> Floats:
    """The table with every label at its nearest level, NaN kept."""
    rounded = table.copy()
    given = ~np.isnan(table)
    rounded[given] = check_scale(scale)[nearest_positions(table[given], scale)]
    return rounded


def _errors(pairs: Pairs) -> Floats:
    return pairs.first - pairs.second


def _rounded(first: Readings, second: Readings, scale: Sequence[float]) -> tuple[Positions, Positions, int]:
    pairs = pair(first, second)
    return nearest_positions(pairs.first, scale), nearest_positions(pairs.second, scale), pairs.n
