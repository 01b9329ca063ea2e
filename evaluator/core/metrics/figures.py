"""The agreement figures of one reading against another, all at once, with their intervals."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from evaluator.core.metrics import agreement, cross_table
from evaluator.core.metrics.bootstrap import Figure, Resampling, with_interval
from evaluator.core.metrics.estimate import Estimate
from evaluator.core.metrics.levels import Floats, Readings, check_scale, pair


@dataclass(frozen=True, slots=True)
class Statistic:
    """One agreement statistic: its key, the words for it, which way is better and what it is counted in."""

    key: str
    label: str
    better: Literal["higher", "lower", "nearer zero"]
    unit: str


STATISTICS = (
    Statistic("exact", "exact agreement", "higher", "share"),
    Statistic("adjacent", "within one level", "higher", "share"),
    Statistic("quadratic_kappa", "quadratic weighted kappa", "higher", "coefficient"),
    Statistic("linear_kappa", "linear weighted kappa", "higher", "coefficient"),
    Statistic("alpha", "Krippendorff's alpha (ordinal)", "higher", "coefficient"),
    Statistic("icc", "ICC(2,1)", "higher", "coefficient"),
    Statistic("spearman", "Spearman's rank correlation", "higher", "coefficient"),
    Statistic("mean_absolute_error", "mean absolute error", "lower", "levels"),
    Statistic("mean_signed_error", "mean signed error", "nearer zero", "levels"),
    Statistic("rmse", "RMSE on 0-1", "lower", "0-1"),
)
KEYS = tuple(statistic.key for statistic in STATISTICS)
SHARES = frozenset({"exact", "adjacent"})


@dataclass(frozen=True, slots=True)
class AgreementFigures:
    """Every agreement statistic of two readings, each with its n, clusters and 95% interval."""

    exact: Estimate
    adjacent: Estimate
    quadratic_kappa: Estimate
    linear_kappa: Estimate
    alpha: Estimate
    icc: Estimate
    spearman: Estimate
    mean_absolute_error: Estimate
    mean_signed_error: Estimate
    rmse: Estimate

    def __getitem__(self, key: str) -> Estimate:
        if key not in KEYS:
            raise KeyError(key)
        value: Estimate = getattr(self, key)
        return value

    def items(self) -> Iterator[tuple[Statistic, Estimate]]:
        """Each statistic with its estimate, in the order of a report."""
        return ((statistic, self[statistic.key]) for statistic in STATISTICS)


def kappa_to_rely_on(figures: AgreementFigures) -> float | None:
    """The lower end of quadratic kappa that a decision may rest on; None where there is none.

    As a rule the lower end of its interval. Where every label agrees, no resample varies and kappa's interval has no
    width however few the items are; then it is the lower end of exact agreement, which is the exact binomial one with
    each cluster as a trial: seven clusters without a difference show .59, twenty .83.
    """
    kappa = figures.quadratic_kappa
    if kappa.value == 1.0 and kappa.low == kappa.high:
        return figures.exact.low
    return kappa.low


def agreement_figures(
    grader: Readings, rater: Readings, scale: Sequence[float], resampling: Resampling
) -> AgreementFigures:
    """Every statistic of the grader against one rater (or a consensus).

    Exact, adjacent, the kappas and alpha are read on values rounded to a level; ICC, Spearman and the errors
    on values as they are. `resampling` covers the same items, in the same order.
    """
    return with_intervals(pair_figures(grader, rater, scale, resampling), resampling)


def with_intervals(figures: Mapping[str, Figure], resampling: Resampling) -> AgreementFigures:
    """The figures, by key, with the intervals that their draws show."""
    found = {key: with_interval(figures[key], resampling, share=key in SHARES) for key in KEYS}
    return AgreementFigures(**found)


def pair_figures(
    grader: Readings,
    rater: Readings,
    scale: Sequence[float],
    resampling: Resampling,
    keys: Collection[str] = KEYS,
) -> dict[str, Figure]:
    """The statistics of two readings that `keys` names, with their draws, by key in the order of a report."""
    if len(grader) != len(resampling.cluster_of):
        raise ValueError(f"{len(grader)} readings, but the resampling is of {len(resampling.cluster_of)} items")
    pairs = pair(grader, rater)
    clusters = resampling.cluster_of[pairs.items]
    draws = cross_table.draw_pairs(pairs, scale, clusters, resampling.weights, resampling.cluster_count)
    values = np.stack([pairs.first, pairs.second])

    def ranks() -> Floats:
        if np.isin(values, check_scale(scale)).all():
            return cross_table.level_spearman(draws)
        return cross_table.item_spearman(pairs, resampling.item_weights(pairs.items))

    made: dict[str, tuple[Callable[[], Estimate], Callable[[], Floats]]] = {
        "exact": (lambda: agreement.exact_agreement(grader, rater, scale), lambda: cross_table.exact(draws)),
        "adjacent": (lambda: agreement.adjacent_agreement(grader, rater, scale), lambda: cross_table.adjacent(draws)),
        "quadratic_kappa": (
            lambda: agreement.weighted_kappa(grader, rater, scale, "quadratic"),
            lambda: cross_table.quadratic_kappa(draws),
        ),
        "linear_kappa": (
            lambda: agreement.weighted_kappa(grader, rater, scale, "linear"),
            lambda: cross_table.linear_kappa(draws),
        ),
        "alpha": (lambda: agreement.ordinal_alpha([grader, rater], scale), lambda: cross_table.pair_alpha(draws)),
        "icc": (
            lambda: agreement.icc_2_1([grader, rater]),
            lambda: cross_table.icc_2_1(values, clusters, resampling.weights),
        ),
        "spearman": (lambda: agreement.spearman(grader, rater), ranks),
        "mean_absolute_error": (
            lambda: agreement.mean_absolute_error(grader, rater),
            lambda: cross_table.mean_absolute_error(draws),
        ),
        "mean_signed_error": (
            lambda: agreement.mean_signed_error(grader, rater),
            lambda: cross_table.mean_signed_error(draws),
        ),
        "rmse": (
            lambda: agreement.root_mean_square_error(grader, rater, scale),
            lambda: cross_table.root_mean_square_error(draws),
        ),
    }
    return {key: Figure(estimate(), drawn(), pairs.items) for key, (estimate, drawn) in made.items() if key in keys}
