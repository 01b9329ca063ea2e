"""An evaluation: the split's answers through the same pipeline as any other, held against what raters said of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from evaluator.core.attack_set import ATTACK_TEST_SPLIT
from evaluator.core.eval_set import EvalSet, LabelledAnswer
from evaluator.core.evaluation import Evaluation, GraderResult, Look
from evaluator.core.grade import Grade
from evaluator.core.look import LookRecord
from evaluator.core.metrics.bootstrap import RESAMPLES
from evaluator.core.probe import PROBES
from evaluator.core.verdict import verdict_on
from evaluator.errors import EvalSetError, UsageError
from evaluator.run.attack_evaluation import try_attacks
from evaluator.run.confidence_figures import confidence_figures
from evaluator.run.constant_rater import CONSTANT, constant_rater
from evaluator.run.evaluation_facts import (
    consensus_in_words,
    look_record,
    require_same_rubric,
    set_facts,
    split_hash,
)
from evaluator.run.evaluation_plan import EvaluationPlan, GraderUnderTest
from evaluator.run.grader_comparison import against_earlier, comparisons_of
from evaluator.run.grader_record import (
    counts_of,
    flags_raised,
    notes_noticed,
    quotes_of,
    usage_of,
    worst_disagreements,
)
from evaluator.run.leakage_guard import CALIBRATION_SPLIT, guard_against_leakage, is_fitted_on
from evaluator.run.measure import Measure
from evaluator.run.pipeline import spec_of
from evaluator.run.recommendation import recommend
from evaluator.run.scopes import SEED, levels_of
from evaluator.run.stability import grade_all, probe_levels, repeats_of


def answers_to_evaluate(eval_set: EvalSet, plan: EvaluationPlan) -> tuple[LabelledAnswer, ...]:
    """The split's answers in the set's order. Raises UsageError where there is no such split."""
    if plan.split not in eval_set.manifest.splits:
        raise UsageError(
            f"The eval set {eval_set.manifest.id} has no split '{plan.split}'.",
            hint=f"It has: {', '.join(eval_set.manifest.splits)}. Choose one with --split.",
        )
    found = eval_set.split(plan.split)[: plan.limit]
    if not found:
        raise EvalSetError(f"No answer of {eval_set.manifest.id} is in the split '{plan.split}'.")
    return found


async def evaluate(
    eval_set: EvalSet,
    graders: Sequence[GraderUnderTest],
    plan: EvaluationPlan,
    *,
    look: Callable[[LookRecord], Look],
    attack_look: Callable[[LookRecord], Look] | None = None,
    advance: Callable[[str], None] = lambda _: None,
) -> Evaluation:
    """Guards, grades, measures. `look` records the look at the split, `attack_look` that at the attack
    set's; `advance` is told the grader of each answer.

    Raises LeakageError before anything is graded where an example or a calibration answer is among the evaluated
    ones, and EvalSetError where a grader holds answers to another rubric than the set's.
    """
    answers = answers_to_evaluate(eval_set, plan)
    for each in graders:
        require_same_rubric(eval_set, each)
    examples = {one.id: one for each in graders for one in each.grader.pipeline.question_set.examples}
    calibrations = [each.grader.pipeline.calibration for each in graders]
    fitted = {one.sha256: one for one in calibrations if one is not None}
    leakage = guard_against_leakage(eval_set, answers, plan.split, list(examples.values()), list(fitted.values()))
    split_sha256 = split_hash(answers)
    seen = look(look_record(graders, plan, split_sha256, len(answers)))
    attack_seen = _look_at_attacks(graders, plan, attack_look)

    grades = {each.name: await _grade(each, answers, advance) for each in graders}
    # The screening is the same for every grader: what it found empty is in nobody's figures.
    empty = {key for each in grades.values() for key, grade in each.items() if grade.status == "not_answered"}
    answered = tuple(each for each in answers if each.answer.answer_id not in empty)
    if not answered:
        raise EvalSetError(f"No answer of the split '{plan.split}' holds anything to grade.")
    measure = Measure(eval_set, answers, answered, plan)
    results = [await _result(measure, each, grades[each.name], attack_seen, advance) for each in graders]
    results.append(_constant_result(measure))
    asked_first = sorted(results, key=lambda result: not result.asked)
    now = graders[0].grader.pipeline
    made = Evaluation(
        made_at=now.now().isoformat(timespec="seconds"),
        evaluator_version=now.version,
        eval_set=set_facts(eval_set, graders[0].grader, plan, answers, answered, split_sha256),
        look=seen,
        leakage=leakage,
        resampled_by=plan.by,
        resamples=RESAMPLES,
        seed=SEED,
        limit=plan.limit,
        rule=plan.rule,
        ceiling=tuple(measure.ceiling(scope) for scope in measure.scopes),
        pass_fail_ceiling=measure.ceiling(measure.pass_fail),
        graders=tuple(asked_first),
        comparisons=comparisons_of(measure, asked_first),
        recommendation=recommend(asked_first),
    )
    if plan.earlier is None:
        return made
    before = plan.earlier
    against = against_earlier(before.evaluation, before.file, made, measure)
    return made.model_copy(update={"against": against})


async def _grade(
    each: GraderUnderTest, answers: Sequence[LabelledAnswer], advance: Callable[[str], None]
) -> dict[str, Grade]:
    return await grade_all(each.grader, [one.answer for one in answers], lambda: advance(each.name))


async def _result(
    measure: Measure,
    each: GraderUnderTest,
    grades: Mapping[str, Grade],
    attack_seen: str,
    advance: Callable[[str], None],
) -> GraderResult:
    pipeline, plan = each.grader.pipeline, measure.plan
    levels = levels_of(grades)
    repetitions = range(1, plan.repeat if each.asked else 1)
    further = [
        levels_of(await _grade(_counting_on(each, repetition), measure.answers, advance)) for repetition in repetitions
    ]
    probes = PROBES if plan.probe and each.asked else ()
    attacked = None
    if plan.attacks is not None and each.asked:
        attacked = await try_attacks(each.grader, plan.attacks, attack_seen, lambda: advance(each.name))
    probed = [await probe_levels(measure, each, probe, levels, advance) for probe in probes]
    identity = pipeline.raters[0].identity
    counts = counts_of(grades.values())
    quotes = quotes_of(grades.values())
    figures = measure.figures(levels)
    confidence = confidence_figures(measure, grades, levels, pipeline.calibration)
    result = GraderResult.model_validate(
        {
            "name": each.name,
            "asked": each.asked,
            "about": each.about,
            "grader": spec_of(pipeline.raters),
            "is_language_model": any(rater.identity.is_language_model for rater in pipeline.raters),
            "prompt": identity.prompt,
            "prompt_sha256": identity.prompt_sha256,
            "schema_sha256": dict(pipeline.hashes.schemas),
            "examples_sha256": pipeline.hashes.examples,
            "samples": pipeline.samples,
            "counts": counts,
            "quotes_claimed": quotes.total(),
            "quotes_found": quotes[True],
            "flags": flags_raised(grades.values()),
            "notes": notes_noticed(grades, measure.notes),
            "usage": usage_of(grades.values()),
            "coverage": confidence.coverage,
            "reliability": confidence.reliability,
            "standing": confidence.standing,
            "probes": tuple(probed),
            "attacks": attacked,
            "repeats": repeats_of(measure, levels, further) if further else None,
            "disagreements": worst_disagreements(measure.eval_set, measure.answered, grades, levels),
            "verdict": None,
            **figures,
        }
    )
    if not each.asked:
        return result
    manifest = measure.eval_set.manifest
    consensus = consensus_in_words(measure.eval_set)
    verdict = verdict_on(
        each.name,
        result.scopes,
        counts,
        manifest.rater_kind,
        consensus,
        plan.rule,
        raters=len(manifest.raters),
        raters_kappa={
            scope.id: measure.ceiling(scope).figures.quadratic_kappa
            for scope in measure.scopes
            if scope.kind != "question"
        },
        fitted_on=plan.split == CALIBRATION_SPLIT or is_fitted_on(pipeline.calibration, manifest.id, plan.split),
    )
    return result.model_copy(update={"verdict": verdict})


def _look_at_attacks(
    graders: Sequence[GraderUnderTest], plan: EvaluationPlan, look: Callable[[LookRecord], Look] | None
) -> str:
    """Records the look at the attack set's test split, and says which it is."""
    if plan.attacks is None or look is None:
        return ""
    attacks = plan.attacks
    record = look_record(graders, plan, attacks.attack_set.sha256, len(attacks.attacks) + len(attacks.honest))
    return f"Attack set: {look(record.model_copy(update={'split': ATTACK_TEST_SPLIT})).said}"


def _counting_on(each: GraderUnderTest, repetition: int) -> GraderUnderTest:
    """The grader for a further run: its readings are numbered on, so that they are asked and not looked up."""
    return replace(each, grader=each.grader.counting_from(repetition * each.grader.pipeline.samples))


def _constant_result(measure: Measure) -> GraderResult:
    eval_set = measure.eval_set
    constant = constant_rater(eval_set, measure.plan.split, measure.answered)
    asked = {question.id: question.criteria for question in eval_set.questionnaire.questions}
    answers, answered = len(measure.answers), len(measure.answered)
    return GraderResult.model_validate(
        {
            "name": CONSTANT,
            "asked": False,
            "about": constant.about,
            "grader": None,
            "is_language_model": False,
            "prompt": None,
            "prompt_sha256": None,
            "schema_sha256": {},
            "examples_sha256": None,
            "samples": 1,
            "counts": {
                "answers": answers,
                "graded": answered,
                "not_answered": answers - answered,
                "ungraded": 0,
                "reasons": {},
            },
            "quotes_claimed": 0,
            "quotes_found": 0,
            "flags": (),
            "notes": (),
            "usage": None,
            "coverage": None,
            "probes": (),
            "repeats": None,
            "disagreements": (),
            "verdict": None,
            **measure.figures(constant.read(measure.answered, asked), constant=True),
        }
    )
