"""Why an event is held back in the quarantine, and what helps, in plain words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class HeldBackReason:
    """What a reason means, and what to do about it."""

    means: str
    helps: str


_MAP = "Write or mend its question map (evaluator ats map), then let it try again."
_SOURCE = "Look at it at the source, then let it try again or erase it."

REASONS: Mapping[str, HeldBackReason] = {
    "unmapped_questions": HeldBackReason("it has questions that the map does not know", _MAP),
    "answered_twice": HeldBackReason("it has two different answers to one question", _MAP),
    "not_text": HeldBackReason("an answer is a file, a choice or a number, not a text", _MAP),
    "no_answers": HeldBackReason("it has no answer to any question of the questionnaire", _MAP),
    "no_api_key": HeldBackReason(
        "its answers have to be fetched, and there is no API key",
        "Set the source's API key (docs/ats.md), start the workers anew, then let it try again.",
    ),
    "not_found_at_source": HeldBackReason(
        "the source does not have it (any more), or the key may not read it", _SOURCE
    ),
    "refused_by_source": HeldBackReason(
        "the source refuses to give it", "Look at what the API key may do, then let it try again."
    ),
    "source_not_configured": HeldBackReason(
        "its source has no secret and no map here", "Connect the source again (docs/ats.md), then let it try again."
    ),
    "unreadable": HeldBackReason("its body is not JSON with one meaning", _SOURCE),
    "no_candidate": HeldBackReason("it does not say which candidate", _SOURCE),
    "candidate_id": HeldBackReason("its candidate's id begins with @, as only those of other tenants do", _SOURCE),
    "merge_unclear": HeldBackReason("it does not say which two candidates became one", _SOURCE),
    "erasure_not_confirmed": HeldBackReason(
        "it asks to erase somebody, is not signed, and the source still has them",
        "Erase the candidate there, then let it try again; or erase this event.",
    ),
}


def held_back_reason(reason: str | None) -> HeldBackReason:
    """The words for a reason; the reason itself where it has none."""
    return REASONS.get(reason or "") or HeldBackReason(reason or "no reason is known", _SOURCE)
