"""The price of a model's tokens, and what a reply cost by it."""

from __future__ import annotations

from dataclasses import dataclass

from evaluator.core.reply import Usage


@dataclass(frozen=True, slots=True)
class Price:
    """US dollars for a million tokens; cached input costs `cached` where it is known, else like other input."""

    input: float
    output: float
    cached: float | None = None

    def cost(self, usage: Usage) -> float | None:
        """Dollars for this usage, or None where the endpoint did not say how many tokens it took and they cost."""
        if self.input == self.output == 0:
            return 0.0
        if usage.input_tokens is None or usage.output_tokens is None:
            return None
        cached = usage.cached_tokens or 0
        at_cache_price = self.input if self.cached is None else self.cached
        fresh = usage.input_tokens - cached
        return (fresh * self.input + cached * at_cache_price + usage.output_tokens * self.output) / 1_000_000


FREE = Price(0.0, 0.0)
