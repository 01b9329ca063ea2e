"""A rate budget: how many requests or tokens may still go now, and when there will be enough again.

One is fixed by a person (so many a minute), another is learned from what an endpoint says about its own limits.
"""

from __future__ import annotations

from dataclasses import dataclass

LONGEST_RESET = 300.0
"""Seconds. An endpoint that names a later reset (a limit by the day) is asked all the same: it says no by itself."""


@dataclass(frozen=True, slots=True)
class RateWindow:
    """What an endpoint says of one of its limits: how much is left, of how much, and seconds until all is back."""

    remaining: float
    reset: float
    limit: float | None = None


@dataclass(frozen=True, slots=True)
class RateLimits:
    """What a reply's headers say of the endpoint's limits; None where they say nothing."""

    requests: RateWindow | None = None
    tokens: RateWindow | None = None


class FixedBudget:
    """So many a minute, evenly: at most a second's worth at once, or one request where that is more.

    One that needs more than a second's worth goes when the budget is full, and those after it wait for the debt.
    """

    def __init__(self, per_minute: float) -> None:
        self._rate = per_minute / 60
        self._most = max(1.0, self._rate)
        self._level = self._most
        self._at: float | None = None

    def change(self, now: float, per_minute: float) -> None:
        """From now on, so many a minute."""
        self._refill(now)
        self._rate = per_minute / 60
        self._most = max(1.0, self._rate)
        self._level = min(self._level, self._most)

    def wait(self, now: float, need: float) -> float:
        """Seconds until `need` may be taken."""
        self._refill(now)
        return max(0.0, (min(need, self._most) - self._level) / self._rate)

    def take(self, now: float, need: float) -> None:
        self._refill(now)
        self._level -= need

    def correct(self, expected: float, used: float) -> None:
        """A request took other than was expected when it was sent."""
        self._level = min(self._most, self._level + expected - used)

    def _refill(self, now: float) -> None:
        if self._at is not None:
            self._level = min(self._most, self._level + max(0.0, now - self._at) * self._rate)
        self._at = now if self._at is None else max(self._at, now)


class LearnedBudget:
    """What an endpoint has said is left. It is believed until the reset it named, and then nothing is known again."""

    def __init__(self) -> None:
        self._level = 0.0
        self._rate = 0.0
        self._at = 0.0
        self._until = float("-inf")

    def learn(self, now: float, window: RateWindow, in_flight: float) -> None:
        """Takes an endpoint at its word. What is in flight may not be counted there yet, so it is taken off."""
        if not 0 < window.reset <= LONGEST_RESET or window.remaining < 0:
            return
        spent = window.limit - window.remaining if window.limit is not None else in_flight
        self._level = window.remaining - in_flight
        self._rate = max(spent, 0.0) / window.reset
        self._at, self._until = now, now + window.reset

    def wait(self, now: float, need: float) -> float:
        """Seconds until `need` may be taken; never beyond the reset."""
        if now >= self._until:
            return 0.0
        level = self._level + max(0.0, now - self._at) * self._rate
        if level >= need:
            return 0.0
        left = self._until - now
        return min(left, (need - level) / self._rate) if self._rate else left

    def take(self, need: float) -> None:
        self._level -= need
