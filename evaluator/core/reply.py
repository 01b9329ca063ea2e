"""What a grader says about one answer, before anything in it is believed; or why it said nothing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

FailureCode = Literal[
    "timeout",
    "rate_limited",
    "server_error",
    "connection",
    "wrong_key",
    "unknown_model",
    "bad_request",
    "too_long",
    "refused",
    "cut_off",
    "invalid_reply",
    "server_stopped",
    "endpoint_down",
    "budget_spent",
    "waits_for_batch",
    "store_failed",
]
# After one of these every further request would fail alike, so the run stops asking.
FATAL: frozenset[FailureCode] = frozenset(
    {"wrong_key", "unknown_model", "server_stopped", "endpoint_down", "budget_spent", "store_failed"}
)

# Nothing was sent: the request waits for more money, for a batch's answer, for an endpoint that is up again.
NOT_SENT: frozenset[FailureCode] = frozenset({"budget_spent", "waits_for_batch", "endpoint_down"})


@dataclass(frozen=True, slots=True)
class Usage:
    """What a reply took: tokens, milliseconds, requests. Token counts are None where the endpoint does not say.

    Of the input, `cached_tokens` were read from the endpoint's cache and `cache_write_tokens` written to it.
    `reused` is the part of it that came out of the ledger: it was paid for before. `batched` is the part that a
    batch answered, at a batch's price.
    """

    input_tokens: int | None = None
    output_tokens: int | None = None
    cached_tokens: int | None = None
    latency_ms: float = 0.0
    requests: int = 0
    reused: Usage | None = None
    batched: Usage | None = None
    cache_write_tokens: int | None = None

    @property
    def again(self) -> Usage:
        """The same, all of it taken from the ledger."""
        whole = replace(self, reused=None)
        return replace(whole, reused=whole)

    @property
    def in_batch(self) -> Usage:
        """The same, all of it answered by a batch."""
        return replace(self, batched=replace(self, reused=None, batched=None))

    @property
    def paid(self) -> Usage:
        """What was asked and paid for now."""
        return self if self.reused is None else self._without(self.reused)

    @property
    def live(self) -> Usage:
        """What was not answered by a batch."""
        return self if self.batched is None else replace(self._without(self.batched), batched=None)

    @property
    def cached_share(self) -> float | None:
        """Of the input, what the endpoint read from its cache (0-1); None where it does not say."""
        if not self.input_tokens or self.cached_tokens is None:
            return None
        return self.cached_tokens / self.input_tokens

    def __add__(self, other: Usage) -> Usage:
        if self is NOTHING_USED:
            return other
        return Usage(
            _sum(self.input_tokens, other.input_tokens),
            _sum(self.output_tokens, other.output_tokens),
            _sum(self.cached_tokens, other.cached_tokens),
            self.latency_ms + other.latency_ms,
            self.requests + other.requests,
            self.reused + other.reused if self.reused and other.reused else self.reused or other.reused,
            self.batched + other.batched if self.batched and other.batched else self.batched or other.batched,
            _sum(self.cache_write_tokens, other.cache_write_tokens),
        )

    def _without(self, part: Usage) -> Usage:
        batched = self.batched
        if batched is not None and part.batched is not None:
            batched = None if batched == part.batched else batched._without(part.batched)
        return Usage(
            _difference(self.input_tokens, part.input_tokens),
            _difference(self.output_tokens, part.output_tokens),
            _difference(self.cached_tokens, part.cached_tokens),
            self.latency_ms - part.latency_ms,
            self.requests - part.requests,
            batched=batched,
            cache_write_tokens=_difference(self.cache_write_tokens, part.cache_write_tokens),
        )


NOTHING_USED = Usage()
"""What sums of usage begin with."""


def _sum(one: int | None, other: int | None) -> int | None:
    if one is None:
        return other
    return one if other is None else one + other


def _difference(whole: int | None, part: int | None) -> int | None:
    return None if whole is None else whole - (part or 0)


@dataclass(frozen=True, slots=True)
class CheckReply:
    """A grader's word on one yes/no check, with the quotes it rests on."""

    id: str
    met: bool
    quotes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CriterionReply:
    """A grader's word on one criterion: a level with quotes, or checks (then `level` is None)."""

    id: str
    level: int | None
    quotes: tuple[str, ...] = ()
    checks: tuple[CheckReply, ...] = ()
    missing: str = ""
    rationale: str = ""


@dataclass(frozen=True, slots=True)
class RedFlagReply:
    """A red flag that a grader raises, with the words it points to."""

    id: str
    quote: str


@dataclass(frozen=True, slots=True)
class Reply:
    """One grader's whole reply to one answer, one sample."""

    criteria: tuple[CriterionReply, ...]
    red_flags: tuple[RedFlagReply, ...] = ()
    model: str | None = None
    usage: Usage = Usage()
    most_quotes: int | None = None
    """How many quotes under one verdict the grader was allowed; None: as many as it wished."""


@dataclass(frozen=True, slots=True)
class Failure:
    """Why there is no reply. `detail` is for a person and never holds the answer's text."""

    code: FailureCode
    detail: str
    usage: Usage = Usage()
