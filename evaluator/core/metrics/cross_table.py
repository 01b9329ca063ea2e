"""Every agreement statistic for thousands of resamples at once, from sums that add up over clusters.

A resample draws whole clusters, so all that a statistic needs of it is a weighted sum of what each
cluster holds: counts of pairs of levels, and a few sums of values. With the draws as a matrix of
weights (draws by clusters), one matrix product makes the tables of all resamples, and each statistic is
a few array operations on them. The formulas and sources are in `agreement`.

Functions here return one value a draw, NaN where the statistic is not defined on that draw. The NaN
stays inside this package: `bootstrap` counts and drops it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from evaluator.core.metrics.agreement import ROUNDING
from evaluator.core.metrics.levels import Floats, Pairs, Positions, check_scale, nearest_positions

_CELLS_AT_ONCE = 2_000_000


@dataclass(frozen=True, slots=True, eq=False)
class PairDraws:
    """What every draw holds of two readings: `counts` is draws by level by level, the sums are one a draw.

    Levels are positions on the scale; the sums are of values as they were read, in levels.
    """

    counts: Floats
    error: Floats
    absolute_error: Floats
    squared_error: Floats
    span: float  # highest level - lowest level

    @property
    def n(self) -> Floats:
        """Pairs in each draw."""
        return np.asarray(self.counts.sum(axis=(1, 2)))


def draw_pairs(
    pairs: Pairs, scale: Sequence[float], clusters: Positions, weights: Floats, cluster_count: int
) -> PairDraws:
    """Sum what the clusters hold, once for each row of `weights` (draws by clusters).

    `clusters` gives the cluster of each pair.
    """
    levels = check_scale(scale)
    size = len(levels)
    cells = nearest_positions(pairs.first, scale) * size + nearest_positions(pairs.second, scale)
    counts = np.bincount(clusters * size * size + cells, minlength=cluster_count * size * size)
    error = pairs.first - pairs.second
    sums = np.stack([_sum_by(clusters, part, cluster_count) for part in (error, np.abs(error), error**2)], axis=1)
    drawn = weights @ sums
    table = weights @ counts.reshape(cluster_count, size * size).astype(np.float64)
    return PairDraws(
        counts=table.reshape(len(weights), size, size),
        error=drawn[:, 0],
        absolute_error=drawn[:, 1],
        squared_error=drawn[:, 2],
        span=float(levels[-1] - levels[0]),
    )


def exact(draws: PairDraws) -> Floats:
    return _ratio(np.trace(draws.counts, axis1=1, axis2=2), draws.n)


def adjacent(draws: PairDraws) -> Floats:
    near = _steps(draws) <= 1
    return _ratio((draws.counts * near).sum(axis=(1, 2)), draws.n)


def quadratic_kappa(draws: PairDraws) -> Floats:
    return _kappa(draws, _steps(draws) ** 2)


def linear_kappa(draws: PairDraws) -> Floats:
    return _kappa(draws, _steps(draws))


def mean_absolute_error(draws: PairDraws) -> Floats:
    return _ratio(draws.absolute_error, draws.n)


def mean_signed_error(draws: PairDraws) -> Floats:
    return _ratio(draws.error, draws.n)


def root_mean_square_error(draws: PairDraws) -> Floats:
    return np.asarray(np.sqrt(_ratio(draws.squared_error, draws.n)) / draws.span)


def pair_alpha(draws: PairDraws) -> Floats:
    """Ordinal alpha of two raters: each pair enters the coincidence matrix in both orders."""
    return ordinal_alpha(draws.counts + draws.counts.transpose(0, 2, 1))


def level_spearman(draws: PairDraws) -> Floats:
    """Spearman's correlation of readings that are all levels of the scale (else use `item_spearman`)."""
    counts = draws.counts
    rows, columns = counts.sum(axis=2), counts.sum(axis=1)
    n = draws.n[:, None]
    # Midranks less the mean rank; both are (number below + half of the ties), up to the same constant.
    ranks_rows = _midranks(rows) - n / 2
    ranks_columns = _midranks(columns) - n / 2
    together = np.einsum("bi,bij,bj->b", ranks_rows, counts, ranks_columns, optimize=True)
    spread = (rows * ranks_rows**2).sum(axis=1) * (columns * ranks_columns**2).sum(axis=1)
    return _correlation(together, spread)


def item_spearman(pairs: Pairs, item_weights: Floats) -> Floats:
    """Spearman's correlation of any values, item by item; `item_weights` is draws by pairs."""
    # In blocks of draws, so that a set of many thousand items does not need its table several times over.
    block = max(1, _CELLS_AT_ONCE // max(1, pairs.n))
    blocks = [item_weights[start : start + block] for start in range(0, len(item_weights), block)]
    return np.concatenate([_item_spearman(pairs, weights) for weights in blocks])


def coincidences(table: Floats, scale: Sequence[float]) -> Floats:
    """Krippendorff's coincidence matrix of each item: items by level by level.

    An item with m labels adds 1 / (m - 1) for every ordered pair of them; with fewer than two, nothing.
    `table` is raters by items, NaN where there is no label.
    """
    size = len(check_scale(scale))
    held = np.zeros((table.shape[1], size))
    for readings in table:
        given = np.flatnonzero(~np.isnan(readings))
        held[given, nearest_positions(readings[given], scale)] += 1
    labels = held.sum(axis=1)
    ordered = held[:, :, None] * held[:, None, :]
    ordered[:, range(size), range(size)] -= held
    return np.asarray(ordered / np.maximum(labels - 1, 1)[:, None, None])


def ordinal_alpha(coincidence: Floats) -> Floats:
    """Ordinal alpha of each coincidence matrix (draws by level by level).

    The ordinal difference of levels c and k, (sum of n_g from c to k - (n_c + n_k) / 2)^2, is the squared
    difference of their midranks, so both disagreements are sums over midranks.
    """
    held = coincidence.sum(axis=2)
    n = held.sum(axis=1)
    ranks = _midranks(held) - n[:, None] / 2
    squares = (held * ranks**2).sum(axis=1)
    observed = squares - np.einsum("bi,bij,bj->b", ranks, coincidence, ranks, optimize=True)
    # sum of n_c n_k (P_c - P_k)^2 / 2 = n * squares, as the midranks are centred; over n - 1 it is D_e.
    return 1 - _ratio(observed * (n - 1), n * squares)


def icc_2_1(complete: Floats, clusters: Positions, weights: Floats) -> Floats:
    """ICC(2,1) of each draw; `complete` is raters by items without gaps, `clusters` the items' clusters."""
    k = len(complete)
    # Centred on the whole, so that the differences of large sums below stay exact.
    values = complete - complete.mean() if complete.size else complete
    cluster_count = weights.shape[1]
    item_sums = [np.ones(values.shape[1]), (values**2).sum(axis=0), values.sum(axis=0) ** 2, *values]
    sums = np.stack([_sum_by(clusters, part, cluster_count) for part in item_sums], axis=1)
    drawn = weights @ sums
    n, squares, row_squares, columns = drawn[:, 0], drawn[:, 1], drawn[:, 2], drawn[:, 3:]
    with np.errstate(divide="ignore", invalid="ignore"):
        correction = columns.sum(axis=1) ** 2 / (n * k)
        items = row_squares / k - correction
        raters = (columns**2).sum(axis=1) / n - correction
        total = squares - correction
        rest = np.maximum(total - items - raters, 0) / ((n - 1) * (k - 1))
        items, raters = items / (n - 1), raters / (k - 1)
        below = items + (k - 1) * rest + k * (raters - rest) / n
        # A draw in which every label is the same leaves rounding errors, not a statistic.
        varied = total > ROUNDING * np.maximum(squares, 1)
        defined = (n >= 2) & (k >= 2) & varied & (below > ROUNDING * (items + raters + rest))
        return np.where(defined, (items - rest) / below, np.nan)


def _item_spearman(pairs: Pairs, item_weights: Floats) -> Floats:
    n = item_weights.sum(axis=1, keepdims=True)
    first = _weighted_midranks(pairs.first, item_weights) - n / 2
    second = _weighted_midranks(pairs.second, item_weights) - n / 2
    together = (item_weights * first * second).sum(axis=1)
    spread = (item_weights * first**2).sum(axis=1) * (item_weights * second**2).sum(axis=1)
    return _correlation(together, spread)


def _kappa(draws: PairDraws, weights: Floats) -> Floats:
    rows, columns = draws.counts.sum(axis=2), draws.counts.sum(axis=1)
    observed = (draws.counts * weights).sum(axis=(1, 2))
    expected = np.einsum("bi,ij,bj->b", rows, weights, columns, optimize=True)
    return 1 - _ratio(observed * draws.n, expected)


def _steps(draws: PairDraws) -> Floats:
    positions = np.arange(draws.counts.shape[1], dtype=np.float64)
    return np.asarray(np.abs(positions[:, None] - positions[None, :]))


def _midranks(held: Floats) -> Floats:
    """Number below plus half of the number at each level (draws by levels)."""
    return np.asarray(held.cumsum(axis=1) - held / 2)


def _weighted_midranks(values: Floats, item_weights: Floats) -> Floats:
    """Number below plus half of the number tied with each item (draws by items)."""
    order = np.argsort(values, kind="stable")
    in_order = values[order]
    below = np.searchsorted(in_order, in_order, side="left")
    up_to = np.searchsorted(in_order, in_order, side="right")
    running = np.zeros((len(item_weights), len(values) + 1))
    np.cumsum(item_weights[:, order], axis=1, out=running[:, 1:])
    ranks = np.empty_like(item_weights)
    ranks[:, order] = (running[:, below] + running[:, up_to]) / 2
    return ranks


def _correlation(together: Floats, spread: Floats) -> Floats:
    return np.clip(_ratio(together, np.sqrt(spread)), -1, 1)


def _sum_by(clusters: Positions, values: Floats, cluster_count: int) -> Floats:
    # As weights they are floats; numpy counts in whole numbers when it is given no item.
    return np.bincount(clusters, weights=values, minlength=cluster_count).astype(np.float64)


def _ratio(above: Floats, below: Floats) -> Floats:
    result = np.full(np.shape(above), np.nan)
    np.divide(above, below, out=result, where=below > 0)
    return result
