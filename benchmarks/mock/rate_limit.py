"""The rate limit: token buckets for requests and for tokens, and the headers that tell a client about them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Bucket:
    """Fills at `rate` a second up to `size`; `level` is what was in it at `at` (seconds of any clock)."""

    rate: float
    size: float
    level: float
    at: float

    def refill(self, now: float) -> None:
        """Brings the level up to now."""
        self.level = min(self.size, self.level + (now - self.at) * self.rate)
        self.at = now

    def wait_for(self, amount: float) -> float:
        """Seconds until `amount` is there; 0 where it is."""
        return max(0.0, (amount - self.level) / self.rate)

    @property
    def wait_until_full(self) -> float:
        """Seconds until nothing of the limit is used."""
        return (self.size - self.level) / self.rate


class RateLimit:
    """Requests and tokens a second; a rate of 0 is no limit."""

    def __init__(
        self, requests_per_second: float, burst: float, tokens_per_second: float, token_burst: float, now: float
    ) -> None:
        self._requests = Bucket(requests_per_second, burst, burst, now) if requests_per_second else None
        self._tokens = Bucket(tokens_per_second, token_burst, token_burst, now) if tokens_per_second else None

    @property
    def limits(self) -> bool:
        """Whether there is any limit at all."""
        return self._requests is not None or self._tokens is not None

    def take(self, tokens: int, now: float) -> float:
        """Takes one request of `tokens`; 0, or the seconds after which it would be let in (then nothing is taken)."""
        # A request larger than the whole bucket would never be let in.
        wanted = [(self._requests, 1.0), (self._tokens, min(tokens, self._tokens.size) if self._tokens else 0.0)]
        buckets = [(bucket, amount) for bucket, amount in wanted if bucket is not None]
        for bucket, _ in buckets:
            bucket.refill(now)
        wait = max((bucket.wait_for(amount) for bucket, amount in buckets), default=0.0)
        if not wait:
            for bucket, amount in buckets:
                bucket.level -= amount
        return wait

    def headers(self) -> bytes:
        """`x-ratelimit-*` lines, each ended; none where there is no limit."""
        lines = b""
        for kind, bucket in ((b"requests", self._requests), (b"tokens", self._tokens)):
            if bucket is not None:
                lines += b"x-ratelimit-limit-%s: %d\r\nx-ratelimit-remaining-%s: %d\r\nx-ratelimit-reset-%s: %s\r\n" % (
                    kind,
                    bucket.size,
                    kind,
                    bucket.level,
                    kind,
                    duration(bucket.wait_until_full),
                )
        return lines


def duration(seconds: float) -> bytes:
    """A duration as these headers write it: `12ms`, `1.5s`, `6m0s`."""
    if seconds < 1:
        return b"%dms" % round(seconds * 1000)
    minutes, rest = divmod(seconds, 60)
    return b"%dm%gs" % (minutes, round(rest)) if minutes else b"%gs" % round(rest, 3)
