"""A share of items with its interval: so many of so many, drawn in whole clusters."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from evaluator.core.metrics.bootstrap import Figure, Resampling, with_interval
from evaluator.core.metrics.estimate import Estimate, not_available
from evaluator.core.metrics.levels import Floats, Positions


def share_of(holds: Sequence[bool | None], resampling: Resampling, *, none: str = "there is no item") -> Estimate:
    """The share of items for which something holds, of those where it is known (not None), with a 95% interval.

    `resampling` covers the items in their order. `none` completes "n/a, because ..." where nothing is known.
    """
    items = np.array([place for place, each in enumerate(holds) if each is not None], dtype=np.intp)
    if not len(items):
        return not_available(none, 0)
    values = np.array([float(each) for each in holds if each is not None])
    estimate = Estimate(float(values.mean()), len(items))
    held, counted = _by_cluster(values, items, resampling), _by_cluster(np.ones(len(items)), items, resampling)
    above, below = resampling.weights @ held, resampling.weights @ counted
    draws = np.divide(above, below, out=np.full(len(below), np.nan), where=below > 0)
    return with_interval(Figure(estimate, draws, items), resampling, share=True)


def _by_cluster(values: Floats, items: Positions, resampling: Resampling) -> Floats:
    summed = np.bincount(resampling.cluster_of[items], weights=values, minlength=resampling.cluster_count)
    return summed.astype(np.float64)
