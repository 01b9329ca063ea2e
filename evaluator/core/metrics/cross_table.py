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
from functools import cached_property

import numpy as np

from evaluator.core.metrics.agreement import ROUNDING
from evaluator.core.metrics.levels import Floats, Pairs, Positions, check_scale, nearest_positions

_CELLS_AT_ONCE = 2_000_000


@dataclass(frozen=True, eq=False)
class PairDraws:
    """What every draw holds of two readings: sums over its pairs, one a draw, and `rows` and `columns`, draws by level.

    Levels are positions on the scale: `same` and `near` count pairs no step and at most one step apart, `steps` and
    `squared_steps` sum the distances. The sums of errors are of values as they were read, in levels.
    """

    n: Floats
    same: Floats
    near: Floats
    steps: Floats
    squared_steps: Floats
    rows: Floats
    columns: Floats
    error: Floats
    absolute_error: Floats
    squared_error: Floats
    span: float  # highest level - lowest level
    cluster_counts: Floats  # clusters by level by level
    weights: Floats

    @cached_property
    def counts(self) -> Floats:
        """Pairs of levels in each draw: draws by level by level. Only some statistics need so large a table."""
        clusters, size, _ = self.cluster_counts.shape
        return np.asarray(self.weights @ self.cluster_counts.reshape(clusters, size * size)).reshape(-1, size, size)


def draw_pairs(
    pairs: Pairs, scale: Sequence[float], clusters: Positions, weights: Floats, cluster_count: int
) -> PairDraws:
    """Sum what the clusters hold, once for each row of `weights` (draws by clusters).

    `clusters` gives the cluster of each pair.
    """
    levels = check_scale(scale)
    size = len(levels)
    first, second = nearest_positions(pairs.first, scale), nearest_positions(pairs.second, scale)
    cells = clusters * size * size + first * size + second
    counts = np.bincount(cells, minlength=cluster_count * size * size).reshape(-1, size, size).astype(np.float64)
    steps = np.abs(np.arange(size)[:, None] - np.arange(size)[None, :])
    error = pairs.first - pairs.second
    # Everything that adds up over clusters is summed for all draws in one matrix product.
    parts = [
        *((counts * of_cell).sum(axis=(1, 2)) for of_cell in (np.ones_like(steps), steps == 0, steps <= 1)),
        *((counts * of_cell).sum(axis=(1, 2)) for of_cell in (steps, steps**2)),
        *(_sum_by(clusters, part, cluster_count) for part in (error, np.abs(error), error**2)),
        *counts.sum(axis=2).T,
        *counts.sum(axis=1).T,
    ]
    drawn = (weights @ np.stack(parts, axis=1)).T
    return PairDraws(
        n=drawn[0],
        same=drawn[1],
        near=drawn[2],
        steps=drawn[3],
        squared_steps=drawn[4],
        error=drawn[5],
        absolute_error=drawn[6],
        squared_error=drawn[7],
        rows=drawn[8 : 8 + size].T,
        columns=drawn[8 + size :].T,
        span=float(levels[-1] - levels[0]),
        cluster_counts=counts,
        weights=weights,
    )


def exact(draws: PairDraws) -> Floats:
    return _ratio(draws.same, draws.n)


def adjacent(draws: PairDraws) -> Floats:
    return _ratio(draws.near, draws.n)


def quadratic_kappa(draws: PairDraws) -> Floats:
    return _kappa(draws, draws.squared_steps, power=2)


def linear_kappa(draws: PairDraws) -> Floats:
    return _kappa(draws, draws.steps, power=1)


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
    n = draws.n[:, None]
    # Midranks less the mean rank; both are (number below + half of the ties), up to the same constant.
    ranks_rows = _midranks(draws.rows) - n / 2
    ranks_columns = _midranks(draws.columns) - n / 2
    together = _bilinear(ranks_rows, draws.counts, ranks_columns)
    spread = (draws.rows * ranks_rows**2).sum(axis=1) * (draws.columns * ranks_columns**2).sum(axis=1)
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
    observed = squares - _bilinear(ranks, coincidence, ranks)
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
    first, spread_first = _weighted_ranks(pairs.first, item_weights, n)
    second, spread_second = _weighted_ranks(pairs.second, item_weights, n)
    together = (item_weights * first * second).sum(axis=1)
    return _correlation(together, spread_first * spread_second)


def _kappa(draws: PairDraws, observed: Floats, power: int) -> Floats:
    positions = np.arange(draws.rows.shape[1], dtype=np.float64)
    weights = np.abs(positions[:, None] - positions[None, :]) ** power
    expected = ((draws.rows @ weights) * draws.columns).sum(axis=1)
    return 1 - _ratio(observed * draws.n, expected)


def _bilinear(left: Floats, tables: Floats, right: Floats) -> Floats:
    """sum of left_i table_ij right_j for each draw."""
    return np.asarray(((tables @ right[:, :, None])[:, :, 0] * left).sum(axis=1))


def _midranks(held: Floats) -> Floats:
    """Number below plus half of the number at each level (draws by levels)."""
    return np.asarray(held.cumsum(axis=1) - held / 2)


def _weighted_ranks(values: Floats, item_weights: Floats, n: Floats) -> tuple[Floats, Floats]:
    """The midrank of each item less the mean rank (draws by items), and the sum of its squares (draws).

    Ranks are made on the distinct values: scores of few levels have far fewer of these than there are items.
    """
    distinct, place = np.unique(values, return_inverse=True)
    order = np.argsort(place, kind="stable")
    begins = np.searchsorted(place[order], np.arange(len(distinct)))
    held = np.add.reduceat(item_weights[:, order], begins, axis=1)
    ranks = _midranks(held) - n / 2
    return ranks[:, place], np.asarray((held * ranks**2).sum(axis=1))


def _correlation(together: Floats, spread: Floats) -> Floats:
    return np.clip(_ratio(together, np.sqrt(spread)), -1, 1)


def _sum_by(clusters: Positions, values: Floats, cluster_count: int) -> Floats:
    # As weights they are floats; numpy counts in whole numbers when it is given no item.
    return np.bincount(clusters, weights=values, minlength=cluster_count).astype(np.float64)


def _ratio(above: Floats, below: Floats) -> Floats:
    result = np.full(np.shape(above), np.nan)
    np.divide(above, below, out=result, where=below > 0)
    return result
