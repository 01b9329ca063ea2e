"""The outcome of a request: what happens to it and after how long, decided by seed, prompt and attempt alone.

Arrival order plays no part, so two clients that ask the same meet the same faults.
"""

from __future__ import annotations

import hashlib
import math
from statistics import NormalDist
from typing import Literal

from benchmarks.mock.options import Options

Fate = Literal["answered", "rate_limited", "server_error", "truncated", "reset", "hung"]
_STANDARD_NORMAL = NormalDist()
_TWO_TO_64 = float(2**64)


def uniform(seed: int, key: bytes, attempt: int, purpose: bytes) -> float:
    """A number above 0 and below 1 that depends on the arguments and nothing else."""
    digest = hashlib.blake2b(b"%d|%d|%s|" % (seed, attempt, purpose) + key, digest_size=8).digest()
    # The largest digests would round to 1.0 exactly.
    return min((int.from_bytes(digest, "big") + 0.5) / _TWO_TO_64, 1.0 - 2.0**-53)


def fate_of(options: Options, key: bytes, attempt: int) -> Fate:
    """What happens to the `attempt`-th request (0, 1, …) of the prompt whose digest is `key`."""
    shares: tuple[tuple[Fate, float], ...] = (
        ("rate_limited", options.share_429),
        ("server_error", options.share_500),
        ("truncated", options.share_truncated),
        ("reset", options.share_reset),
        ("hung", options.share_hung),
    )
    if not any(share for _, share in shares):
        return "answered"
    drawn = uniform(options.seed, key, attempt, b"fate")
    for fate, share in shares:
        if drawn < share:
            return fate
        drawn -= share
    return "answered"


def delay_of(options: Options, key: bytes, attempt: int) -> float:
    """Seconds until the reply."""
    seconds = options.latency_ms / 1000
    if options.latency == "constant" or not seconds:
        return seconds
    drawn = uniform(options.seed, key, attempt, b"latency")
    return seconds * math.exp(options.sigma * _STANDARD_NORMAL.inv_cdf(drawn))
