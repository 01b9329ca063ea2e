"""What a grader says about one answer, before anything in it is believed; or why it said nothing."""

from __future__ import annotations

from dataclasses import dataclass
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
]
# After one of these every further request would fail alike, so the run stops asking.
FATAL: frozenset[FailureCode] = frozenset({"wrong_key", "unknown_model", "server_stopped"})


@dataclass(frozen=True, slots=True)
class Usage:
    """What a reply took: tokens, milliseconds, requests. Token counts are None where the endpoint does not say."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    cached_tokens: int | None = None
    latency_ms: float = 0.0
    requests: int = 0

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            _sum(self.input_tokens, other.input_tokens),
            _sum(self.output_tokens, other.output_tokens),
            _sum(self.cached_tokens, other.cached_tokens),
            self.latency_ms + other.latency_ms,
            self.requests + other.requests,
        )


def _sum(one: int | None, other: int | None) -> int | None:
    if one is None:
        return other
    return one if other is None else one + other


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


@dataclass(frozen=True, slots=True)
class Failure:
    """Why there is no reply. `detail` is for a person and never holds the answer's text."""

    code: FailureCode
    detail: str
    usage: Usage = Usage()
