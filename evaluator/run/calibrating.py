"""A calibration from beginning to end: read `calibrate` as the order of work."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from evaluator.core.calibration import Calibration, FittedOn, Tried
from evaluator.core.eval_set import LabelledAnswer
from evaluator.core.example_choice import choose_examples
from evaluator.core.examples import GradedExample
from evaluator.core.grade import Grade
from evaluator.core.metrics.cross_validation import gain_of
from evaluator.core.metrics.kept_fingerprint import kept_fingerprint
from evaluator.core.metrics.leakage import KeptText
from evaluator.errors import BudgetSpentError, CalibrationError
from evaluator.run.calibration_data import FitData
from evaluator.run.evaluation_facts import consensus_in_words, split_hash
from evaluator.run.fitted_for import fitted_for
from evaluator.run.grader import Grader
from evaluator.run.leakage_guard import CALIBRATION_SPLIT, guard_against_leakage
from evaluator.run.map_choice import MapChoice, choose_map
from evaluator.run.stability import grade_all
from evaluator.run.standing_choice import TOO_FEW_WRONG, ConfidenceChoice, choose_confidence, standing_rule

NO_PLACE = "graded examples, because this grader has no prompt with a place for them"
NOT_ASKED = "graded examples, because of --examples 0"
NO_CHECKS = "a model over checks, because this grader answers none here"
OTHER_QUESTIONS = "maps of single questions, because the set is split by question: later answers are to others"


@dataclass(frozen=True, slots=True)
class CalibrationPlan:
    """How to calibrate. `examples`: the most for a question, 0 to try none; `shows_examples`: whether they would be
    seen at all."""

    examples: int
    shows_examples: bool
    risk: float
    certainty: float
    concurrency: int | None = None

    @property
    def tries_examples(self) -> bool:
        return self.examples > 0 and self.shows_examples

    @property
    def passes(self) -> int:
        """How many times the split's answers are graded."""
        return 2 if self.tries_examples else 1


@dataclass(frozen=True, slots=True)
class Calibrated:
    """A calibration, and why answers could not be graded (with how many), where there were any."""

    calibration: Calibration
    ungraded: Mapping[str, int]


def examples_for(data: FitData, answers: Sequence[LabelledAnswer], plan: CalibrationPlan) -> tuple[GradedExample, ...]:
    """The examples that these answers give."""
    return choose_examples(data.eval_set, answers, data.consensus, plan.examples)


def with_examples(grader: Grader, examples: Sequence[GradedExample], concurrency: int | None = None) -> Grader:
    """The same grader with these examples in its prompt, after those of its rubric."""
    pipeline = grader.pipeline
    shown = replace(pipeline.question_set, examples=(*pipeline.question_set.examples, *examples))
    return Grader(replace(pipeline, question_set=shown), concurrency=concurrency or grader.concurrency)


async def calibrate(
    data: FitData, grader: Grader, plan: CalibrationPlan, *, advance: Callable[[], None] = lambda: None
) -> Calibrated:
    """Grades the calibration split, tries examples, maps and confidence by cross-validation, keeps what helps.

    Raises LeakageError where the rubric's own examples hold answers of the split, BudgetSpentError where the grader's
    budget does not last for all of it, and CalibrationError where too little of it could be graded.
    """
    guard_against_leakage(data.eval_set, data.answers, CALIBRATION_SPLIT, grader.pipeline.question_set.examples)
    plain = await grade_all(grader, [each.answer for each in data.answers], advance)
    _require_budget(plain)
    shown = await _grade_with_examples(data, grader, plan, advance) if plan.tries_examples else None
    _require_budget(shown or {})
    _require_grades(data, plain)
    kept, tried_examples = _keep(choose_map(data, plain), choose_map(data, shown) if shown is not None else None)
    confidence = choose_confidence(kept)
    standing = standing_rule(kept, confidence, risk=plan.risk, certainty=plan.certainty)
    examples = examples_for(data, data.answers, plan) if kept.grades is shown else ()
    pipeline = with_examples(grader, examples).pipeline
    calibration = Calibration(
        made_at=pipeline.now().isoformat(timespec="seconds"),
        evaluator_version=pipeline.version,
        fitted_on=_fitted_on(data, kept),
        fitted_for=fitted_for(pipeline),
        examples=examples,
        maps=kept.final_maps(),
        confidence=confidence.model,
        standing=standing,
        tried=(*tried_examples, *kept.records(), *confidence.tried),
        not_tried=_not_tried(data, kept, confidence, plan),
    )
    return Calibrated(calibration, _reasons(kept.grades))


async def _grade_with_examples(
    data: FitData, grader: Grader, plan: CalibrationPlan, advance: Callable[[], None]
) -> dict[str, Grade]:
    """Every answer graded with examples of the other folds only."""
    graded: dict[str, Grade] = {}
    for fold in data.folds():
        showing = with_examples(grader, examples_for(data, data.outside(fold), plan), plan.concurrency)
        graded |= await grade_all(showing, [each.answer for each in data.inside(fold)], advance)
    return graded


def _keep(plain: MapChoice, shown: MapChoice | None) -> tuple[MapChoice, tuple[Tried, ...]]:
    """Whether examples help, each way with the map that suits it, on the levels that both ways gave."""
    if shown is None:
        return plain, ()
    before, after = _losses(plain), _losses(shown)
    both = sorted(before.keys() & after.keys())
    if not both:
        return plain, ()
    gain = gain_of(
        [before[key] for key in both],
        [after[key] for key in both],
        [plain.data.unit_of[answer_id] for answer_id, _ in both],
    )
    each = Tried(
        part="examples",
        name="none shown",
        says="no graded examples in the prompt",
        kept=not gain.helps,
        loss=sum(before[key] for key in both) / len(both),
    )
    with_them = each.model_copy(
        update={
            "name": "shown",
            "says": "graded examples in the prompt, of each question, from the other folds",
            "kept": gain.helps,
            "loss": sum(after[key] for key in both) / len(both),
            "gain": gain.value,
            "error": gain.error,
        }
    )
    figures = [choice.records()[choice.tried.index(choice.kept)] for choice in (plain, shown)]
    records = tuple(
        one.model_copy(update={name: getattr(of, name) for name in ("rmse", "quadratic_kappa", "wrong")})
        for one, of in zip((each, with_them), figures, strict=True)
    )
    return (shown if gain.helps else plain), records


def _losses(choice: MapChoice) -> dict[tuple[str, str], float]:
    """By answer and criterion: the squared error out of fold of what is kept."""
    return {
        (each.answer_id, each.criterion_id): loss
        for each, loss in zip(choice.readings, choice.kept.losses, strict=True)
    }


def _require_budget(grades: Mapping[str, Grade]) -> None:
    """Raises BudgetSpentError: what is fitted to the part that happened to be paid for is fitted to nobody."""
    if any("budget_spent: " in reason for reason in _reasons(grades)):
        graded = sum(grade.status == "graded" for grade in grades.values())
        raise BudgetSpentError(
            f"Stopped at --max-cost with {graded:,} of {len(grades):,} answers graded; no calibration was written.",
            hint="The replies are kept: the same command with a higher --max-cost pays only for the rest.",
        )


def _require_grades(data: FitData, grades: Mapping[str, Grade]) -> None:
    """Raises CalibrationError where too few units have a graded answer to be divided into folds."""
    units = {data.unit_of[answer_id] for answer_id, grade in grades.items() if grade.status == "graded"}
    if len({data.fold_of[unit] for unit in units}) < len(data.folds()) or not data.readings(grades):
        reasons = "; ".join(f"{count} times {reason}" for reason, count in _reasons(grades).items())
        raise CalibrationError(
            f"Only {sum(grade.status == 'graded' for grade in grades.values())} of {len(grades)} answers could be "
            f"graded: too few to fit anything. {reasons}",
            hint="See to that first; nothing was written.",
        )


def _reasons(grades: Mapping[str, Grade]) -> dict[str, int]:
    reasons: dict[str, int] = {}
    for grade in grades.values():
        if grade.status == "ungraded":
            reason = grade.reason or "no reason was recorded"
            reasons[reason] = reasons.get(reason, 0) + 1
    return reasons


def _fitted_on(data: FitData, kept: MapChoice) -> FittedOn:
    manifest = data.eval_set.manifest
    return FittedOn(
        eval_set=manifest.id,
        version=manifest.version,
        title=manifest.title,
        split=CALIBRATION_SPLIT,
        split_sha256=split_hash(data.eval_set.split(CALIBRATION_SPLIT)),
        split_by=manifest.split_by,
        rater_kind=manifest.rater_kind,
        raters=len(manifest.raters),
        consensus=consensus_in_words(data.eval_set),
        answers=len(data.answers),
        graded=sum(grade.status == "graded" for grade in kept.grades.values()),
        units=len(set(data.unit_of.values())),
        items=tuple(
            kept_fingerprint(KeptText(each.answer.answer_id, each.answer.text, each.answer.candidate_id))
            for each in data.answers
        ),
    )


def _not_tried(data: FitData, kept: MapChoice, confidence: ConfidenceChoice, plan: CalibrationPlan) -> tuple[str, ...]:
    said = []
    if not plan.tries_examples:
        said.append(NO_PLACE if plan.examples else NOT_ASKED)
    if not data.asks_again:
        said.append(OTHER_QUESTIONS)
    if not all(each.checks for each in kept.readings):
        said.append(NO_CHECKS)
    if not confidence.tried_signs:
        said.append(TOO_FEW_WRONG)
    return tuple(said)
