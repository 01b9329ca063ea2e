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

    @property
    def said(self) -> str:
        """What is spent, and what is set aside for requests that are still in flight."""
        return f"{self}, {self._dollars(self.reserved_usd)} in flight" if self.reserved_usd > 0 else str(self)

    def __str__(self) -> str:
        return f"{self._dollars(self.spent_usd)} of {self._dollars(self.cap_usd)}"

    def _dollars(self, amount: float) -> str:
        return f"${amount:,.2f}" if self.cap_usd >= 1 else f"${amount:,.4f}"


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
