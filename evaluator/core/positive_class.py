"""The positive class of an eval set: whether some levels of an answer put it there, and what score they come to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from evaluator.core.eval_set import EvalSet, LabelledAnswer
from evaluator.core.rubric import Criterion, Rubric
from evaluator.core.score import band_of, rounded_level, score_of


def is_positive(eval_set: EvalSet, labelled: LabelledAnswer, levels: Mapping[str, float]) -> bool | None:
    """Whether these levels (a grader's, a rater's, the consensus) are positive; None where a missing one decides."""
    wanted = eval_set.manifest.positive_class
    asked = eval_set.questionnaire.question(labelled.answer.question_id).criteria
    if wanted.view == "criteria" and wanted.level is not None:
        return all_reach(levels, [eval_set.rubric.criterion(criterion) for criterion in asked], wanted.level)
    score = total_score(levels, asked, eval_set.rubric)
    return None if score is None else band_of(score, eval_set.rubric) == "meets_bar"


def total_score(levels: Mapping[str, float], asked: Sequence[str], rubric: Rubric) -> float | None:
    """The score of an answer's levels; None where a criterion that its question asks for has none."""
    if any(criterion not in levels for criterion in asked):
        return None
    # Rounded, so that sums of the same levels in another order cannot leave the scale by a last bit.
    return round(score_of({criterion: levels[criterion] for criterion in asked}, rubric), 9)


def all_reach(levels: Mapping[str, float], criteria: Sequence[Criterion], level: float) -> bool | None:
    """Whether every criterion is at `level` or above; None where a level is missing and none settles it."""
    known = [rounded_level(levels[each.id], each) >= level for each in criteria if each.id in levels]
    if not all(known):
        return False
    return True if len(known) == len(criteria) else None
