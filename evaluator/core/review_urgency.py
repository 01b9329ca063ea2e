"""Which answer a person should look at first: from a grade's flags, how near it is to the bar, and the spread.

The order is a rule in code, so that two queues agree: what may be an attack or a failure first, then what the grader
could not prove, then where graders differ, then what lies near the bar, and last what is only worth a glance.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, get_args

from evaluator.core.grade import FlagCode
from evaluator.core.review import DRAWN, Why

FLAG_BITS: dict[FlagCode, int] = {code: 1 << place for place, code in enumerate(get_args(FlagCode))}
"""A bit for each flag, so that a queue of a hundred thousand is filtered by one number. New codes go to the end."""

_ORDER: tuple[Why, ...] = (
    "injection_suspected",
    "ungraded",
    "hidden_characters",
    "truncated",
    "evidence_unverified",
    "graders_disagree",
    "near_duplicate",
    "red_flag",
    "near_bar",
    "low_confidence",
    "copied_question",
    "keyword_stuffing",
    "off_topic",
    "other_language",
    "too_short",
    DRAWN,
)
_PLACE: dict[Why, int] = {why: place for place, why in enumerate(_ORDER)}
_BETWEEN = 1_000  # ranks between two reasons: within one, what is nearer to the bar comes first

SCREENING_FLAGS: frozenset[FlagCode] = frozenset({
    "injection_suspected", "hidden_characters", "keyword_stuffing", "too_short", "copied_question", "off_topic",
    "other_language", "near_duplicate",
})  # fmt: skip
"""Flags that come from the answer alone: a blind reviewer may see them, they tell nothing of the grader's levels."""


@dataclass(frozen=True, slots=True)
class Urgency:
    """Where an item stands in the queue. `rank`: lower is more urgent. `flags`: bits of those that send to a person."""

    rank: int
    why: Why
    flags: int
    spread: float | None


def urgency_of(grade: Mapping[str, Any], advance_at: float) -> Urgency:
    """The urgency of a grade, given as the JSON object of its line: a whole record a time would be read too slowly."""
    codes: list[FlagCode] = [flag["code"] for flag in grade["flags"] if flag["severity"] == "review"]
    why: Why = min(codes, key=lambda code: _PLACE[code], default=DRAWN)
    spreads = [each["spread"] for each in grade["criteria"] if each.get("spread") is not None]
    score = grade.get("score")
    away = 0 if score is None else min(int(abs(score - advance_at) * 50), _BETWEEN - 100)
    # A second reason to look makes it a little more urgent than one.
    rank = _PLACE[why] * _BETWEEN + 100 + away - 10 * min(len(codes), 10)
    return Urgency(rank, why, bits_of(codes), max(spreads, default=None))


def bits_of(codes: Iterable[FlagCode]) -> int:
    """The flags as one number."""
    bits = 0
    for code in codes:
        bits |= FLAG_BITS[code]
    return bits


def flags_in(bits: int) -> tuple[FlagCode, ...]:
    """The flags of a number, most urgent first."""
    return tuple(sorted((code for code, bit in FLAG_BITS.items() if bits & bit), key=lambda code: _PLACE[code]))
