"""Choosing graded examples for a prompt: a few of each question, spread over the levels, the hard cases among them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from evaluator.core.eval_set import EvalSet, LabelledAnswer
from evaluator.core.examples import GradedExample
from evaluator.core.score import rounded_level

HARD_CASE = "hard_case"
# Of so many examples one is a hard case, where there are any.
_HARD_EVERY = 3
# An answer much longer than this would fill the prompt; it is taken only where nothing shorter is left.
_LONGEST = 3000


@dataclass(frozen=True, slots=True)
class _Choice:
    labelled: LabelledAnswer
    levels: Mapping[str, float]
    hardness: tuple[bool, float]
    """Whether a rater noted a hard case, and the widest distance between raters on a criterion."""

    @property
    def order(self) -> tuple[bool, int, str]:
        """Shorter answers first, and then by id: the same choice whatever order the answers come in."""
        answer = self.labelled.answer
        return (len(answer.text) > _LONGEST, len(answer.text), answer.answer_id)


def choose_examples(
    eval_set: EvalSet,
    answers: Sequence[LabelledAnswer],
    consensus: Mapping[str, Mapping[str, float]],
    per_question: int,
) -> tuple[GradedExample, ...]:
    """At most `per_question` of these answers to each question, as examples, in the order of their ids.

    First the hardest cases (a third of the examples at most): those that a rater noted as hard, then those that
    raters are farthest apart on. Then, again and again, the answer whose levels are farthest from all chosen ones.
    Answers with nothing written, or without a consensus on every criterion, are left out.
    """
    found: list[GradedExample] = []
    for question in eval_set.questionnaire.questions:
        choices = [
            _Choice(each, consensus[each.answer.answer_id], _hardness(each))
            for each in answers
            if each.answer.question_id == question.id
            and each.answer.absent is None
            and set(question.criteria) <= set(consensus.get(each.answer.answer_id, {}))
        ]
        chosen = _chosen(sorted(choices, key=lambda choice: choice.order), per_question)
        found += sorted((_example(eval_set, each) for each in chosen), key=lambda example: example.id)
    return tuple(found)


def _chosen(choices: Sequence[_Choice], count: int) -> list[_Choice]:
    hard = sorted((each for each in choices if any(each.hardness)), key=lambda each: each.hardness, reverse=True)
    chosen = hard[: count // _HARD_EVERY]
    rest = [each for each in choices if each not in chosen]
    while rest and len(chosen) < count:
        if chosen:
            # Of equally far answers the first in order is taken, which the key's own order would not do.
            best = max(min(_distance(each, one) for one in chosen) for each in rest)
            taken = next(each for each in rest if min(_distance(each, one) for one in chosen) == best)
        else:
            taken = min(rest, key=lambda each: sum(each.levels.values()))
        chosen.append(taken)
        rest.remove(taken)
    return chosen


def _distance(one: _Choice, other: _Choice) -> float:
    return sum(abs(level - other.levels[criterion]) for criterion, level in one.levels.items())


def _hardness(each: LabelledAnswer) -> tuple[bool, float]:
    levels: dict[str, list[float]] = {}
    for label in each.labels:
        levels.setdefault(label.criterion_id, []).append(label.level)
    widest = max((max(given) - min(given) for given in levels.values()), default=0.0)
    return any(label.note == HARD_CASE for label in each.labels), widest


def _example(eval_set: EvalSet, choice: _Choice) -> GradedExample:
    answer, manifest = choice.labelled.answer, eval_set.manifest
    return GradedExample(
        id=answer.answer_id,
        question_id=answer.question_id,
        answer=answer.text,
        levels={
            criterion: rounded_level(level, eval_set.rubric.criterion(criterion))
            for criterion, level in choice.levels.items()
        },
        candidate_id=answer.candidate_id,
        source=f"{manifest.id}@{manifest.version}, split {choice.labelled.split}; {manifest.rater_kind} raters",
        rater_kind=manifest.rater_kind,
    )
