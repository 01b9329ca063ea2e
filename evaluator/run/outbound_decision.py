"""What an event tells of a person's decision on one answer: the levels that stand after it, and by whom, as an id."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from evaluator.core.grade import CriterionGrade, Grade
from evaluator.core.review import ItemReview, replay
from evaluator.core.rubric import Rubric
from evaluator.core.score import score_of
from evaluator.errors import NotThereError
from evaluator.store.outbox import OutboundEvent
from evaluator.store.store import Store


@dataclass(frozen=True, slots=True)
class DecidedAnswer:
    """An answer with the grade that stands, and its review as it was right after the decision, at `at`."""

    grade: Grade
    review: ItemReview
    rubric: Rubric
    at: str


def read_decision(event: OutboundEvent, store: Store) -> DecidedAnswer | None:
    """The decision that a `review.decided` event tells of; None where the answer is gone."""
    if event.run is None:
        return None
    record = store.runs.get(event.run)
    item = store.reviews.of_answer(event.run, event.answer_id or "")
    if record is None or item is None:
        return None
    try:
        _, stored, entries = store.reviews.read(item.id)
    except NotThereError:
        return None
    until = [entry for entry in entries if entry.version <= (event.version or 0)]
    return DecidedAnswer(stored.grade, replay(until, item.needed), record.order.rubric, event.made_at)


def decision_of(decided: DecidedAnswer) -> dict[str, Any]:
    """Whether levels were settled or taken back, by whom (ids of the service, no names) and when."""
    deciding = decided.review.deciding
    return {
        "state": "settled" if deciding else "taken_back",
        "by": [label.user_id for label in deciding],
        "at": decided.at,
    }


def decided_answer(decided: DecidedAnswer) -> dict[str, Any]:
    """The answer as it stands: people's levels where they settled on some, else the grader's; evidence and flags."""
    grade, final = decided.grade, decided.review.final_levels
    given = {each.id: each for each in grade.criteria}
    return {
        "question_id": grade.question_id,
        "status": grade.status,
        "reason": grade.reason,
        "score": grade.score if final is None else score_of(final, decided.rubric),
        "criteria": [_criterion(name, given.get(name), final) for name in (final or given)],
        "flags": flags_of(grade),
    }


def _criterion(name: str, given: CriterionGrade | None, final: Mapping[str, int] | None) -> dict[str, Any]:
    by_grader = None if given is None else given.level
    return {
        "id": name,
        "level": by_grader if final is None else final[name],
        "level_of_grader": by_grader,
        "evidence": [] if given is None else evidence_of(given),
        "missing": None if given is None else given.missing,
    }


def evidence_of(criterion: CriterionGrade) -> list[dict[str, Any]]:
    """The candidate's own words that were found in the answer, with their places."""
    return [
        {"quote": quoted.quote, "start": quoted.start, "end": quoted.end}
        for quoted in criterion.evidence
        if quoted.verified
    ]


def flags_of(grade: Grade) -> list[dict[str, Any]]:
    """What a person should look at."""
    return [{"code": flag.code, "severity": flag.severity, "detail": flag.detail} for flag in grade.flags]
