"""The pace at which one endpoint is asked: how many requests at once, when the next may go, when to stop asking.

A state machine without a clock of its own: every call is told the time, in seconds of any steady clock.

- It begins low and adds one request for each that went well, so the number doubles with every round, up to `most`.
- A 429 halves it, once for all that were in flight together. After that it climbs quickly to where it was when it was
  told off, and from there by one a round.
- A failure of the endpoint (5xx, timeout, broken connection) only holds it: as many must go well before it grows.
- `failures_in_a_row` with nothing good for `shortest_outage` seconds: the endpoint is down and is left alone.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from pydantic import BaseModel, ConfigDict

from evaluator.core.rate_budget import FixedBudget, LearnedBudget, RateLimits

Ending = Literal["answered", "rate_limited", "failed", "given_up"]


@dataclass(frozen=True, slots=True)
class PaceSettings:
    """The bounds of a pace. Per-minute limits are None where a person named none."""

    most: int = 64
    """Requests in flight at once, at most; 0: none, until it is changed."""
    first: int | None = None
    """Requests in flight at once, to begin with; None: an eighth of `most`, and 8 at the least."""
    requests_per_minute: float | None = None
    tokens_per_minute: float | None = None
    failures_in_a_row: int = 20
    shortest_outage: float = 3.0
    """Seconds without a good reply before an endpoint counts as down: a hiccup fails all that are in flight at once."""
    probe_every: float = 30.0
    """Seconds between single requests that ask whether an endpoint is up again."""

    @property
    def begins_with(self) -> int:
        """Requests in flight at once, to begin with: it takes three rounds to double them up to `most`, however many
        these are.
        """
        return min(max(8, self.most // 8) if self.first is None else self.first, self.most)


@dataclass(frozen=True, slots=True)
class Ticket:
    """A request in flight: after how many halvings it was sent, when, and the tokens it was expected to take."""

    halvings: int
    sent_at: float
    tokens: float


class PaceTotals(BaseModel):
    """How the asking went, for people."""

    model_config = ConfigDict(frozen=True)

    requests: int = 0
    highest_concurrency: int = 0
    rate_limited: int = 0
    """Replies that said: too many (HTTP 429)."""
    failed: int = 0
    """Requests that ended in a 5xx, a timeout or a broken connection."""
    waited_seconds: float = 0.0
    """Time during which a request was held back by a limit by the minute, the endpoint's or the command line's."""
    went_down: bool = False

    def __add__(self, other: PaceTotals) -> PaceTotals:
        return PaceTotals(
            requests=self.requests + other.requests,
            highest_concurrency=max(self.highest_concurrency, other.highest_concurrency),
            rate_limited=self.rate_limited + other.rate_limited,
            failed=self.failed + other.failed,
            waited_seconds=self.waited_seconds + other.waited_seconds,
            went_down=self.went_down or other.went_down,
        )


@dataclass
class Pace:
    """See above. `wait` before, `sent` with, and `ended` after each request."""

    settings: PaceSettings
    in_flight: int = 0
    _limit: float = 0.0
    _ceiling: float = 0.0
    _halvings: int = 0
    _hold: int = 0
    _failures: int = 0
    _last_good: float | None = None
    _probe_at: float | None = None
    _fixed_requests: FixedBudget | None = None
    _fixed_tokens: FixedBudget | None = None
    _said_requests: LearnedBudget = field(default_factory=LearnedBudget)
    _said_tokens: LearnedBudget = field(default_factory=LearnedBudget)
    _tokens_in_flight: float = 0.0
    _requests: int = 0
    _highest: int = 0
    _rate_limited: int = 0
    _failed: int = 0
    _went_down: bool = False

    def __post_init__(self) -> None:
        chosen = self.settings
        self._limit = float(chosen.begins_with)
        self._ceiling = float(chosen.most)
        if chosen.requests_per_minute:
            self._fixed_requests = FixedBudget(chosen.requests_per_minute)
        if chosen.tokens_per_minute:
            self._fixed_tokens = FixedBudget(chosen.tokens_per_minute)

    @property
    def concurrency(self) -> int:
        """Requests that may be in flight at once, now."""
        return max(1, int(self._limit)) if self.settings.most else 0

    def change(self, now: float, settings: PaceSettings) -> None:
        """Other bounds from now on; what was learned of the endpoint stays. A limit by the minute that there was not
        at the beginning cannot be added, and one that there was not be taken away.
        """
        if settings.most > self.settings.most:
            self._ceiling = float(settings.most)
        self._limit = min(max(self._limit, 1.0), float(settings.most)) if settings.most else 0.0
        if settings.most and not self.settings.most:
            self._limit = float(settings.begins_with)
        if self._fixed_requests is not None and settings.requests_per_minute:
            self._fixed_requests.change(now, settings.requests_per_minute)
        if self._fixed_tokens is not None and settings.tokens_per_minute:
            self._fixed_tokens.change(now, settings.tokens_per_minute)
        self.settings = settings

    @property
    def failures(self) -> int:
        """Failures since anything came back."""
        return self._failures

    def totals(self, waited_seconds: float = 0.0) -> PaceTotals:
        """How it went so far."""
        return PaceTotals(
            requests=self._requests,
            highest_concurrency=self._highest,
            rate_limited=self._rate_limited,
            failed=self._failed,
            waited_seconds=round(waited_seconds, 1),
            went_down=self._went_down,
        )

    def is_down(self, now: float) -> bool:
        """Whether the endpoint is to be left alone. Now and then it is not, for the one request that looks."""
        return self._probe_at is not None and now < self._probe_at

    def has_room(self) -> bool:
        """Whether one more may be in flight."""
        return self.in_flight < self.concurrency

    def wait(self, now: float, tokens: float) -> float:
        """Seconds until limits by the minute let a request of so many tokens go; 0: now."""
        wait = max(self._said_requests.wait(now, 1), self._said_tokens.wait(now, tokens))
        if self._fixed_requests is not None:
            wait = max(wait, self._fixed_requests.wait(now, 1))
        if self._fixed_tokens is not None:
            wait = max(wait, self._fixed_tokens.wait(now, tokens))
        return wait

    def sent(self, now: float, tokens: float) -> Ticket:
        """A request goes out."""
        self.in_flight += 1
        self._tokens_in_flight += tokens
        self._requests += 1
        self._highest = max(self._highest, self.in_flight)
        if self._last_good is None:
            self._last_good = now
        if self._probe_at is not None:
            self._probe_at = now + self.settings.probe_every
        self._said_requests.take(1)
        self._said_tokens.take(tokens)
        if self._fixed_requests is not None:
            self._fixed_requests.take(now, 1)
        if self._fixed_tokens is not None:
            self._fixed_tokens.take(now, tokens)
        return Ticket(self._halvings, now, tokens)

    def ended(
        self,
        ticket: Ticket,
        ending: Ending,
        now: float,
        said: RateLimits | None = None,
        used_tokens: float | None = None,
    ) -> None:
        """A request is over. `said` is what the reply's headers say of the endpoint's limits."""
        was_full = 2 * self.in_flight >= self.concurrency
        self.in_flight -= 1
        self._tokens_in_flight -= ticket.tokens
        if ending in ("answered", "rate_limited"):
            self._failures = 0
            self._last_good = now
            self._probe_at = None
        if ending == "answered":
            self._grow(was_full)
        elif ending == "rate_limited":
            self._rate_limited += 1
            self._halve(ticket)
        elif ending == "failed":
            self._failed += 1
            self._hold = self.concurrency
            self._count_failure(now)
        self._learn(now, said)
        if self._fixed_tokens is not None and used_tokens is not None:
            self._fixed_tokens.correct(ticket.tokens, used_tokens)

    def _grow(self, was_full: bool) -> None:
        if self._hold:
            self._hold -= 1
        elif was_full:  # a number that is not made use of has not been tried
            step = 1.0 if self._limit < self._ceiling else 1 / self._limit
            self._limit = min(float(self.settings.most), self._limit + step)

    def _halve(self, ticket: Ticket) -> None:
        if ticket.halvings < self._halvings:
            return  # sent before the last halving: the same burst
        self._ceiling = self._limit
        self._limit = max(1.0, self._limit / 2)
        self._halvings += 1
        self._hold = 0

    def _count_failure(self, now: float) -> None:
        self._failures += 1
        good = self._last_good if self._last_good is not None else now
        if self._failures >= self.settings.failures_in_a_row and now - good >= self.settings.shortest_outage:
            self._went_down = True
            self._probe_at = now + self.settings.probe_every

    def _learn(self, now: float, said: RateLimits | None) -> None:
        if said is None:
            return
        if said.requests is not None:
            self._said_requests.learn(now, said.requests, self.in_flight)
        if said.tokens is not None:
            self._said_tokens.learn(now, said.tokens, self._tokens_in_flight)
