"""Whether levels stay where they are: the same grader again, and the same answers changed in ways that earn nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import replace

from evaluator.core.answer import Answer
from evaluator.core.evaluation import ProbeResult, Repeats
from evaluator.core.grade import Grade
from evaluator.core.metrics.agreement import weighted_kappa
from evaluator.core.metrics.comparison import run_noise
from evaluator.core.metrics.flips import flip_rate
from evaluator.core.metrics.levels import Readings
from evaluator.core.probe import Probe
from evaluator.run.evaluation_plan import GraderUnderTest
from evaluator.run.grader import Grader
from evaluator.run.measure import Measure
from evaluator.run.scopes import Levels, Scope, levels_of


async def grade_all(grader: Grader, answers: Sequence[Answer], advance: Callable[[], None]) -> dict[str, Grade]:
    """One pass of the pipeline that `evaluator grade` uses, by answer id, in the answers' order."""
    graded: dict[str, Grade] = {}
    async with aclosing(grader.grade_many(answers)) as grades:
        async for grade in grades:
            graded[grade.answer_id] = grade
            advance()
    return {answer.answer_id: graded[answer.answer_id] for answer in answers}


async def probe_levels(
    measure: Measure,
    each: GraderUnderTest,
    probe: Probe,
    levels: Levels,
    advance: Callable[[str], None],
) -> ProbeResult:
    """Grades the changed answers and compares; an answer without a grade on either side is left out and counted."""
    answers = [one.answer for one in measure.answered]

    async def changed(grader: Grader, change: Callable[[str], str] | None) -> dict[str, dict[str, float]]:
        texts = [replace(answer, text=change(answer.text)) if change else answer for answer in answers]
        return levels_of(await grade_all(grader, texts, lambda: advance(each.name)))

    before = await changed(each.grader, probe.before) if probe.before else levels
    turned = _reordered(each.grader) if probe.reorders else each.grader
    after = await changed(turned, probe.after)
    everything = measure.everything
    both = [answer for answer in answers if answer.answer_id in before and answer.answer_id in after]
    flips = flip_rate(
        measure.read(everything, before), measure.read(everything, after), everything.scale, everything.resampling
    )
    return ProbeResult(id=probe.id, says=probe.says, answers=len(both), failed=len(answers) - len(both), flips=flips)


def _reordered(grader: Grader) -> Grader:
    """The same grader with the criteria asked in the opposite order."""
    question_set = grader.pipeline.question_set
    questionnaire = question_set.questionnaire
    questions = tuple(
        question.model_copy(update={"criteria": question.criteria[::-1]}) for question in questionnaire.questions
    )
    rubric = question_set.rubric.model_copy(update={"criteria": question_set.rubric.criteria[::-1]})
    turned = replace(
        question_set, questionnaire=questionnaire.model_copy(update={"questions": questions}), rubric=rubric
    )
    return Grader(replace(grader.pipeline, question_set=turned), concurrency=grader.concurrency)


def repeats_of(
    measure: Measure,
    first: Levels,
    further: Sequence[Levels],
) -> Repeats:
    """How far kappa and single levels move between the first run and further ones."""
    everything = measure.everything
    runs = [first, *further]
    noise = {
        scope.id: run_noise([_kappa(scope, measure.read(scope, levels)) for levels in runs]) for scope in measure.scopes
    }
    flips = flip_rate(
        measure.read(everything, first), measure.read(everything, further[0]), everything.scale, everything.resampling
    )
    return Repeats(runs=len(runs), quadratic_kappa=noise, flips=flips)


def _kappa(scope: Scope, readings: Readings) -> float | None:
    return weighted_kappa(readings, scope.consensus, scope.scale).value
