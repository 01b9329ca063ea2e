"""What each of several workers may have of a limit that holds for all of them together."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from evaluator.core.pace import PaceSettings


def share_of(limits: PaceSettings, worker: str, everybody: Collection[str]) -> PaceSettings:
    """One worker's share: an equal part; of requests at once, those that do not divide go to the first by name. So the
    shares never add up to more than the limits, and with more workers than requests at once some have none.
    """
    names = sorted({*everybody, worker})
    each, rest = divmod(limits.most, len(names))

    def part(limit: float | None) -> float | None:
        return None if limit is None else limit / len(names)

    return replace(
        limits,
        most=each + (names.index(worker) < rest),
        requests_per_minute=part(limits.requests_per_minute),
        tokens_per_minute=part(limits.tokens_per_minute),
    )
