"""What a calibration is fitted on: the calibration split, its folds, a grader's readings of it beside the raters'."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from evaluator.core.consensus import consensus_levels
from evaluator.core.eval_set import EvalSet, LabelledAnswer
from evaluator.core.grade import CriterionGrade, Grade
from evaluator.core.metrics.bootstrap import Resampling, resample_clusters
from evaluator.core.metrics.cross_validation import fold_of_units
from evaluator.core.metrics.leakage import KeptText, separable_units
from evaluator.core.metrics.level_map_fit import LevelReading
from evaluator.core.score import mean
from evaluator.errors import CalibrationError
from evaluator.run.leakage_guard import CALIBRATION_SPLIT
from evaluator.run.scopes import SEED

_LEAST_UNITS = 5


@dataclass(frozen=True, slots=True)
class FitData:
    """The answers of the calibration split that hold something to grade and that raters labelled.

    `unit_of` names by answer id what cross-validation keeps whole (a candidate, a question or an answer, as the set is
    split, with copies of it), `fold_of` the fold of each unit, `consensus` the raters' by answer and criterion.
    """

    eval_set: EvalSet
    answers: tuple[LabelledAnswer, ...]
    unit_of: Mapping[str, str]
    fold_of: Mapping[str, int]
    consensus: Mapping[str, Mapping[str, float]]

    @property
    def unit_name(self) -> str:
        """What a unit is called."""
        return self.eval_set.manifest.split_by

    @property
    def asks_again(self) -> bool:
        """Whether the questions of the split are those of later answers: not where the set is split by question."""
        return self.eval_set.manifest.split_by != "question"

    def folds(self) -> tuple[int, ...]:
        """The folds, in order."""
        return tuple(sorted(set(self.fold_of.values())))

    def inside(self, fold: int) -> tuple[LabelledAnswer, ...]:
        """The answers of one fold."""
        return tuple(each for each in self.answers if self.fold(each.answer.answer_id) == fold)

    def outside(self, fold: int) -> tuple[LabelledAnswer, ...]:
        """The answers of all other folds."""
        return tuple(each for each in self.answers if self.fold(each.answer.answer_id) != fold)

    def fold(self, answer_id: str) -> int:
        """The fold of an answer."""
        return self.fold_of[self.unit_of[answer_id]]

    def readings(self, grades: Mapping[str, Grade]) -> list[LevelReading]:
        """Every graded criterion that has a consensus, in the order of the answers' ids: the file's does not count."""
        found = []
        for answer_id in sorted(grades):
            grade = grades[answer_id]
            found += [
                self._reading(grade, criterion)
                for criterion in (grade.criteria if grade.status == "graded" else ())
                if criterion.id in self.consensus[answer_id]
            ]
        return found

    def resampling(self, answer_ids: Sequence[str]) -> Resampling:
        """Draws of whole units, for items of these answers."""
        return resample_clusters([self.unit_of[answer_id] for answer_id in answer_ids], seed=SEED)

    def _reading(self, grade: Grade, criterion: CriterionGrade) -> LevelReading:
        return LevelReading(
            answer_id=grade.answer_id,
            unit=self.unit_of[grade.answer_id],
            question_id=grade.question_id,
            criterion_id=criterion.id,
            expected_level=criterion.expected_level,
            checks=criterion.checks,
            consensus=self.consensus[grade.answer_id][criterion.id],
        )


def fit_data(eval_set: EvalSet) -> FitData:
    """The calibration split in folds. Raises CalibrationError where there is none, or too little of it."""
    if CALIBRATION_SPLIT not in eval_set.manifest.splits:
        raise CalibrationError(
            f"The eval set {eval_set.manifest.id} has no split '{CALIBRATION_SPLIT}': there is nothing to fit on.",
            hint="Divide it: evaluator eval-set split SET --out NEW_FOLDER.",
        )
    answers = tuple(
        each for each in eval_set.split(CALIBRATION_SPLIT) if each.answer.absent is None and consensus_levels(each)
    )
    owner = {each.answer.answer_id: _owner(eval_set, each) for each in answers}
    in_order = sorted(answers, key=lambda each: each.answer.answer_id)
    unit_of = separable_units(
        [KeptText(each.answer.answer_id, each.answer.text, owner[each.answer.answer_id]) for each in in_order]
    )
    units = len(set(unit_of.values()))
    if units < _LEAST_UNITS:
        by = eval_set.manifest.split_by
        raise CalibrationError(
            f"The calibration split of {eval_set.manifest.id} holds labelled answers of {units} {by}s (copies counted "
            f"as one): too few to fit anything; {_LEAST_UNITS} are the least.",
            hint="Label more answers, or divide the set anew with a larger calibration split.",
        )
    consensus = {each.answer.answer_id: consensus_levels(each) for each in answers}
    levels: dict[str, list[float]] = {}
    for each in in_order:
        levels.setdefault(unit_of[each.answer.answer_id], []).extend(consensus[each.answer.answer_id].values())
    fold_of = fold_of_units({unit: mean(given) for unit, given in levels.items()})
    return FitData(eval_set, answers, unit_of, fold_of, consensus)


def _owner(eval_set: EvalSet, each: LabelledAnswer) -> str:
    answer = each.answer
    return {"candidate": answer.candidate_id, "question": answer.question_id, "answer": answer.answer_id}[
        eval_set.manifest.split_by
    ]
