"""The control reading: a grader is asked for what cannot be in an answer, to see whether it gives marks for anything.

Words that talk a model into full marks talk it into these too, in whatever language or code they are, and without any
list of such words. A grader that reads the answer says no. It costs a short request for each answer that meets the bar,
or for every one.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from evaluator.core.answer import Answer
from evaluator.core.control_criteria import control_criteria, is_of_the_field
from evaluator.core.grade import ControlReading, Flag
from evaluator.core.questionnaire import Question
from evaluator.core.reply import NOT_SENT, CriterionReply, Failure, Reply
from evaluator.core.rubric import Criterion
from evaluator.core.task import GradingTask
from evaluator.run.bill import Priced
from evaluator.run.pipeline import Pipeline


@dataclass(frozen=True, slots=True)
class Control:
    """What models said when they were asked for `criteria` that the answer says nothing of; empty where none was."""

    criteria: tuple[Criterion, ...] = ()
    priced: tuple[Priced, ...] = ()

    @property
    def waits(self) -> Failure | None:
        """Why it has not been asked yet: money, a batch, an endpoint that is down."""
        return next((each for each in self._failures if each.code in NOT_SENT), None)

    @property
    def state(self) -> ControlReading | None:
        """How it ended; None where nothing was asked."""
        if not self.criteria:
            return None
        if self._found:
            return "found"
        return "waits" if self.waits else "failed" if self._failures else "passed"

    @property
    def flags(self) -> tuple[Flag, ...]:
        """A flag where a grader found what is not there, and where one did not reply: an answer that keeps it from that
        must not pass by it.
        """
        if self._found:
            named = ", ".join(each.name for each in self._found)
            detail = (
                f"Asked for what the answer says nothing of ({named}), the grader found it there. It may give marks "
                "for whatever it is asked, as if it had been told to; a person has to say what the answer is worth."
            )
            return (Flag(code="injection_suspected", severity="review", detail=detail),)
        if not self._failures:
            return ()
        failure = self.waits or self._failures[0]
        so_far = "has not come yet" if self.waits else "did not come"
        detail = f"The control reading {so_far}: {failure.code}: {failure.detail}."
        return (Flag(code="low_confidence", severity="review", detail=detail),)

    @property
    def _failures(self) -> list[Failure]:
        return [each.answered for each in self.priced if isinstance(each.answered, Failure)]

    @property
    def _found(self) -> tuple[Criterion, ...]:
        """The criteria that a grader found in the answer, where that can be no slip."""
        asked = {each.id: each for each in self.criteria}
        found = dict.fromkeys(
            criterion
            for each in self.priced
            if isinstance(each.answered, Reply)
            for criterion in _found_in(each.answered, asked)
        )
        return tuple(asked[each] for each in found)


async def control_reading(pipeline: Pipeline, answer: Answer, text: str, question: Question) -> Control:
    """Asks every model of the pipeline once; `text` is the answer as it was graded."""
    models = [
        (rater, price)
        for rater, price in zip(pipeline.raters, pipeline.prices, strict=True)
        if rater.identity.can_be_talked_to
    ]
    task = control_task(pipeline, answer, text, question)
    replies = await asyncio.gather(*(rater.rate(task) for rater, _ in models))
    return Control(task.criteria, tuple(Priced(price, each) for (_, price), each in zip(models, replies, strict=True)))


def control_task(pipeline: Pipeline, answer: Answer, text: str, question: Question) -> GradingTask:
    """What is asked in the control reading of this answer, whose `text` is as a grader reads it."""
    control = pipeline.control_rubric
    criteria = control_criteria(control, pipeline.asked_of[question.id].criteria, question, text)
    return GradingTask(text, question, control, criteria, (), pipeline.first_sample, answer.candidate_id)


def _found_in(reply: Reply, asked: dict[str, Criterion]) -> list[str]:
    """What one grader found: anything absurd, or of the field one thing wholly or several in part.

    A reader who slips says yes to one check of the field; nobody who reads finds all of it.
    """
    levels = {each.id: _level_of(each, asked[each.id]) for each in reply.criteria}
    found = [each for each, level in levels.items() if level > min(asked[each].levels)]
    absurd = any(not is_of_the_field(asked[each]) for each in found)
    wholly = any(levels[each] == max(asked[each].levels) for each in found)
    return found if absurd or wholly or len(found) > 1 else []


def _level_of(reply: CriterionReply, criterion: Criterion) -> int:
    if reply.level is not None:
        return reply.level
    return criterion.level_of({check.id: check.met for check in reply.checks})
