"""How often a level moves when it should not: repeated runs, and answers changed in ways that earn nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from evaluator.core.metrics.bootstrap import Figure, Resampling, with_interval
from evaluator.core.metrics.estimate import Estimate, not_available
from evaluator.core.metrics.levels import Floats, Readings, nearest_positions, pair


@dataclass(frozen=True, slots=True)
class FlipRate:
    """Shares of items whose level moved at all, up and down, and the mean shift in levels (above zero: up)."""

    moved: Estimate
    up: Estimate
    down: Estimate
    mean_shift: Estimate


def flip_rate(before: Readings, after: Readings, scale: Sequence[float], resampling: Resampling) -> FlipRate:
    """Compare the levels of the same items before and after; values between levels are rounded to one first.

    moved = moves / n, and so on; the mean shift is mean(after - before) of the values as they are.
    """
    if len(before) != len(resampling.cluster_of):
        raise ValueError(f"{len(before)} readings, but the resampling is of {len(resampling.cluster_of)} items")
    pairs = pair(before, after)
    steps = nearest_positions(pairs.second, scale) - nearest_positions(pairs.first, scale)
    parts = (steps != 0, steps > 0, steps < 0, pairs.second - pairs.first)
    weights = resampling.item_weights(pairs.items)
    estimates = [
        with_interval(
            Figure(
                Estimate(float(np.mean(part)), pairs.n) if pairs.n else not_available("no item has both levels", 0),
                _means(weights, np.asarray(part, dtype=np.float64)),
                pairs.items,
            ),
            resampling,
            share=part.dtype == np.bool_,
        )
        for part in parts
    ]
    return FlipRate(*estimates)


def _means(weights: Floats, values: Floats) -> Floats:
    drawn = weights.sum(axis=1)
    return np.asarray(np.divide(weights @ values, drawn, out=np.full(len(weights), np.nan), where=drawn > 0))
