"""How far a grader's own numbers can be taken at their word: reliability bins, and risk against coverage."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from evaluator.core.metrics.bootstrap import Figure, Resampling, with_interval
from evaluator.core.metrics.estimate import Estimate, not_available
from evaluator.core.metrics.levels import Readings, pair

BINS = 10


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """The items whose prediction lies in [low, high) (the last bin includes its high end)."""

    low: float
    high: float
    n: int
    mean_predicted: float
    mean_observed: float


@dataclass(frozen=True, slots=True)
class Reliability:
    """Bins that hold an item, lowest first, and the mean gap between what was predicted and observed in them."""

    bins: tuple[ReliabilityBin, ...]
    calibration_error: Estimate


@dataclass(frozen=True, slots=True)
class CoveragePoint:
    """When every grade of this confidence or more stands: the share that stands, and the share of it that is wrong."""

    confidence: float
    standing: int
    coverage: float
    risk: float


@dataclass(frozen=True, slots=True)
class CoverageRisk:
    """The curve from the surest grades to all; `area` is the mean risk over it (n/a without items)."""

    points: tuple[CoveragePoint, ...]
    area: Estimate


def reliability(
    predicted: Readings, observed: Readings, *, low: float, high: float, resampling: Resampling, bins: int = BINS
) -> Reliability:
    """Bin the predictions evenly between `low` and `high` and compare each bin's mean with what was observed.

    For an expected level, `observed` is the rater's level; for a confidence, 1 where the grade was right and
    0 where not. The calibration error is sum(n_bin / n * |mean predicted - mean observed|), in the unit of the
    predictions (Naeini, Cooper and Hauskrecht, AAAI 2015, "expected calibration error"). On few items
    it is biased upwards: chance alone keeps bins apart. Raises ValueError for a prediction outside low..high.
    """
    if not low < high or bins < 1:
        raise ValueError("reliability needs low < high and one bin or more")
    pairs = pair(predicted, observed)
    if not pairs.n:
        return Reliability((), not_available("no item has both a prediction and an observation", 0))
    if pairs.first.min() < low or pairs.first.max() > high:
        raise ValueError(f"a prediction lies outside {low:g} to {high:g}")
    edges = np.linspace(low, high, bins + 1)
    bin_of = np.minimum(np.searchsorted(edges, pairs.first, side="right") - 1, bins - 1)
    held = np.bincount(bin_of, minlength=bins)
    predicted_sum = np.bincount(bin_of, weights=pairs.first, minlength=bins)
    observed_sum = np.bincount(bin_of, weights=pairs.second, minlength=bins)
    found = tuple(
        ReliabilityBin(
            low=float(edges[place]),
            high=float(edges[place + 1]),
            n=int(held[place]),
            mean_predicted=float(predicted_sum[place] / held[place]),
            mean_observed=float(observed_sum[place] / held[place]),
        )
        for place in np.flatnonzero(held)
    )
    error = Estimate(float(np.abs(predicted_sum - observed_sum).sum() / pairs.n), pairs.n)
    # n_bin |mean - mean| is the bin's summed gap, so that of a draw adds up over the clusters in it.
    cells = resampling.cluster_of[pairs.items] * bins + bin_of
    size = resampling.cluster_count * bins
    gaps = np.bincount(cells, weights=pairs.first - pairs.second, minlength=size).reshape(-1, bins)
    counts = np.bincount(resampling.cluster_of[pairs.items], minlength=resampling.cluster_count)
    drawn_n = resampling.weights @ counts.astype(np.float64)
    drawn = np.abs(resampling.weights @ gaps).sum(axis=1)
    draws = np.divide(drawn, drawn_n, out=np.full(len(drawn), np.nan), where=drawn_n > 0)
    return Reliability(found, with_interval(Figure(error, draws, pairs.items), resampling))


def coverage_risk(confidence: Readings, wrong: Sequence[bool | None]) -> CoverageRisk:
    """Let grades stand from the surest down: coverage = standing / n, risk = wrong among standing / standing.

    `wrong` says what counts as a mistake, such as off by more than one level. Equal confidences stand or go
    together. The area is the mean over the points' coverage steps of the risk there (El-Yaniv and Wiener,
    Journal of Machine Learning Research 11 (2010) 1605-1641).
    """
    pairs = pair(confidence, [None if value is None else float(value) for value in wrong])
    if not pairs.n:
        return CoverageRisk((), not_available("no item has both a confidence and a label", 0))
    order = np.argsort(-pairs.first, kind="stable")
    in_order, mistakes = pairs.first[order], np.cumsum(pairs.second[order])
    last = np.flatnonzero(np.append(in_order[1:] != in_order[:-1], True))
    points = tuple(
        CoveragePoint(
            confidence=float(in_order[place]),
            standing=int(place + 1),
            coverage=float((place + 1) / pairs.n),
            risk=float(mistakes[place] / (place + 1)),
        )
        for place in last
    )
    steps = np.diff([0.0, *(point.coverage for point in points)])
    area = float(np.sum(steps * np.array([point.risk for point in points])))
    return CoverageRisk(points, Estimate(area, pairs.n))
