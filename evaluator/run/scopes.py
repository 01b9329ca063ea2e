"""The parts of an eval set that figures are made of: one criterion, one question, the total; readings aligned in each.

A scope is a list of items (an answer and a criterion, or an answer alone for the total) with what the raters and their
consensus say of each. A grader's levels are laid along the same items, so that every figure is paired.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from evaluator.core.consensus import consensus_levels, rater_levels
from evaluator.core.eval_set import EvalSet, LabelledAnswer
from evaluator.core.evaluation import ResampledBy, ScopeKind
from evaluator.core.grade import Grade
from evaluator.core.metrics.bootstrap import Resampling, resample_clusters
from evaluator.core.metrics.levels import Readings
from evaluator.core.positive_class import is_positive, total_score
from evaluator.core.questionnaire import Questionnaire
from evaluator.core.rubric import Rubric

SEED = 20260101
# By answer and criterion: the (expected) level a grader or rater gave.
Levels = Mapping[str, Mapping[str, float]]
_TOTAL_STEPS = 10


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that is read: an answer on one criterion, or on the total where `criterion_id` is None."""

    labelled: LabelledAnswer
    criterion_id: str | None

    @property
    def answer_id(self) -> str:
        return self.labelled.answer.answer_id


@dataclass(frozen=True, slots=True, eq=False)
class Scope:
    """One or more items with the raters' readings of them."""

    kind: ScopeKind
    id: str
    name: str
    unit: str
    scale: tuple[float, ...]
    items: tuple[Item, ...]
    raters: Mapping[str, Readings]
    consensus: Readings
    resampling: Resampling

    def read(self, levels: Levels, rubric: Rubric, questionnaire: Questionnaire) -> list[float | None]:
        """A grader's readings of the items; None where it gave none."""
        return [_reading(levels.get(item.answer_id, {}), item, rubric, questionnaire) for item in self.items]

    def part(self, keep: Sequence[bool], by: ResampledBy) -> Scope:
        """The items that `keep` (item by item, one or more of them) says to keep."""
        places = [at for at, kept in enumerate(keep) if kept]
        items = tuple(self.items[at] for at in places)
        return Scope(
            kind=self.kind,
            id=self.id,
            name=self.name,
            unit=self.unit,
            scale=self.scale,
            items=items,
            raters={rater: [readings[at] for at in places] for rater, readings in self.raters.items()},
            consensus=[self.consensus[at] for at in places],
            resampling=resample_clusters(clusters_of(items, by), seed=SEED),
        )


def levels_of(grades: Mapping[str, Grade]) -> dict[str, dict[str, float]]:
    """The expected levels of the graded answers."""
    return {
        answer_id: {criterion.id: criterion.expected_level for criterion in grade.criteria}
        for answer_id, grade in grades.items()
        if grade.status == "graded"
    }


def scopes_of(eval_set: EvalSet, answers: Sequence[LabelledAnswer], by: ResampledBy) -> tuple[Scope, ...]:
    """Each criterion, each question, the total; in the rubric's and the questionnaire's order, empty ones left out."""
    rubric, questionnaire = eval_set.rubric, eval_set.questionnaire
    raters = eval_set.manifest.raters
    every = [Item(each, criterion) for each in answers for criterion in _criteria_of(each, questionnaire)]
    wanted: list[tuple[ScopeKind, str, str, list[Item]]] = [
        ("criterion", each.id, each.name, [item for item in every if item.criterion_id == each.id])
        for each in rubric.criteria
    ]
    wanted += [
        ("question", each.id, each.title, [item for item in every if item.labelled.answer.question_id == each.id])
        for each in questionnaire.questions
    ]
    wanted.append(("total", "total", "Total score", [Item(each, None) for each in answers]))
    return tuple(
        _scope(kind, scope_id, name, items, raters, rubric, questionnaire, by)
        for kind, scope_id, name, items in wanted
        if items
    )


def pass_fail_scope(eval_set: EvalSet, answers: Sequence[LabelledAnswer], by: ResampledBy) -> Scope:
    """Whether each answer is positive (1) or not (0), by each rater and by the consensus."""

    def classes(levels: Sequence[Mapping[str, float]]) -> list[float | None]:
        found = (is_positive(eval_set, each, given) for each, given in zip(answers, levels, strict=True))
        return [None if positive is None else float(positive) for positive in found]

    items = tuple(Item(each, None) for each in answers)
    return Scope(
        kind="pass_fail",
        id="pass_fail",
        name="Pass or fail",
        unit="classes",
        scale=(0.0, 1.0),
        items=items,
        raters={rater: classes([rater_levels(each, rater) for each in answers]) for rater in eval_set.manifest.raters},
        consensus=classes([consensus_levels(each) for each in answers]),
        resampling=resample_clusters(clusters_of(items, by), seed=SEED),
    )


def all_levels(eval_set: EvalSet, answers: Sequence[LabelledAnswer], by: ResampledBy) -> Scope:
    """Every criterion of every answer (one or more) in one scope, for slices."""
    rubric, questionnaire = eval_set.rubric, eval_set.questionnaire
    items = [Item(each, criterion) for each in answers for criterion in _criteria_of(each, questionnaire)]
    raters = eval_set.manifest.raters
    return _scope("question", "all", "All criteria", items, raters, rubric, questionnaire, by)


def clusters_of(items: Sequence[Item], by: ResampledBy) -> list[str]:
    """The cluster of each item, which is drawn whole."""
    if by == "candidate":
        return [item.labelled.answer.candidate_id for item in items]
    return [item.labelled.answer.question_id for item in items]


def _criteria_of(labelled: LabelledAnswer, questionnaire: Questionnaire) -> tuple[str, ...]:
    return questionnaire.question(labelled.answer.question_id).criteria


def _scope(
    kind: ScopeKind,
    scope_id: str,
    name: str,
    items: Sequence[Item],
    raters: Sequence[str],
    rubric: Rubric,
    questionnaire: Questionnaire,
    by: ResampledBy,
) -> Scope:
    readings = {
        rater: [_reading(rater_levels(item.labelled, rater), item, rubric, questionnaire) for item in items]
        for rater in raters
    }
    consensus = [_reading(consensus_levels(item.labelled), item, rubric, questionnaire) for item in items]
    total = kind == "total"
    # The total is read on tenths of its range: a whole point where the score is out of 10.
    scale = [step * rubric.score_out_of / _TOTAL_STEPS for step in range(_TOTAL_STEPS + 1)]
    return Scope(
        kind=kind,
        id=scope_id,
        name=name,
        unit="points" if total else "levels",
        scale=tuple(scale) if total else tuple(float(level) for level in rubric.scale.levels),
        items=tuple(items),
        raters=readings,
        consensus=consensus,
        resampling=resample_clusters(clusters_of(items, by), seed=SEED),
    )


def _reading(levels: Mapping[str, float], item: Item, rubric: Rubric, questionnaire: Questionnaire) -> float | None:
    if item.criterion_id is not None:
        return levels.get(item.criterion_id)
    return total_score(levels, questionnaire.question(item.labelled.answer.question_id).criteria, rubric)
