"""The price of a model's tokens, and what a reply cost by it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from evaluator.core.reply import Usage

_A_MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class Price:
    """US dollars for a million tokens.

    Input that the endpoint read from its cache costs `cached`, input that it wrote there `cache_write`; either costs
    as other input where it is None. `batch` is the share of all prices that a batch's answer costs (0.5: half), None
    where no discount is known; `caches_in_batch` says whether the price of cached input holds in a batch too.
    """

    input: float
    output: float
    cached: float | None = None
    cache_write: float | None = None
    batch: float | None = None
    caches_in_batch: bool = False

    @property
    def in_batch(self) -> Price:
        """What the same tokens cost in a batch; the full price where no discount is known."""
        share = 1.0 if self.batch is None else self.batch
        return Price(
            self.input * share,
            self.output * share,
            self.cached * share if self.cached is not None and self.caches_in_batch else None,
            self.cache_write * share if self.cache_write is not None else None,
        )

    @property
    def costs_money(self) -> bool:
        """Whether anybody sends a bill."""
        return self.input > 0 or self.output > 0

    def cost(self, usage: Usage) -> float | None:
        """Dollars for this usage, or None where the endpoint did not say how many tokens it took and they cost."""
        if not self.costs_money:
            return 0.0
        if usage.input_tokens is None or usage.output_tokens is None:
            return None
        if usage.batched is None:
            return self._cost(usage)
        return self._cost(usage.live) + self.in_batch._cost(usage.batched)

    def _cost(self, usage: Usage) -> float:
        whole, cached, written = usage.input_tokens or 0, usage.cached_tokens or 0, usage.cache_write_tokens or 0
        at_cache_price = self.input if self.cached is None else self.cached
        at_write_price = self.input if self.cache_write is None else self.cache_write
        fresh = max(0, whole - cached - written)
        spent = fresh * self.input + cached * at_cache_price + written * at_write_price
        return (spent + (usage.output_tokens or 0) * self.output) / _A_MILLION


FREE = Price(0.0, 0.0)


def cost_of(parts: Iterable[tuple[Price | None, Usage]]) -> float | None:
    """Dollars for several usages, each at its own price; None where there are none, or one has no known cost."""
    total: float | None = None
    for price, usage in parts:
        cost = price.cost(usage) if price is not None else None
        if cost is None:
            return None
        total = (total or 0.0) + cost
    return total
