"""The way one answer goes: screen, ask, verify, combine, score, flag. Read `grade_answer` as the specification."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from functools import cached_property

from evaluator.core.answer import Answer
from evaluator.core.asks import Ask, schema_of
from evaluator.core.examples import GradedExample
from evaluator.core.fingerprint import fingerprint
from evaluator.core.flags import flags_of, ungraded_flag
from evaluator.core.grade import Flag, Grade, Provenance, RedFlagSeen
from evaluator.core.price import Price
from evaluator.core.questionnaire import Question
from evaluator.core.reading import Reading, combine, verify
from evaluator.core.reply import Failure, Reply, Usage
from evaluator.core.rubric import Criterion
from evaluator.core.score import band_of, score_of
from evaluator.core.screen import screen
from evaluator.core.span import QuoteFinder
from evaluator.core.task import GradingTask, Rater
from evaluator.files.rubric_file import QuestionSet
from evaluator.graders.pacer import Pacer


@dataclass(frozen=True, slots=True)
class _Hashes:
    """SHA-256 of what grades an answer."""

    rubric: str
    questionnaire: str
    raters: str
    examples: str
    schemas: Mapping[str, str | None]
    """By question: the schema of a reply to all of its criteria."""


@dataclass(frozen=True)
class Pipeline:
    """Everything that grading an answer needs and that is the same for all answers of a run."""

    question_set: QuestionSet
    raters: tuple[Rater, ...]
    samples: int
    price: Price | None
    version: str
    now: Callable[[], datetime]
    pacers: tuple[Pacer, ...] = ()
    """One for each endpoint that is asked."""

    @cached_property
    def hashes(self) -> _Hashes:
        """Computed once: they are the same for every answer."""
        asks_for = self.raters[0].identity.asks_for
        rubric = self.question_set.rubric
        return _Hashes(
            rubric=fingerprint(rubric),
            questionnaire=fingerprint(self.question_set.questionnaire),
            raters=fingerprint([asdict(rater.identity) for rater in self.raters]),
            examples=fingerprint([example.model_dump(mode="json") for example in self.question_set.examples]),
            schemas={
                question.id: None
                if asks_for is None
                else fingerprint(schema_of(Ask(asks_for, self.asked_of[question.id].criteria, rubric.red_flags)))
                for question in self.question_set.questionnaire.questions
            },
        )

    @cached_property
    def asked_of(self) -> Mapping[str, _AskedOf]:
        """By question: criteria and examples. The same records for every answer, so that raters prepare them once."""
        return {
            question.id: _AskedOf(
                criteria=tuple(self.question_set.rubric.criterion(criterion) for criterion in question.criteria),
                examples=tuple(each for each in self.question_set.examples if each.question_id == question.id),
            )
            for question in self.question_set.questionnaire.questions
        }


@dataclass(frozen=True, slots=True)
class _AskedOf:
    """What an answer to one question is held to, and the graded examples that may be shown with it."""

    criteria: tuple[Criterion, ...]
    examples: tuple[GradedExample, ...]

    def examples_for(self, candidate_id: str) -> tuple[GradedExample, ...]:
        # An example by the same candidate would hand the grader this answer's neighbourhood: it is left out.
        if any(example.candidate_id == candidate_id for example in self.examples):
            return tuple(example for example in self.examples if example.candidate_id != candidate_id)
        return self.examples


@dataclass(frozen=True, slots=True)
class Outcome:
    """A grade, what was paid for it now, and the failure behind it where there was one (some of them stop a run)."""

    grade: Grade
    failure: Failure | None = None
    paid: Usage = field(default_factory=Usage)


async def grade_answer(pipeline: Pipeline, answer: Answer) -> Outcome:
    """One answer, all the way. Never raises for what an answer, a model or a network may do."""
    question = pipeline.question_set.questionnaire.question(answer.question_id)
    criteria = pipeline.asked_of[question.id].criteria
    screening = screen(answer, question)
    if screening.not_answered is not None:
        return Outcome(_without_score(pipeline, answer, "not_answered", screening.not_answered, screening.flags))
    if screening.ungradable is not None:
        return Outcome(_without_score(pipeline, answer, "ungraded", screening.ungradable, screening.flags))

    replies = await _ask_everyone(pipeline, answer, question, criteria)
    usage = _total(replies)
    given = [reply for reply in replies if isinstance(reply, Reply)]
    failures = [reply for reply in replies if isinstance(reply, Failure)]
    if not given:
        reason = f"{failures[0].code}: {failures[0].detail}"
        grade = _without_score(pipeline, answer, "ungraded", reason, screening.flags, usage=usage)
        return Outcome(grade, failures[0], usage.paid)

    finder = QuoteFinder(answer.text)
    readings = [verify(reply, criteria, finder) for reply in given]
    graded = combine(readings, criteria)
    score = score_of({criterion.id: criterion.expected_level for criterion in graded}, pipeline.question_set.rubric)
    red_flags = _distinct(readings)
    flags = [
        *screening.flags,
        *_absent_readings(len(given), failures),
        *flags_of(score, graded, red_flags, readings, pipeline.question_set.rubric),
    ]
    return Outcome(
        Grade(
            answer_id=answer.answer_id,
            candidate_id=answer.candidate_id,
            question_id=answer.question_id,
            status="graded",
            criteria=graded,
            red_flags=red_flags,
            score=score,
            band=band_of(score, pipeline.question_set.rubric),
            flags=tuple(flags),
            provenance=_provenance(pipeline, answer.text, question, usage, given[0].model),
        ),
        failures[0] if failures else None,
        usage.paid,
    )


def ungraded(pipeline: Pipeline, answer: Answer, reason: str) -> Grade:
    """The grade of an answer that no rater was asked about, because the run stopped before."""
    return _without_score(pipeline, answer, "ungraded", reason, ())


async def _ask_everyone(
    pipeline: Pipeline, answer: Answer, question: Question, criteria: tuple[Criterion, ...]
) -> list[Reply | Failure]:
    """Every rater's every sample of one answer, at once."""
    examples = pipeline.asked_of[question.id].examples_for(answer.candidate_id)
    tasks = [
        (rater, GradingTask(answer.text, question, pipeline.question_set.rubric, criteria, examples, sample))
        for rater in pipeline.raters
        for sample in range(pipeline.samples)
    ]
    if len(tasks) == 1:
        rater, task = tasks[0]
        return [await rater.rate(task)]
    return list(await asyncio.gather(*(rater.rate(task) for rater, task in tasks)))


def _total(replies: Sequence[Reply | Failure]) -> Usage:
    total = Usage()
    for reply in replies:
        total = total + reply.usage
    return total


def _absent_readings(given: int, failures: Sequence[Failure]) -> list[Flag]:
    if not failures:
        return []
    detail = f"Only {given} of {given + len(failures)} readings came; {failures[0].code}: {failures[0].detail}."
    return [Flag(code="low_confidence", severity="review", detail=detail)]


def _distinct(readings: Sequence[Reading]) -> tuple[RedFlagSeen, ...]:
    seen = {(flag.id, flag.start, flag.end, flag.quote): flag for reading in readings for flag in reading.red_flags}
    return tuple(seen.values())


def _without_score(
    pipeline: Pipeline, answer: Answer, status: str, reason: str, flags: Sequence[Flag], usage: Usage | None = None
) -> Grade:
    question = pipeline.question_set.questionnaire.question(answer.question_id)
    raised = (*flags, ungraded_flag(reason)) if status == "ungraded" else tuple(flags)
    return Grade.model_validate(
        {
            "answer_id": answer.answer_id,
            "candidate_id": answer.candidate_id,
            "question_id": answer.question_id,
            "status": status,
            "reason": reason,
            "flags": raised,
            "provenance": _provenance(pipeline, answer.text, question, usage or Usage(), None),
        }
    )


def _provenance(
    pipeline: Pipeline, text: str, question: Question, usage: Usage, model_returned: str | None
) -> Provenance:
    first = pipeline.raters[0].identity
    hashes = pipeline.hashes
    return Provenance(
        grader=spec_of(pipeline.raters),
        model_requested=first.model,
        model_returned=model_returned,
        prompt=first.prompt,
        prompt_sha256=first.prompt_sha256,
        rubric_sha256=hashes.rubric,
        schema_sha256=hashes.schemas[question.id],
        questionnaire_sha256=hashes.questionnaire,
        params=dict(first.params),
        samples=pipeline.samples,
        fingerprint=fingerprint(
            {
                "answer": text,
                "question": question.id,
                "raters": hashes.raters,
                "samples": pipeline.samples,
                "rubric": hashes.rubric,
                "questionnaire": hashes.questionnaire,
                "examples": hashes.examples,
            }
        ),
        requests=usage.requests,
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
        cached_tokens=usage.cached_tokens,
        cost_usd=pipeline.price.cost(usage) if pipeline.price else None,
        latency_ms=usage.latency_ms if usage.requests else None,
        evaluator_version=pipeline.version,
        graded_at=pipeline.now().isoformat(timespec="milliseconds"),
    )


def spec_of(raters: Sequence[Rater]) -> str:
    """How a command line would name these raters."""
    specs = [rater.identity.spec for rater in raters]
    return specs[0] if len(specs) == 1 else f"panel:{','.join(specs)}"
