"""Cross-validation over whole units: folds, what is predicted of each fold by the others, and whether a change helps.

A unit is what must not be torn: a candidate, a question or an answer, with copies of it. What is kept is decided by
one rule: the mean loss over the folds falls by more than the standard error of that fall.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from evaluator.core.metrics.stratified_split import stratified_folds

FOLDS = 5
SEED = 20260101
_T = TypeVar("_T")
_P = TypeVar("_P")


@dataclass(frozen=True, slots=True)
class Gain:
    """By how much a change lowers the mean loss over `n` items of `units` units, with its standard error."""

    value: float
    error: float
    n: int
    units: int

    @property
    def helps(self) -> bool:
        """The rule of every choice: more than one standard error, and not nothing."""
        return self.value > self.error and self.value > 0


def fold_of_units(mean_levels: Mapping[str, float | None]) -> dict[str, int]:
    """Deals the units into `FOLDS` folds (fewer where there are fewer units), low and high ones alike.

    The same units give the same folds in whatever order they come. Raises ValueError for fewer than two units.
    """
    folds = stratified_folds(mean_levels, folds=min(FOLDS, len(mean_levels)), seed=SEED)
    return {unit: place for place, fold in enumerate(folds) for unit in fold}


def out_of_fold(
    items: Sequence[_T],
    unit_of: Callable[[_T], str],
    fold_of: Mapping[str, int],
    fit: Callable[[Sequence[_T]], Callable[[_T], _P]],
) -> list[_P]:
    """What is predicted of each item by a fit on the other folds only; `fit` gives the function that predicts."""
    folds = [fold_of[unit_of(item)] for item in items]
    predictors = {
        fold: fit([item for item, of in zip(items, folds, strict=True) if of != fold]) for fold in sorted(set(folds))
    }
    return [predictors[fold](item) for item, fold in zip(items, folds, strict=True)]


def gain_of(before: Sequence[float], after: Sequence[float], units: Sequence[str]) -> Gain:
    """How much lower the losses `after` are than `before`, item by item, and the standard error of the mean fall.

        error = sqrt(C / (C - 1) * sum over units of (sum of the falls in the unit - mean fall * its items)^2) / n

    the linearised standard error of a mean of clusters (Cochran, Sampling Techniques (1977), 9A), C being the units.
    Raises ValueError for no item or for losses that are not aligned.
    """
    if not len(before) == len(after) == len(units) or not units:
        raise ValueError("a gain needs items, each with both losses and a unit")
    falls = np.asarray(before, dtype=np.float64) - np.asarray(after, dtype=np.float64)
    names = {name: place for place, name in enumerate(dict.fromkeys(units))}
    of = np.array([names[name] for name in units])
    mean, count = float(falls.mean()), len(names)
    if count < 2:
        return Gain(mean, float("inf"), len(falls), count)
    apart = np.bincount(of, weights=falls - mean, minlength=count)
    error = float(np.sqrt(count / (count - 1) * np.sum(apart**2)) / len(falls))
    return Gain(mean, error, len(falls), count)
