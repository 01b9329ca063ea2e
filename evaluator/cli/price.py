"""`--price IN,OUT`, read."""

from __future__ import annotations

from evaluator.core.price import Price
from evaluator.errors import UsageError


def price_of(text: str | None) -> Price | None:
    """The two prices, US dollars for a million tokens. Raises UsageError where they are not two prices."""
    if text is None:
        return None
    try:
        parts = [float(part) for part in text.split(",")]
    except ValueError:
        parts = []
    if len(parts) != 2 or not all(0 <= part < 1e6 for part in parts):
        raise UsageError(f"--price '{text}' is not two prices.", hint="Write --price IN,OUT, such as --price 0.25,2.")
    return Price(parts[0], parts[1])
