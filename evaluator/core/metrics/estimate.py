"""A figure with its interval, so that no figure travels without how many items it rests on."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Estimate:
    """A statistic on `n` items of `clusters` clusters (candidates or questions).

    `value` is None when the statistic is not defined on these items; `reason` then says why. It is never
    NaN, and never a zero that stands for "unknown".
    `low` and `high` bound the 95% interval. Both are None when nothing was resampled, or when resampling
    cannot tell; `note` then says why, and may also qualify an interval that is there.
    `skipped` counts the resamples on which the statistic was not defined, of `resamples`.
    """

    value: float | None
    n: int
    low: float | None = None
    high: float | None = None
    clusters: int | None = None
    reason: str | None = None
    note: str | None = None
    resamples: int = 0
    skipped: int = 0

    def __post_init__(self) -> None:
        if (self.value is None) == (self.reason is None):
            raise ValueError("an estimate has either a value or a reason why it has none")
        if (self.low is None) != (self.high is None):
            raise ValueError("an interval has two ends or none")
        for figure in (self.value, self.low, self.high):
            if figure is not None and not math.isfinite(figure):
                raise ValueError(f"an estimate is a finite number or None, not {figure}")

    @property
    def has_interval(self) -> bool:
        return self.low is not None

    def __str__(self) -> str:
        """`0.83 (0.71 to 0.91), n=120`, or `n/a, because every label is the same (n=12)`."""
        if self.value is None:
            return f"n/a, because {self.reason} (n={self.n})"
        interval = ""
        if self.low is not None and self.high is not None:
            interval = f" ({decimals(self.low)} to {decimals(self.high)})"
        return f"{decimals(self.value)}{interval}, n={self.n}"


def decimals(value: float, sign: str = "") -> str:
    """Two decimals; what rounds to nothing has no minus. With sign "+" a plus is written too."""
    return f"{round(value, 2) + 0.0:{sign}.2f}"


def not_available(reason: str, n: int, clusters: int | None = None) -> Estimate:
    """The estimate that is none: `reason` completes "n/a, because ..."."""
    return Estimate(value=None, n=n, clusters=clusters, reason=reason)
