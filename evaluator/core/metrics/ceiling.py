"""The raters' agreement among themselves, which is the ceiling for a grader, and the grader held beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from evaluator.core.metrics import agreement, cross_table
from evaluator.core.metrics.bootstrap import Figure, Resampling, with_interval
from evaluator.core.metrics.estimate import Estimate, not_available
from evaluator.core.metrics.figures import KEYS, AgreementFigures, pair_figures, with_intervals
from evaluator.core.metrics.levels import Floats, Positions, Readings


@dataclass(frozen=True, slots=True)
class BesideRaters:
    """A grader beside the raters: its figures with each, their mean, and that mean over the raters' own."""

    of_each: Mapping[str, AgreementFigures]
    mean: AgreementFigures
    ratio: AgreementFigures


def beside_raters(
    grader: Readings,
    raters: Mapping[str, Readings],
    scale: Sequence[float],
    resampling: Resampling,
    ceiling: Mapping[str, Figure],
) -> BesideRaters:
    """The grader with each rater, as `agreement_with_raters` and as `ratio_to_ceiling`, drawing each pair once.

    `ceiling` is what `ceiling_figures` gives for the same raters.
    """
    drawn = {rater: pair_figures(grader, readings, scale, resampling) for rater, readings in raters.items()}
    mean = _mean_of(list(drawn.values()), "rater")
    return BesideRaters(
        of_each={rater: with_intervals(figures, resampling) for rater, figures in drawn.items()},
        mean=with_intervals(mean, resampling),
        ratio=_over(mean, ceiling, resampling),
    )


def agreement_with_raters(
    grader: Readings, raters: Mapping[str, Readings], scale: Sequence[float], resampling: Resampling
) -> AgreementFigures:
    """Each statistic as its mean over the raters: what stands beside `rater_ceiling`, like with like."""
    return with_intervals(mean_over_raters(grader, raters, scale, resampling), resampling)


def rater_ceiling(raters: Mapping[str, Readings], scale: Sequence[float], resampling: Resampling) -> AgreementFigures:
    """The same figures between the raters themselves: how far people agree, the most a grader can be held to.

    Alpha and ICC are of all raters at once; the others are the mean over the pairs of raters (a pair counts
    once each item both labelled). The signed error has no direction between raters and is n/a.
    """
    return with_intervals(ceiling_figures(raters, scale, resampling), resampling)


def ratio_to_ceiling(
    grader: Readings, raters: Mapping[str, Readings], scale: Sequence[float], resampling: Resampling
) -> AgreementFigures:
    """Each statistic of the grader (mean over the raters) over the raters' own: 1 is as good as a rater.

    For the errors, below 1 is nearer to the raters than they are to each other. The interval is of the ratio,
    both sides on the same draws. n/a where the ceiling is 0 or below: there is nothing to divide by.
    """
    mine = mean_over_raters(grader, raters, scale, resampling)
    return _over(mine, ceiling_figures(raters, scale, resampling), resampling)


def mean_over_raters(
    grader: Readings, raters: Mapping[str, Readings], scale: Sequence[float], resampling: Resampling
) -> dict[str, Figure]:
    """Every statistic as its mean over the raters, with its draws, by key."""
    return _mean_of([pair_figures(grader, rater, scale, resampling) for rater in raters.values()], "rater")


def ceiling_figures(
    raters: Mapping[str, Readings], scale: Sequence[float], resampling: Resampling
) -> dict[str, Figure]:
    """Every statistic between the raters, with its draws, by key; see `rater_ceiling`."""
    of_pairs = [pair_figures(one, other, scale, resampling) for one, other in combinations(raters.values(), 2)]
    found = _mean_of(of_pairs, "pair of raters")
    if not of_pairs:
        return found
    signed = found["mean_signed_error"]
    no_direction = not_available("the error has no direction between raters", signed.estimate.n)
    found["mean_signed_error"] = replace(signed, estimate=no_direction)
    table = agreement.rating_table(list(raters.values()))
    pairable = np.flatnonzero((~np.isnan(table)).sum(axis=0) >= 2)
    found["alpha"] = Figure(
        agreement.ordinal_alpha(list(raters.values()), scale),
        cross_table.ordinal_alpha(_drawn_coincidences(table[:, pairable], scale, pairable, resampling)),
        pairable,
    )
    complete = np.flatnonzero(~np.isnan(table).any(axis=0))
    found["icc"] = Figure(
        agreement.icc_2_1(list(raters.values())),
        cross_table.icc_2_1(table[:, complete], resampling.cluster_of[complete], resampling.weights),
        complete,
    )
    return found


def _over(mine: Mapping[str, Figure], ceiling: Mapping[str, Figure], resampling: Resampling) -> AgreementFigures:
    found = {key: with_interval(_quotient(mine[key], ceiling[key]), resampling) for key in KEYS}
    return AgreementFigures(**found)


def _quotient(mine: Figure, ceiling: Figure) -> Figure:
    n = min(mine.estimate.n, ceiling.estimate.n)
    above, below = mine.estimate.value, ceiling.estimate.value
    items = np.intersect1d(mine.items, ceiling.items)
    if above is None or below is None:
        reason = mine.estimate.reason or ceiling.estimate.reason or "it is not defined"
        return Figure(not_available(reason, n), mine.draws, items)
    if below <= 0:
        return Figure(not_available(f"the raters' own figure is {below:.2g}", n), mine.draws, items)
    draws = np.full(len(mine.draws), np.nan)
    np.divide(mine.draws, ceiling.draws, out=draws, where=ceiling.draws > 0)
    return Figure(Estimate(above / below, n), draws, items)


def _drawn_coincidences(table: Floats, scale: Sequence[float], items: Positions, resampling: Resampling) -> Floats:
    of_items = cross_table.coincidences(table, scale)
    size = of_items.shape[1]
    of_clusters = np.zeros((resampling.cluster_count, size * size))
    np.add.at(of_clusters, resampling.cluster_of[items], of_items.reshape(-1, size * size))
    return (resampling.weights @ of_clusters).reshape(-1, size, size)


def _mean_of(of_each: Sequence[Mapping[str, Figure]], of_what: str) -> dict[str, Figure]:
    return {key: _mean([figures[key] for figures in of_each], of_what) for key in KEYS}


def _mean(figures: Sequence[Figure], of_what: str) -> Figure:
    """The mean of the defined ones; a note says when some were not. `n` is the items that any of them covers."""
    if not figures:
        return Figure(not_available(f"there is no {of_what}", 0), np.array([]), np.array([], dtype=np.intp))
    items = np.unique(np.concatenate([figure.items for figure in figures]))
    defined = [figure for figure in figures if figure.estimate.value is not None]
    if not defined:
        reason = figures[0].estimate.reason or "it is not defined"
        return Figure(not_available(reason, len(items)), figures[0].draws, items)
    value = float(np.mean([figure.estimate.value for figure in defined]))
    note = None if len(defined) == len(figures) else f"mean of {len(defined)} of {len(figures)} ({of_what} each)"
    stacked = np.stack([figure.draws for figure in defined])
    # A draw counts only where every part is defined: a mean over a changing set of raters is another figure.
    return Figure(Estimate(value, len(items), note=note), stacked.mean(axis=0), items)
