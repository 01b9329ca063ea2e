"""Splits of candidates (or questions) that hold low and high answers alike on every side, the same for a seed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

# Units of neighbouring mean level, of which each side gets its share. Five keep the sides alike and leave
# the draw random within each.
STRATA = 5


@dataclass(frozen=True, slots=True)
class Split:
    """The two sides, each in the order in which the units were given."""

    calibration: tuple[str, ...]
    test: tuple[str, ...]


def stratified_split(mean_levels: Mapping[str, float | None], *, test_share: float, seed: int) -> Split:
    """Send `test_share` of the units to test, from every stratum of mean level alike.

    `mean_levels` gives each unit (candidate or question) its mean level, None where it has no label (a stratum
    of its own). The test side gets round(units * test_share) of them, at least one, and leaves at least one. The
    same units and seed give the same split, in whatever order they come. Raises ValueError for fewer
    than two units or a share that is not between 0 and 1.
    """
    if not 0 < test_share < 1:
        raise ValueError(f"the test share lies between 0 and 1, not at {test_share:g}")
    if len(mean_levels) < 2:
        raise ValueError("a split needs two candidates (or questions) at the least")
    random = np.random.default_rng(seed)
    order = _shuffled_by_stratum(mean_levels, random)
    n = len(order)
    wanted = min(max(round(n * test_share), 1), n - 1)
    # Walking through the strata, every run of units gives its share: the sides differ by less than one a stratum.
    # Where the walk begins is drawn, so that each unit is in test with the same chance, wanted / n, the first too.
    begin = int(random.integers(n))
    test = {
        unit for place, unit in enumerate(order) if (begin + (place + 1) * wanted) // n > (begin + place * wanted) // n
    }
    return Split(
        calibration=tuple(unit for unit in mean_levels if unit not in test),
        test=tuple(unit for unit in mean_levels if unit in test),
    )


def stratified_folds(mean_levels: Mapping[str, float | None], *, folds: int, seed: int) -> tuple[tuple[str, ...], ...]:
    """Deal the units into folds of nearly equal size, each with low and high ones, for cross-validation.

    Raises ValueError for fewer than two folds or more folds than units.
    """
    if not 2 <= folds <= len(mean_levels):
        raise ValueError(f"{folds} folds of {len(mean_levels)} units: there must be two, and a unit for each")
    order = _shuffled_by_stratum(mean_levels, np.random.default_rng(seed))
    fold_of = {unit: place % folds for place, unit in enumerate(order)}
    return tuple(tuple(unit for unit in mean_levels if fold_of[unit] == fold) for fold in range(folds))


def _shuffled_by_stratum(mean_levels: Mapping[str, float | None], random: np.random.Generator) -> list[str]:
    """The units stratum by stratum, lowest first and unlabelled ones last, shuffled within each."""
    labelled = sorted((level, unit) for unit, level in mean_levels.items() if level is not None)
    unlabelled = sorted(unit for unit, level in mean_levels.items() if level is None)
    count = min(STRATA, max(1, len(labelled) // 2))
    edges = [round(place * len(labelled) / count) for place in range(count + 1)]
    strata = [[unit for _, unit in labelled[start:end]] for start, end in pairwise(edges)]
    return [stratum[place] for stratum in [*strata, unlabelled] for place in random.permutation(len(stratum))]
