"""Flags on a grade: what makes a person look, said in a sentence. No flag changes a level or a score."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from evaluator.core.grade import CriterionGrade, Flag, RedFlagSeen
from evaluator.core.reading import Reading
from evaluator.core.rubric import Rubric


def flags_of(
    score: float,
    criteria: Sequence[CriterionGrade],
    red_flags: Sequence[RedFlagSeen],
    readings: Sequence[Reading],
    rubric: Rubric,
) -> Iterator[Flag]:
    """Every flag that a graded answer earns from its readings."""
    yield from _unverified(criteria, readings, rubric)
    yield from _disagreeing(criteria, rubric)
    yield from _near_bar(score, rubric)
    yield from _red_flags(red_flags, rubric)


def ungraded_flag(reason: str) -> Flag:
    """The flag of an answer that could not be graded."""
    return Flag(code="ungraded", severity="review", detail=reason)


def _unverified(criteria: Sequence[CriterionGrade], readings: Sequence[Reading], rubric: Rubric) -> Iterator[Flag]:
    fallen = {criterion for reading in readings for criterion in reading.fallen}
    thin = {criterion for reading in readings for criterion in reading.thin}
    for criterion in criteria:
        lost = sum(not each.verified for each in criterion.evidence)
        if not (lost or criterion.id in thin or criterion.id in fallen):
            continue
        name = rubric.criterion(criterion.id).name
        if criterion.id in thin:
            detail = f"{name}: the highest level takes quotes from two places of the answer, and one was given."
            yield Flag(code="evidence_unverified", severity="review", detail=detail)
        elif criterion.id in fallen:
            claimed = criterion.claimed_level
            said = f"said level {claimed}" if claimed != criterion.given_level else "met more checks"
            detail = f"{name}: the grader {said}, but the quotes for it are not in the answer and count for nothing."
            yield Flag(code="evidence_unverified", severity="review", detail=detail)
        else:
            detail = f"{name}: {lost} of {len(criterion.evidence)} quotes are not in the answer and count for nothing."
            yield Flag(code="evidence_unverified", severity="note", detail=detail)


def _disagreeing(criteria: Sequence[CriterionGrade], rubric: Rubric) -> Iterator[Flag]:
    for criterion in criteria:
        if criterion.spread is not None and criterion.spread > rubric.flags.spread:
            detail = f"{rubric.criterion(criterion.id).name}: readings differ by {criterion.spread:g} levels."
            yield Flag(code="graders_disagree", severity="review", detail=detail)


def _near_bar(score: float, rubric: Rubric) -> Iterator[Flag]:
    if abs(score - rubric.advance_at) <= rubric.flags.near_bar:
        detail = f"The score {score:.1f} is within {rubric.flags.near_bar:g} of the bar ({rubric.advance_at:g})."
        yield Flag(code="near_bar", severity="review", detail=detail)


def _red_flags(seen: Sequence[RedFlagSeen], rubric: Rubric) -> Iterator[Flag]:
    known = {flag.id: flag for flag in rubric.red_flags}
    for flag in seen:
        # A red flag that points to no words of the candidate's is the grader's word alone: it is not raised.
        if flag.verified:
            said = known[flag.id]
            yield Flag(code="red_flag", severity="note", detail=f"{said.name}.", start=flag.start, end=flag.end)
