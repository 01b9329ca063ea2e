"""Who may see and decide what about one item: the rules that both what is shown and what is saved follow."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from evaluator.core.account import Who
from evaluator.core.grade import Grade
from evaluator.core.review import ItemReview, Levels
from evaluator.core.rubric import Criterion
from evaluator.errors import UsageError
from evaluator.store.run_record import RunRecord


class _Item(Protocol):
    @property
    def blind(self) -> bool: ...


def is_blind_for(item: _Item, review: ItemReview, who: Who) -> bool:
    """Whether the grader's levels are hidden from this person: drawn blind, still open, not shown to them before."""
    return item.blind and review.state == "open" and who.user_id not in review.saw


def grader_levels(grade: Grade) -> dict[str, int] | None:
    """The levels of a grade by criterion; None where it was not graded."""
    if grade.status != "graded" or not grade.criteria:
        return None
    return {criterion.id: criterion.level for criterion in grade.criteria}


def why_not_save(review: ItemReview, who: Who) -> str | None:
    """Why this person cannot give levels here now; None where they can."""
    if review.state == "adjudicate":
        return "Two reviewers differ here: a third decides, on the page of adjudications."
    if review.adjudication is not None:
        return "This answer was adjudicated: whoever did so may take it back."
    if review.needed > 1 and review.state == "done":
        return "Two people have labelled this answer, and agree within a level."
    if review.needed > 1 and len(review.labels) >= review.needed and who.user_id not in review.labels:
        return "Two people have labelled this answer."
    return None


def why_not_adjudicate(review: ItemReview, who: Who) -> str | None:
    """Why this person cannot settle the answer; None where they can."""
    if review.state != "adjudicate":
        return "There is nothing to adjudicate here."
    if who.user_id in review.labels:
        return "You are one of the two who differ: a third person decides."
    return None


def criteria_of(record: RunRecord, question_id: str) -> tuple[Criterion, ...]:
    """The criteria that a question's answers are graded on."""
    question = record.order.questionnaire.question(question_id)
    return tuple(record.order.rubric.criterion(each) for each in question.criteria)


def check_levels(levels: Levels, record: RunRecord, question_id: str) -> None:
    """Raises UsageError unless there is a level of the scale for each criterion of the question, and no other."""
    criteria: Mapping[str, Criterion] = {each.id: each for each in criteria_of(record, question_id)}
    unknown = sorted(set(levels) - set(criteria))
    if unknown:
        raise UsageError(f"This question has no criterion {', '.join(unknown)}.", hint="Load the page again.")
    missing = [criterion.name for name, criterion in criteria.items() if name not in levels]
    if missing:
        raise UsageError(f"No level yet for: {', '.join(missing)}.", hint="Give each criterion a level.")
    for name, level in levels.items():
        if level not in criteria[name].levels:
            scale = ", ".join(str(each) for each in sorted(criteria[name].levels))
            raise UsageError(f"{criteria[name].name} has no level {level}.", hint=f"One of: {scale}.")
