"""Intervals by resampling whole clusters, because answers of one candidate are not independent of each other.

Efron and Tibshirani, An Introduction to the Bootstrap (1993): percentile intervals ch. 13, BCa ch. 14; both
widened for few clusters (Hesterberg 2015). Clusters are drawn whole: Davison and Hinkley, Bootstrap
Methods and their Application (1997), 3.8.
Two figures read on the same `Resampling` are paired: draw by draw they saw the same clusters.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from evaluator.core.metrics.estimate import Estimate
from evaluator.core.metrics.levels import Floats, Positions

RESAMPLES = 2000
TAIL = 0.025  # on either side of a 95% interval
# Resamples on which a statistic is not defined are dropped; with more dropped than kept, the rest would
# speak for the odd draws only.
MOST_SKIPPED = 0.5
# With more clusters than this, BCa's acceleration leaves them out in so many groups, not one by one: one row
# a cluster would make the weights grow with the square of the set.
MOST_LEFT_OUT = 500

ONE_CLUSTER = "there is one cluster only, so nothing can be resampled"
NO_VARIATION = "every resample gives this same figure, so resampling cannot show how far it might vary"
MOSTLY_UNDEFINED = "the statistic is not defined on most resamples"


@dataclass(frozen=True, slots=True, eq=False)
class Resampling:
    """Draws of whole clusters: which cluster each item is in, and how often each draw takes each cluster.

    `weights` is draws by clusters. Its rows are: the whole set once; the set without each of `groups` groups of
    clusters in turn (for BCa's acceleration; as a rule a group is one cluster, and cluster c is in
    group c modulo `groups`); then the random draws.
    """

    cluster_of: Positions
    weights: Floats
    groups: int

    @property
    def cluster_count(self) -> int:
        return int(self.weights.shape[1])

    @property
    def resamples(self) -> int:
        return len(self.weights) - 1 - self.groups

    def item_weights(self, items: Positions) -> Floats:
        """How often each draw takes each of the items: draws by items."""
        return np.asarray(self.weights[:, self.cluster_of[items]])

    def clusters_among(self, items: Positions) -> int:
        """How many clusters the items lie in."""
        return len(np.unique(self.cluster_of[items]))


@dataclass(frozen=True, slots=True, eq=False)
class Figure:
    """A statistic without its interval yet: its estimate, its value on each draw (NaN: not defined), its items."""

    estimate: Estimate
    draws: Floats
    items: Positions


def resample_clusters(clusters: Sequence[Hashable], *, seed: int, resamples: int = RESAMPLES) -> Resampling:
    """Draw clusters with replacement, as many as there are, `resamples` times.

    `clusters` names the cluster of each item (its candidate or question), in the items' order. The same
    items and seed give the same draws. Raises ValueError for no item or fewer than one resample.
    """
    if not clusters or resamples < 1:
        raise ValueError("resampling needs an item and a resample at the least")
    positions: dict[Hashable, int] = {}
    cluster_of = np.array([positions.setdefault(name, len(positions)) for name in clusters], dtype=np.intp)
    count = len(positions)
    drawn = np.random.default_rng(seed).integers(0, count, size=(resamples, count))
    flat = (drawn + count * np.arange(resamples)[:, None]).ravel()
    times = np.bincount(flat, minlength=resamples * count).reshape(resamples, count)
    groups = min(count, MOST_LEFT_OUT)
    without = np.arange(count)[None, :] % groups != np.arange(groups)[:, None]
    weights = np.concatenate([np.ones((1, count)), without, times])
    return Resampling(cluster_of, weights, groups)


def with_interval(drawn: Figure, resampling: Resampling, *, share: bool = False) -> Estimate:
    """The figure's estimate with the 95% interval that its draws show.

    The draws are the statistic on each row of `resampling.weights`. The interval is BCa where that is defined,
    else percentile. A `share` of items that is 0 or 1 on every draw gets the exact binomial interval (Clopper
    and Pearson, Biometrika 26 (1934) 404-413) with each cluster as one trial; another statistic that never
    varies gets its own value at both ends, and a note.
    """
    clusters = resampling.clusters_among(drawn.items)
    estimate = replace(drawn.estimate, clusters=clusters)
    value = estimate.value
    if value is None:
        return estimate
    if clusters < 2:
        return _noted(estimate, ONE_CLUSTER)
    # Twelve decimals: figures that are equal on paper can differ in the last bits between draws.
    rounded = np.round(drawn.draws, 12)
    random = rounded[1 + resampling.groups :]
    kept = random[np.isfinite(random)]
    estimate = replace(estimate, resamples=len(random), skipped=len(random) - len(kept))
    if len(kept) < len(random) * (1 - MOST_SKIPPED):
        return _noted(estimate, MOSTLY_UNDEFINED)
    if kept.min() < kept.max():
        # A cluster without items of this figure changes nothing when it is left out, and is no evidence.
        groups = np.unique(resampling.cluster_of[drawn.items] % resampling.groups)
        low, high = np.quantile(kept, _tails(value, kept, rounded[1 + groups], clusters))
        return replace(estimate, low=float(low), high=float(high))
    if share and value in (0.0, 1.0):
        low, high = exact_share_interval(clusters if value == 1 else 0, clusters)
        return replace(estimate, low=low, high=high)
    return _noted(replace(estimate, low=value, high=value), NO_VARIATION)


def bootstrap_interval(
    figure: Estimate, statistic: Callable[[Positions], Estimate], resampling: Resampling
) -> Estimate:
    """The interval of any statistic of item positions, one call a draw: for what has no form in sums.

    `figure` is the statistic on all items. `statistic` receives the positions of the items in a draw, an
    item as often as its cluster was drawn.
    """
    items = np.arange(len(resampling.cluster_of))
    members = [np.flatnonzero(resampling.cluster_of == cluster) for cluster in range(resampling.cluster_count)]
    draws = np.full(len(resampling.weights), np.nan)
    for row, times in enumerate(resampling.weights.astype(np.intp)):
        if not times.any():
            continue
        drawn = [np.tile(members[cluster], times[cluster]) for cluster in np.flatnonzero(times)]
        value = statistic(np.concatenate(drawn)).value
        if value is not None:
            draws[row] = value
    return with_interval(Figure(figure, draws, items), resampling)


def exact_share_interval(successes: int, trials: int, tail: float = TAIL) -> tuple[float, float]:
    """Clopper and Pearson's exact binomial interval: quantiles of the beta distribution, `tail` on either side."""
    from scipy.stats import beta

    low = 0.0 if successes == 0 else float(beta.ppf(tail, successes, trials - successes + 1))
    high = 1.0 if successes == trials else float(beta.ppf(1 - tail, successes + 1, trials - successes))
    return low, high


def _noted(estimate: Estimate, note: str) -> Estimate:
    return replace(estimate, note=f"{estimate.note}; {note}" if estimate.note else note)


def _tails(value: float, kept: Floats, left_out: Floats, clusters: int) -> tuple[float, float]:
    """Which quantiles of the draws are the interval's ends.

    A bootstrap of few clusters is too narrow, by the n for n - 1 and the normal for t that it leaves out;
    the normal deviate of the tails is therefore widened to sqrt(C / (C - 1)) t(C - 1), C being the clusters
    (Hesterberg, The American Statistician 69 (2015) 371-386, "expanded percentile"). BCa's bias and
    acceleration are then applied where they are defined.
    """
    from scipy.special import ndtr, ndtri, stdtrit

    widest = float(np.sqrt(clusters / (clusters - 1)) * stdtrit(clusters - 1, 1 - TAIL))
    deviates = np.array([-widest, widest])
    plain = float(ndtr(-widest)), float(ndtr(widest))
    value = round(value, 12)
    below = np.mean(kept < value) + np.mean(kept == value) / 2
    if not 0 < below < 1 or not np.isfinite(left_out).all():
        return plain
    pulls = left_out.mean() - left_out
    spread = np.sum(pulls**2)
    if spread == 0:
        return plain
    acceleration = np.sum(pulls**3) / (6 * spread**1.5)
    bias = ndtri(below)
    shifted = bias + deviates
    stretch = 1 - acceleration * shifted
    if (stretch <= 0).any():
        return plain
    lower, upper = ndtr(bias + shifted / stretch)
    return float(lower), float(upper)
