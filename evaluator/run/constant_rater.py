"""The row that answers every question alike: the commonest level of each criterion. Any grader has to beat it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass

from evaluator.core.consensus import consensus_levels
from evaluator.core.eval_set import EvalSet, LabelledAnswer
from evaluator.run.leakage_guard import CALIBRATION_SPLIT

CONSTANT = "always the commonest level"


@dataclass(frozen=True, slots=True)
class ConstantRater:
    """The commonest consensus level of each criterion, and the sentence that says where it was counted."""

    levels: dict[str, float]
    about: str

    def read(
        self, answers: Collection[LabelledAnswer], criteria: dict[str, tuple[str, ...]]
    ) -> dict[str, dict[str, float]]:
        """Its levels of these answers; `criteria` are those of each question."""
        return {
            each.answer.answer_id: {
                criterion: self.levels[criterion]
                for criterion in criteria[each.answer.question_id]
                if criterion in self.levels
            }
            for each in answers
        }


def constant_rater(eval_set: EvalSet, split: str, answered: Collection[LabelledAnswer]) -> ConstantRater:
    """Counted on the calibration split; where the set has none, on the evaluated answers, which flatters it."""
    calibration = [each for each in eval_set.split(CALIBRATION_SPLIT) if each.answer.absent is None]
    counted = calibration or list(answered)
    where = f"split '{CALIBRATION_SPLIT}'" if calibration else "the evaluated answers themselves, which flatters it"
    if split == CALIBRATION_SPLIT and calibration:
        where += ", the one that is evaluated, which flatters it"
    seen: dict[str, Counter[float]] = {}
    for each in counted:
        for criterion, level in consensus_levels(each).items():
            seen.setdefault(criterion, Counter())[level] += 1
    # Of levels that are equally common the lowest, so that the row does not depend on the order of the file.
    levels = {criterion: min(counts, key=lambda level: (-counts[level], level)) for criterion, counts in seen.items()}
    return ConstantRater(
        levels, f"No grader: the same level for every answer, the commonest of each criterion, counted on {where}."
    )
