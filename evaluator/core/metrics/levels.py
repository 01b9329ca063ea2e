"""Levels as numbers on their scale: aligned, and rounded to a level."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

# One reading of the items, in their order: a level, an expected level between two levels, or None where
# there is no reading. Every function of this package takes readings that are aligned item by item.
Readings: TypeAlias = Sequence[float | None]
Floats: TypeAlias = NDArray[np.float64]
Positions: TypeAlias = NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """The items that both readings cover: their values and which items they are."""

    first: Floats
    second: Floats
    items: Positions  # positions in the readings

    @property
    def n(self) -> int:
        return len(self.items)


def as_array(readings: Readings) -> Floats:
    """Readings as floats, NaN (inside this package only) where there is none. Infinite values are refused."""
    values = np.array([np.nan if reading is None else reading for reading in readings], dtype=np.float64)
    given = np.array([reading is not None for reading in readings], dtype=bool)
    if not bool(np.isfinite(values[given]).all()):
        raise ValueError("a reading is a finite number or None")
    return values


def pair(first: Readings, second: Readings) -> Pairs:
    """Keep the items that both readings cover. Raises ValueError when the two are not aligned."""
    if len(first) != len(second):
        raise ValueError(f"readings are not aligned: {len(first)} and {len(second)} items")
    one, other = as_array(first), as_array(second)
    items = np.flatnonzero(~np.isnan(one) & ~np.isnan(other))
    return Pairs(one[items], other[items], items)


def check_scale(scale: Sequence[float]) -> Floats:
    """The scale as an array. Raises ValueError unless it has two levels or more, lowest first."""
    levels = np.asarray(scale, dtype=np.float64)
    if levels.ndim != 1 or len(levels) < 2 or not bool((np.diff(levels) > 0).all()):
        raise ValueError("a scale is two levels or more, lowest first, no level twice")
    return levels


def nearest_positions(values: Floats, scale: Sequence[float]) -> Positions:
    """The position on the scale of the level nearest to each value; halfway goes to the higher level.

    Raises ValueError for a value outside the scale.
    """
    levels = check_scale(scale)
    if len(values) and (values.min() < levels[0] or values.max() > levels[-1]):
        raise ValueError(f"a level lies off the scale {levels[0]:g} to {levels[-1]:g}")
    middles = (levels[1:] + levels[:-1]) / 2
    return np.searchsorted(middles, values, side="right").astype(np.intp)
