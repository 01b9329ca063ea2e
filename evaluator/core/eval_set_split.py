"""A new division of an eval set: copies stay together, and low and high answers stand on both sides."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from evaluator.core.eval_set import EvalSet, LabelledAnswer, SplitBy
from evaluator.core.metrics.leakage import KeptText, separable_units
from evaluator.core.metrics.stratified_split import stratified_split
from evaluator.core.score import mean
from evaluator.errors import EvalSetError

CALIBRATION, TEST = "calibration", "test"


@dataclass(frozen=True, slots=True)
class NewSplit:
    """The set, divided anew, and how many answers are in units that copies chain together."""

    eval_set: EvalSet
    held_together: int


def split_again(eval_set: EvalSet, *, by: SplitBy, test_share: float, seed: int) -> NewSplit:
    """Divide the set into `calibration` and `test`: by candidate, by question or by answer.

    What is divided are units: the answers of one candidate (or question), with copies and near copies of them, and
    so on along the chain, so that no copy is on both sides. Units of low and high mean level are shared out
    alike (`stratified_split`); by answer, question by question. Raises EvalSetError where fewer than two
    units are left, or where dividing by answer would put a candidate on both sides.
    """
    _refuse_torn_candidates(eval_set, by)
    unit_of = separable_units(
        [
            KeptText(each.answer.answer_id, "" if each.answer.absent else each.answer.text, _owner(each, by))
            for each in eval_set.answers
        ]
    )
    units: dict[str, list[LabelledAnswer]] = {}
    for each in eval_set.answers:
        units.setdefault(unit_of[each.answer.answer_id], []).append(each)
    test = {unit for group in _groups(units, by) for unit in _test_units(group, units, test_share, seed)}
    answers = tuple(
        replace(each, split=TEST if unit_of[each.answer.answer_id] in test else CALIBRATION)
        for each in eval_set.answers
    )
    said = f"divided by {by} with seed {seed}, test share {test_share:.3g}, copies kept together"
    splits = {name: f"{_held(answers, name, by)}; {said}" for name in (CALIBRATION, TEST)}
    manifest = eval_set.manifest.model_copy(update={"splits": splits, "split_by": by})
    held_together = sum(len(unit) for unit in units.values() if len({_owner(each, by) for each in unit}) > 1)
    return NewSplit(replace(eval_set, manifest=manifest, answers=answers), held_together)


def _owner(each: LabelledAnswer, by: SplitBy) -> str:
    return {
        "candidate": each.answer.candidate_id,
        "question": each.answer.question_id,
        "answer": each.answer.answer_id,
    }[by]


def _refuse_torn_candidates(eval_set: EvalSet, by: SplitBy) -> None:
    if by != "answer":
        return
    candidate, answers = Counter(each.answer.candidate_id for each in eval_set.answers).most_common(1)[0]
    if answers > 1:
        raise EvalSetError(
            f"The set cannot be divided by answer: candidate {candidate} has {answers} answers, "
            "and would be on both sides.",
            hint="Divide it by candidate.",
        )


def _groups(units: Mapping[str, Sequence[LabelledAnswer]], by: SplitBy) -> list[list[str]]:
    """The units that are divided among themselves: by answer those of one question, else all."""
    if len(units) < 2:
        raise EvalSetError(
            f"The set cannot be divided by {by}: there is only one unit, all of it chained together by copies or by "
            f"the same {by}.",
            hint="Divide it by something else, or take the copies out.",
        )
    if by != "answer":
        return [list(units)]
    groups: dict[str, list[str]] = {}
    for unit, answers in units.items():
        groups.setdefault(answers[0].answer.question_id, []).append(unit)
    whole = [group for group in groups.values() if len(group) > 1]
    # Units that are alone in their question are divided together, or join another question's.
    alone = [unit for group in groups.values() if len(group) == 1 for unit in group]
    if len(alone) == 1:
        whole[0] = [*whole[0], *alone]
    return [*whole, alone] if len(alone) > 1 else whole


def _test_units(
    group: Sequence[str],
    units: Mapping[str, Sequence[LabelledAnswer]],
    test_share: float,
    seed: int,
) -> tuple[str, ...]:
    # With one seed for all, answers of the same rank would go to the same side in every question of the same size.
    drawn = int.from_bytes(hashlib.sha256(f"{seed}:{group[0]}".encode()).digest()[:8])
    means = {unit: _mean_level(units[unit]) for unit in group}
    return stratified_split(means, test_share=test_share, seed=drawn).test


def _mean_level(answers: Sequence[LabelledAnswer]) -> float | None:
    levels = [label.level for each in answers for label in each.labels]
    return mean(levels) if levels else None


def _held(answers: Sequence[LabelledAnswer], split: str, by: SplitBy) -> str:
    inside = [each for each in answers if each.split == split]
    if by == "answer":
        return _count(len(inside), "answer")
    owners = len({_owner(each, by) for each in inside})
    return f"{_count(len(inside), 'answer')} of {_count(owners, by)}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
