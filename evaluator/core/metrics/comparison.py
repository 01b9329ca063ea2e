"""Two graders on the same answers: what differs, by how much, and whether this set can show it."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from evaluator.core.metrics.bootstrap import Figure, Resampling, with_interval
from evaluator.core.metrics.ceiling import mean_over_raters
from evaluator.core.metrics.classification import call_figures
from evaluator.core.metrics.estimate import Estimate, not_available
from evaluator.core.metrics.figures import STATISTICS, Statistic
from evaluator.core.metrics.levels import Readings

Verdict = Literal["first is better", "second is better", "no difference that this set can show", "cannot tell"]
# The verdicts that tell no difference, so that there is none to hold against run noise.
NO_DIFFERENCE: tuple[Verdict, ...] = ("no difference that this set can show", "cannot tell")

CALL_STATISTICS = (
    Statistic("precision", "precision", "higher", "share"),
    Statistic("recall", "recall", "higher", "share"),
    Statistic("specificity", "specificity", "higher", "share"),
    Statistic("f1", "F1", "higher", "coefficient"),
    Statistic("accuracy", "accuracy", "higher", "share"),
)


@dataclass(frozen=True, slots=True)
class Comparison:
    """One statistic of two graders on the items that both graded.

    `difference` is first - second (for the signed error, the difference of its sizes), its interval from
    the same draws on both sides. The verdict is "no difference that this set can show" when the interval holds
    zero, "cannot tell" when there is no difference or no interval.
    """

    statistic: Statistic
    first: Estimate
    second: Estimate
    difference: Estimate
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class RunNoise:
    """A figure over repeated runs of one grader: `spread` is its standard deviation over the runs (n - 1).

    Both are None with a reason when there are no runs, or one, to tell it from.
    """

    runs: int
    mean: float | None
    spread: float | None
    reason: str | None = None


def compare_graders(
    first: Readings,
    second: Readings,
    raters: Mapping[str, Readings],
    scale: Sequence[float],
    resampling: Resampling,
) -> tuple[Comparison, ...]:
    """Every agreement statistic of both graders, each as its mean over the raters (one, or a consensus, will do)."""
    one, other = on_both(first, second)
    of_first = mean_over_raters(one, raters, scale, resampling)
    of_second = mean_over_raters(other, raters, scale, resampling)
    return compare_drawn(of_first, of_second, resampling)


def compare_drawn(
    first: Mapping[str, Figure], second: Mapping[str, Figure], resampling: Resampling
) -> tuple[Comparison, ...]:
    """Every agreement statistic of two graders whose figures are drawn already, on the items `on_both` leaves."""
    return tuple(compare(item, first[item.key], second[item.key], resampling) for item in STATISTICS)


def compare_calls(
    truth: Sequence[bool | None],
    first: Sequence[bool | None],
    second: Sequence[bool | None],
    resampling: Resampling,
) -> tuple[Comparison, ...]:
    """The pass/fail figures of both graders, on the items that both called."""
    one = [call if other is not None else None for call, other in zip(first, second, strict=True)]
    other = [call if one_ is not None else None for call, one_ in zip(second, first, strict=True)]
    of_first, of_second = call_figures(truth, one, resampling), call_figures(truth, other, resampling)
    return tuple(compare(item, of_first[item.key], of_second[item.key], resampling) for item in CALL_STATISTICS)


def compare(statistic: Statistic, first: Figure, second: Figure, resampling: Resampling) -> Comparison:
    """One statistic of two graders whose draws come from the same resampling."""
    sized = statistic.better == "nearer zero"
    one, other = first.estimate.value, second.estimate.value
    items = np.intersect1d(first.items, second.items)
    if one is None or other is None:
        reason = first.estimate.reason or second.estimate.reason or "it is not defined"
        difference = not_available(reason, len(items))
    else:
        draws = np.abs(first.draws) - np.abs(second.draws) if sized else first.draws - second.draws
        gap = abs(one) - abs(other) if sized else one - other
        difference = with_interval(Figure(Estimate(gap, len(items)), draws, items), resampling)
    return Comparison(
        statistic=statistic,
        first=with_interval(first, resampling),
        second=with_interval(second, resampling),
        difference=difference,
        verdict=_verdict(statistic, difference),
    )


def run_noise(values: Sequence[float | None]) -> RunNoise:
    """How far one figure moves from run to run; runs without the figure are left out."""
    known = [value for value in values if value is not None]
    if not known:
        return RunNoise(0, None, None, "no run has the figure")
    if len(known) == 1:
        return RunNoise(1, known[0], None, "one run shows no noise: repeat it")
    return RunNoise(len(known), statistics.fmean(known), statistics.stdev(known))


def beyond_noise(difference: float, first: RunNoise, second: RunNoise) -> bool | None:
    """Whether two single runs would seldom (5%) differ so much by run-to-run noise alone.

    |difference| > 1.96 sqrt(spread_1^2 + spread_2^2), the noise taken as normal; None where a spread is unknown.
    """
    if first.spread is None or second.spread is None:
        return None
    return abs(difference) > 1.96 * float(np.hypot(first.spread, second.spread))


def _verdict(statistic: Statistic, difference: Estimate) -> Verdict:
    if difference.low is None or difference.high is None:
        return "cannot tell"
    if difference.low <= 0 <= difference.high:
        return "no difference that this set can show"
    return "first is better" if (difference.low > 0) == (statistic.better == "higher") else "second is better"


def on_both(first: Readings, second: Readings) -> tuple[list[float | None], list[float | None]]:
    """Both readings, each only where the other has one too."""
    pairs = list(zip(first, second, strict=True))
    return (
        [one if other is not None else None for one, other in pairs],
        [other if one is not None else None for one, other in pairs],
    )
