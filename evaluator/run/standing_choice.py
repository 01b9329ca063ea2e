"""Choosing the confidence of a grade and the rule for which grades may stand, from predictions out of fold."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from evaluator.core.calibration import StandingRule, Tried
from evaluator.core.confidence import ConfidenceModel, is_wrong, off_by_more_than_one, signs_of
from evaluator.core.metrics.confidence_fit import BY_SIGNS, CONSTANT, ConfidenceRecipe, SignedGrade
from evaluator.core.metrics.conformal import GRID, NoThreshold, Threshold, standing_threshold
from evaluator.core.metrics.cross_validation import gain_of, out_of_fold
from evaluator.core.rubric import Rubric
from evaluator.errors import CalibrationError
from evaluator.run.map_choice import MapChoice

# With fewer wrong (or right) grades than this nothing can be told of what makes a grade wrong.
LEAST_OF_EITHER = 5
TOO_FEW_WRONG = f"signs of a wrong grade, because fewer than {LEAST_OF_EITHER} grades are wrong, or right, out of fold"


@dataclass(frozen=True, slots=True)
class ConfidenceChoice:
    """The confidence that is kept, what was tried, and the confidence of each counted grade.

    `confidences` are along `grades`: out of fold where they rest on signs, so that no grade has taught its own.
    """

    model: ConfidenceModel
    tried: tuple[Tried, ...]
    grades: tuple[SignedGrade, ...]
    confidences: tuple[float, ...]

    @property
    def tried_signs(self) -> bool:
        return len(self.tried) > 1


def choose_confidence(choice: MapChoice) -> ConfidenceChoice:
    """A regression on the grade's signs where its Brier score out of fold beats that of one share for all.

    Raises CalibrationError where of no grade it can be told whether it is wrong.
    """
    grades = _signed(choice)
    if not grades:
        raise CalibrationError(
            "No graded answer of the calibration split has a label on each of its criteria: how often a grade is wrong "
            "cannot be told.",
            hint="Label the answers on every criterion of their question.",
        )
    wrong = sum(grade.wrong for grade in grades)
    constant = _brier(_out_of_fold(choice, grades, CONSTANT), grades)
    model = CONSTANT.fit(grades)
    alike = tuple(model.confidence(grade.signs) for grade in grades)
    if min(wrong, len(grades) - wrong) < LEAST_OF_EITHER:
        return ConfidenceChoice(model, (_record(CONSTANT, constant, kept=True),), tuple(grades), alike)
    confidences = _out_of_fold(choice, grades, BY_SIGNS)
    by_signs = _brier(confidences, grades)
    gain = gain_of(constant, by_signs, [grade.unit for grade in grades])
    tried = (
        _record(CONSTANT, constant, kept=not gain.helps),
        _record(BY_SIGNS, by_signs, kept=gain.helps).model_copy(update={"gain": gain.value, "error": gain.error}),
    )
    if not gain.helps:
        return ConfidenceChoice(model, tried, tuple(grades), alike)
    return ConfidenceChoice(BY_SIGNS.fit(grades), tried, tuple(grades), tuple(confidences))


def _out_of_fold(choice: MapChoice, grades: Sequence[SignedGrade], recipe: ConfidenceRecipe) -> list[float]:
    def fit(some: Sequence[SignedGrade]) -> Callable[[SignedGrade], float]:
        model = recipe.fit(some)
        return lambda grade: model.confidence(grade.signs)

    return out_of_fold(grades, lambda grade: grade.unit, choice.data.fold_of, fit)


def standing_rule(choice: MapChoice, found: ConfidenceChoice, *, risk: float, certainty: float) -> StandingRule:
    """The threshold that keeps the promise, or the reason why there is none."""
    grades, confidences = found.grades, found.confidences
    units = [grade.unit for grade in grades]
    repeated = len(set(units)) < len(units)
    wrong = [grade.wrong for grade in grades]
    unit_name = choice.data.unit_name if repeated else "grade"
    outcome = standing_threshold(
        confidences,
        wrong,
        risk=risk,
        certainty=certainty,
        clusters=units if repeated else None,
        cluster_name=unit_name,
    )
    common = {
        "risk": risk,
        "certainty": certainty,
        "unit": unit_name,
        "n": outcome.n,
        "grades": len(grades),
        "constant_wrong": _constant_wrong(choice, grades),
    }
    if isinstance(outcome, NoThreshold):
        return StandingRule.model_validate({**common, "threshold": None, "reason": outcome.reason})
    threshold = _tight(outcome, confidences)
    return StandingRule.model_validate(
        {
            **common,
            "threshold": threshold.confidence,
            "reason": None,
            "standing": threshold.standing,
            "wrong": threshold.wrong,
            "risk_bound": threshold.risk_bound,
            "standing_grades": sum(each >= threshold.confidence for each in confidences),
        }
    )


def _signed(choice: MapChoice) -> list[SignedGrade]:
    """The grades of which it can be told whether they are wrong, in the order of their ids."""
    data, found = choice.data, []
    texts = {each.answer.answer_id: each.answer.text for each in data.answers}
    for answer_id in sorted(choice.grades):
        if choice.grades[answer_id].status != "graded":
            continue
        wrong = choice.wrong_out_of_fold(answer_id)
        if wrong is not None:
            signs = signs_of(choice.criteria_out_of_fold(answer_id), texts[answer_id], data.eval_set.rubric)
            found.append(SignedGrade(answer_id, data.unit_of[answer_id], signs, wrong))
    return found


def _brier(confidences: Sequence[float], grades: Sequence[SignedGrade]) -> list[float]:
    """Squared distance of each confidence from what came of it (Brier, Monthly Weather Review 78 (1950) 1-3)."""
    return [(confidence - (not grade.wrong)) ** 2 for confidence, grade in zip(confidences, grades, strict=True)]


def _record(recipe: ConfidenceRecipe, losses: Sequence[float], *, kept: bool) -> Tried:
    return Tried(part="confidence", name=recipe.name, says=recipe.says, kept=kept, loss=sum(losses) / len(losses))


def _tight(threshold: Threshold, confidences: Sequence[float]) -> Threshold:
    """The highest tried threshold from which just the same grades stand: confidences never seen do not stand."""
    least = min(each for each in confidences if each >= threshold.confidence)
    return replace(threshold, confidence=max(step for step in GRID if step <= least))


def _constant_wrong(choice: MapChoice, grades: Sequence[SignedGrade]) -> float:
    """The share that the best level for everybody, one on each criterion, would get wrong."""
    consensus = [choice.data.consensus[grade.answer_id] for grade in grades]
    rubric = choice.data.eval_set.rubric
    names = dict.fromkeys(name for each in consensus for name in each)
    best = {name: _best_constant([each[name] for each in consensus if name in each], rubric) for name in names}
    outcomes = [is_wrong({name: best[name] for name in each}, each, rubric) for each in consensus]
    return sum(outcome is True for outcome in outcomes) / len(outcomes)


def _best_constant(consensus: Sequence[float], rubric: Rubric) -> int:
    """The level that is off by more than one for the fewest; of equally good ones the lowest."""
    scale = rubric.scale.levels
    return min(scale, key=lambda level: sum(off_by_more_than_one(level, each, scale) for each in consensus))
