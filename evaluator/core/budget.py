"""The budget of a run: what is spent and what is in flight, held under a cap; and how far estimates can be trusted."""

from __future__ import annotations

from dataclasses import dataclass, field


class Budget:
    """Dollars under a cap. What is in flight is reserved before it is asked, so that it cannot be spent twice.

    The cap is passed at most by what the requests in flight cost beyond their reservations.
    """

    def __init__(self, cap_usd: float) -> None:
        self.cap_usd = cap_usd
        self.spent_usd = 0.0
        self.reserved_usd = 0.0

    def reserve(self, expected_usd: float) -> bool:
        """Whether a request that will probably cost this much may be asked; if so its dollars are set aside."""
        if self.spent_usd + self.reserved_usd + expected_usd > self.cap_usd:
            return False
        self.reserved_usd += expected_usd
        return True

    def settle(self, expected_usd: float, actual_usd: float) -> None:
        """A request that was reserved for is over, and cost this much."""
        self.reserved_usd = max(0.0, self.reserved_usd - expected_usd)
        self.spent_usd += actual_usd

    def __str__(self) -> str:
        return f"${self.spent_usd:,.2f} of ${self.cap_usd:,.2f}" if self.cap_usd >= 1 else self._in_small_change()

    def _in_small_change(self) -> str:
        return f"${self.spent_usd:,.4f} of ${self.cap_usd:,.4f}"


@dataclass(slots=True)
class Forecast:
    """Corrects estimates by what replies really cost: the ratio of all that was seen to all that was expected."""

    expected_usd: float = field(default=0.0)
    actual_usd: float = field(default=0.0)

    @property
    def has_seen(self) -> bool:
        """Whether any estimate could be held against a bill."""
        return self.expected_usd > 0

    def corrected(self, estimate_usd: float) -> float:
        """What a request of this estimate will cost, by what others of its kind did."""
        return estimate_usd * self.actual_usd / self.expected_usd if self.has_seen else estimate_usd

    def learn(self, estimate_usd: float, actual_usd: float) -> None:
        """One estimate (before any correction), and what it turned out to cost."""
        self.expected_usd += estimate_usd
        self.actual_usd += actual_usd
