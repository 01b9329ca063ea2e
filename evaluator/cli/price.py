"""`--price IN,OUT[,CACHED]` and `--max-cost USD`, read."""

from __future__ import annotations

from evaluator.core.price import Price
from evaluator.errors import UsageError


def price_of(text: str | None) -> Price | None:
    """The prices, US dollars for a million tokens. Raises UsageError where they are not two or three prices."""
    if text is None:
        return None
    try:
        parts = [float(part) for part in text.split(",")]
    except ValueError:
        parts = []
    if len(parts) not in (2, 3) or not all(0 <= part < 1e6 for part in parts):
        raise UsageError(
            f"--price '{text}' is not two or three prices.",
            hint="Write --price IN,OUT or --price IN,OUT,CACHED, such as --price 0.25,2.",
        )
    return Price(parts[0], parts[1], parts[2] if len(parts) == 3 else None)
