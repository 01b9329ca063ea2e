"""The tally: what the endpoint was asked, what it charged for, and what it charged for twice."""

from __future__ import annotations

import resource
import time

Figures = dict[str, int | float]


def cpu_seconds() -> float:
    """User and system time of this process."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


class Tally:
    """Counts since the last reset.

    A prompt is known by the digest of its messages, an answer by the marker in its text. Paid: taken up to be
    answered, a truncated reply included, whether or not the client was still there to read it. Delivered: a
    whole good reply was written to a connection that was open.
    """

    def __init__(self, open_connections: int = 0) -> None:
        self.total = 0
        self.unreadable = 0
        self.by_fate: dict[str, int] = {}
        self.tokens_in = 0
        self.tokens_cached = 0
        self.bytes_in = 0
        self.in_flight = 0
        self.most_in_flight = 0
        self.open_connections = open_connections
        self.most_connections = open_connections
        self.connections = 0
        self.client_gone = 0
        self.batch_requests = 0
        self._seen: dict[bytes, int] = {}
        self.paid = 0
        self._paid: dict[bytes, int] = {}
        self._delivered: dict[bytes, int] = {}
        self._answers: set[bytes] = set()
        self._answers_delivered: set[bytes] = set()
        self._answers_paid_again: set[bytes] = set()
        self._answers_paid_again_needlessly: set[bytes] = set()
        self._first: float | None = None
        self._last: float | None = None
        self._cpu = cpu_seconds()

    def asked(self, key: bytes, marker: bytes | None, size: int) -> int:
        """A request came; returns how many of the same prompt came before."""
        if self._first is None:
            self._first = time.monotonic()
        self.total += 1
        self.bytes_in += size
        before = self._seen.get(key, 0)
        self._seen[key] = before + 1
        if marker is not None:
            self._answers.add(marker)
        return before

    def started(self) -> None:
        """A request is being worked on."""
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)

    def ended(self) -> None:
        """A request was answered, or nobody waits for it any more."""
        self.in_flight -= 1
        self._last = time.monotonic()

    def met(self, fate: str) -> None:
        """Something happened to a request."""
        self.by_fate[fate] = self.by_fate.get(fate, 0) + 1

    def charged(self, key: bytes, marker: bytes | None, tokens: int, cached: int) -> None:
        """A reply to this prompt is paid for."""
        self.tokens_in += tokens
        self.tokens_cached += cached
        self.paid += 1
        times = self._paid.get(key, 0) + 1
        self._paid[key] = times
        if times > 1 and marker is not None:
            self._answers_paid_again.add(marker)
            if self._delivered.get(key, 0):
                self._answers_paid_again_needlessly.add(marker)

    def delivered(self, key: bytes, marker: bytes | None) -> None:
        """A whole good reply to this prompt reached an open connection."""
        self._delivered[key] = self._delivered.get(key, 0) + 1
        if marker is not None:
            self._answers_delivered.add(marker)

    def figures(self) -> Figures:
        """Everything counted, as `/stats` gives it."""
        span = self._last - self._first if self._first is not None and self._last is not None else 0.0
        return {
            "total": self.total,
            "unique_prompts": len(self._seen),
            "unreadable": self.unreadable,
            **{f"fate_{fate}": count for fate, count in sorted(self.by_fate.items())},
            "paid": self.paid,
            "paid_unique": len(self._paid),
            "paid_duplicates": self.paid - len(self._paid),
            "answers_seen": len(self._answers),
            "answers_delivered": len(self._answers_delivered),
            "answers_paid_more_than_once": len(self._answers_paid_again),
            "answers_paid_after_a_good_reply": len(self._answers_paid_again_needlessly),
            "tokens_in": self.tokens_in,
            "tokens_cached": self.tokens_cached,
            "bytes_in": self.bytes_in,
            "in_flight": self.in_flight,
            "most_in_flight": self.most_in_flight,
            "connections": self.connections,
            "open_connections": self.open_connections,
            "most_connections": self.most_connections,
            "client_gone": self.client_gone,
            "batch_requests": self.batch_requests,
            # Of the clock that all processes of a machine share.
            "first_at": self._first or 0.0,
            "span_s": round(span, 4),
            "server_cpu_s": round(cpu_seconds() - self._cpu, 4),
        }
