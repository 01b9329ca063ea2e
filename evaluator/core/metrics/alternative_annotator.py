"""The alternative annotator test: may this grader stand in for one of the raters?

Calderon, Reichart and Dror, "The Alternative Annotator Test for LLM-as-a-Judge" (ACL 2025,
arXiv 2501.10970). Each rater in turn is set aside, and on every item that rater labelled the grader and
the rater are held to the labels of the others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from evaluator.core.metrics.estimate import Estimate, not_available
from evaluator.core.metrics.levels import Floats, Readings, as_array

Alignment = Literal["accuracy", "rmse"]

# What the authors advise: what replacing the raters would save, as a handicap on the raters.
EPSILON_EXPERT, EPSILON_SKILLED, EPSILON_CROWD = 0.2, 0.15, 0.1
LEAST_RATERS = 3
LEAST_ITEMS = 30  # below it, the authors say, the t-test's normality is not to be relied on


@dataclass(frozen=True, slots=True)
class RaterSetAside:
    """The comparison with one rater set aside.

    `grader_advantage` (rho f) is the share of items on which the grader aligns with the others at least as
    well as the rater does, `rater_advantage` (rho h) the converse; ties count for both.
    """

    rater_id: str
    n: int
    grader_advantage: float
    rater_advantage: float
    p_value: float
    p_adjusted: float
    grader_wins: bool


@dataclass(frozen=True, slots=True)
class AlternativeAnnotatorTest:
    """The outcome over all raters that labelled enough.

    `winning_rate` (omega) is the share of raters the grader wins against, `advantage` (rho) the mean of
    their `grader_advantage`: the chance that the grader is as good as a rater picked at random, or better.
    `passed` is winning_rate >= 0.5, None when the test could not be made. `left_out` names the raters with
    fewer items than the test needs.
    """

    epsilon: float
    alignment: Alignment
    winning_rate: Estimate
    advantage: Estimate
    raters: tuple[RaterSetAside, ...]
    left_out: tuple[str, ...]

    @property
    def passed(self) -> bool | None:
        return None if self.winning_rate.value is None else self.winning_rate.value >= 0.5


def alternative_annotator_test(
    grader: Readings,
    raters: Mapping[str, Readings],
    *,
    epsilon: float = EPSILON_EXPERT,
    alignment: Alignment = "rmse",
    false_discovery_rate: float = 0.05,
    least_items: int = LEAST_ITEMS,
) -> AlternativeAnnotatorTest:
    """Run the test on the items that the grader graded and two raters or more labelled.

    Alignment with the other raters of an item is the share of them with the same label (`accuracy`, for
    unordered labels) or minus the root of the mean squared difference from them (`rmse`, for ordered levels).
    With rater j set aside, d is on each item [j at least as well aligned] - [grader at least as well
    aligned]; H0: mean(d) >= epsilon, against mean(d) < epsilon, by a one-sided one-sample t-test (the paired
    t-test of rho h - rho f). The grader wins against j when H0 is rejected with the false discovery rate
    held under any dependence (Benjamini and Yekutieli, Annals of Statistics 29 (2001) 1165-1188).

    `n` of the estimates counts items; without three raters that share `least_items` items, they say why not.
    The t-test takes items as independent, as the paper does: answers of one candidate are not quite so.
    """
    if len({len(grader), *(len(readings) for readings in raters.values())}) != 1:
        raise ValueError("the grader's and the raters' readings are not aligned")
    if not 0 <= epsilon <= 1:
        raise ValueError(f"epsilon is a share, 0 to 1, not {epsilon:g}")
    names = list(raters)
    if len(names) < LEAST_RATERS:
        return _not_made(f"it needs {LEAST_RATERS} raters and there are {len(names)}", 0, epsilon, alignment, ())
    given = as_array(grader)
    table = np.stack([as_array(readings) for readings in raters.values()])
    usable = ~np.isnan(given) & ((~np.isnan(table)).sum(axis=0) >= 2)
    given, table = given[usable], table[:, usable]
    labelled = (~np.isnan(table)).sum(axis=1)
    left_out = tuple(name for name, n in zip(names, labelled, strict=True) if n < least_items)
    enough = [row for row, n in enumerate(labelled) if n >= least_items]
    n = int(usable.sum())
    if len(enough) < LEAST_RATERS:
        reason = f"it needs {LEAST_RATERS} raters with {least_items} shared items each and {len(enough)} have that"
        return _not_made(reason, n, epsilon, alignment, left_out)

    indicators = [_indicators(given, table, row, alignment) for row in enough]
    p_values = [_p_value(rater - grader_, epsilon) for grader_, rater in indicators]
    from scipy.stats import false_discovery_control

    adjusted = false_discovery_control(p_values, method="by")
    compared = tuple(
        RaterSetAside(
            rater_id=names[row],
            n=len(grader_),
            grader_advantage=float(grader_.mean()),
            rater_advantage=float(rater.mean()),
            p_value=p_value,
            p_adjusted=float(p_adjusted),
            grader_wins=bool(p_adjusted <= false_discovery_rate),
        )
        for row, (grader_, rater), p_value, p_adjusted in zip(enough, indicators, p_values, adjusted, strict=True)
    )
    wins = sum(rater.grader_wins for rater in compared)
    advantage = float(np.mean([rater.grader_advantage for rater in compared]))
    return AlternativeAnnotatorTest(
        epsilon, alignment, Estimate(wins / len(compared), n), Estimate(advantage, n), compared, left_out
    )


def _indicators(given: Floats, table: Floats, row: int, alignment: Alignment) -> tuple[Floats, Floats]:
    """On each item of the rater set aside: is the grader, is the rater, at least as well aligned as the other?"""
    labelled = ~np.isnan(table[row])
    others = np.delete(table, row, axis=0)[:, labelled]
    grader_score = _alignment(given[labelled], others, alignment)
    rater_score = _alignment(table[row, labelled], others, alignment)
    return (grader_score >= rater_score).astype(np.float64), (rater_score >= grader_score).astype(np.float64)


def _alignment(values: Floats, others: Floats, alignment: Alignment) -> Floats:
    if alignment == "accuracy":
        same = np.where(np.isnan(others), np.nan, values == others)
        return np.asarray(np.nanmean(same, axis=0))
    # Rounded, so that equal distances computed in another order still tie.
    return np.asarray(-np.round(np.sqrt(np.nanmean((values - others) ** 2, axis=0)), 12))


def _p_value(differences: Floats, epsilon: float) -> float:
    if np.all(differences == differences[0]):
        # Without any variation the t statistic is infinite: the limit of its p-value is 0 or 1.
        return 0.0 if differences[0] < epsilon else 1.0
    from scipy.stats import ttest_1samp

    return float(ttest_1samp(differences, epsilon, alternative="less").pvalue)


def _not_made(
    reason: str, n: int, epsilon: float, alignment: Alignment, left_out: Sequence[str]
) -> AlternativeAnnotatorTest:
    missing = not_available(reason, n)
    return AlternativeAnnotatorTest(epsilon, alignment, missing, missing, (), tuple(left_out))
