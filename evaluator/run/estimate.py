"""What a run will take, estimated before anything is paid for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice

from evaluator.core.answer import Answer
from evaluator.core.price import cost_of
from evaluator.core.reply import Usage
from evaluator.core.task import GradingTask
from evaluator.run.control_reading import control_task
from evaluator.run.grader import Grader

_LOOKED_AT = 50  # answers; their mean stands for the rest
AT_THE_BAR = 0.2
"""The share of answers that is expected to meet the bar, and so to have a control reading: raters put one in ten of the
shipped set there, and an estimate should rather be too high."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """Expected tokens over all answers, from their length; `cost_usd` is None where the price is not known."""

    answers: int
    input_tokens: int
    output_tokens: int
    cost_usd: float | None


def estimate(grader: Grader, answers: Iterable[Answer], count: int, *, in_batch: bool = False) -> Estimate:
    """What grading `count` of these answers will take, from the first of them; `in_batch`: at a batch's price."""
    pipeline = grader.pipeline
    looked_at = 0
    expected = [Usage(input_tokens=0, output_tokens=0) for _ in pipeline.raters]
    controls = list(expected)
    for answer in islice(answers, min(count, _LOOKED_AT)):
        looked_at += 1
        if answer.absent is not None:
            continue
        question = grader.questionnaire.question(answer.question_id)
        criteria = tuple(grader.rubric.criterion(criterion) for criterion in question.criteria)
        examples = tuple(each for each in pipeline.question_set.examples if each.question_id == question.id)
        task = GradingTask(answer.text, question, grader.rubric, criteria, examples)
        expected = [
            so_far + rater.expected_usage(task) for so_far, rater in zip(expected, pipeline.raters, strict=True)
        ]
        if pipeline.reads_control:
            control = control_task(pipeline, answer, answer.text, question)
            controls = [
                so_far + rater.expected_usage(control) if rater.identity.can_be_talked_to else so_far
                for so_far, rater in zip(controls, pipeline.raters, strict=True)
            ]
    scale = count / looked_at if looked_at else 0.0
    share = 1.0 if pipeline.control_below_bar else AT_THE_BAR
    usages = [
        _scaled(usage, scale * pipeline.samples) + _scaled(control, scale * share)
        for usage, control in zip(expected, controls, strict=True)
    ]
    return Estimate(
        answers=count,
        input_tokens=sum(usage.input_tokens or 0 for usage in usages),
        output_tokens=sum(usage.output_tokens or 0 for usage in usages),
        cost_usd=cost_of(
            (price, usage.in_batch if in_batch else usage) for price, usage in zip(pipeline.prices, usages, strict=True)
        ),
    )


def _scaled(usage: Usage, scale: float) -> Usage:
    return Usage(
        input_tokens=round((usage.input_tokens or 0) * scale),
        output_tokens=round((usage.output_tokens or 0) * scale),
    )
