"""The way one answer goes: screen, ask, verify, combine, calibrate, score, flag. `grade_answer` is the list."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from functools import cached_property

from evaluator.core.answer import Answer
from evaluator.core.asks import Ask, schema_of
from evaluator.core.calibration import Calibration, calibrated_levels
from evaluator.core.examples import GradedExample
from evaluator.core.fingerprint import fingerprint
from evaluator.core.flags import flags_of, ungraded_flag
from evaluator.core.grade import CriterionGrade, Flag, Grade, Provenance, RedFlagSeen
from evaluator.core.price import Price, cost_of
from evaluator.core.questionnaire import Question
from evaluator.core.reading import Reading, combine, verify
from evaluator.core.reply import NOT_SENT, Failure, Reply, Usage
from evaluator.core.rubric import Criterion
from evaluator.core.score import band_of, score_of
from evaluator.core.screen import screen
from evaluator.core.span import QuoteFinder
from evaluator.core.suspicion.finding import Finding, blotted
from evaluator.core.suspicion.look import GradingWords
from evaluator.core.task import GradingTask, Rater
from evaluator.files.rubric_file import QuestionSet
from evaluator.graders.pacer import Pacer
from evaluator.run.second_reading import far_above_matching, finding_flags, nothing_else, rest_of


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
    prices: tuple[Price | None, ...]
    """Of each rater; None where no price is known."""
    version: str
    now: Callable[[], datetime]
    first_sample: int = 0
    """The number of the first reading: a repetition counts on, so that the ledger does not answer for the model."""
    calibration: Calibration | None = None
    """Fitted for just this pipeline (`require_fitted_for`); its examples are among those of the question set."""
    pacers: tuple[Pacer, ...] = ()
    """One for each endpoint that is asked."""
    yardstick: Callable[[], Rater | None] = lambda: None
    """Word matching, held beside grades that meet the bar or whose answer speaks to its grader; None: there is none."""

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
                words=self._grading_words(question),
            )
            for question in self.question_set.questionnaire.questions
        }

    def _grading_words(self, question: Question) -> GradingWords:
        """What only the rubric says, and an answer to this question can hardly have of itself."""
        criteria = self.question_set.rubric.criteria
        texts = [
            text
            for each in criteria
            for text in (each.asks, *each.levels.values(), *each.guidance, *each.checks.values())
        ]
        names = [name for each in criteria for name in (each.id, each.name)]
        return GradingWords.of(names, texts, [question.text, question.title])


@dataclass(frozen=True, slots=True)
class _AskedOf:
    """What an answer to one question is held to, and the graded examples that may be shown with it."""

    criteria: tuple[Criterion, ...]
    examples: tuple[GradedExample, ...]
    words: GradingWords

    def examples_for(self, answer: Answer) -> tuple[GradedExample, ...]:
        # An example by the same candidate would hand the grader this answer's neighbourhood, and one with the same
        # text its grade: they are left out.
        text = answer.text.strip() if self.examples else ""
        left = tuple(
            each for each in self.examples if each.candidate_id != answer.candidate_id and each.answer.strip() != text
        )
        return self.examples if len(left) == len(self.examples) else left


@dataclass(frozen=True, slots=True)
class Outcome:
    """A grade, what was paid for it now, and the failure behind it where there was one (some of them stop a run)."""

    grade: Grade
    failure: Failure | None = None
    paid: Usage = field(default_factory=Usage)
    paid_usd: float | None = None
    """Dollars for `paid`; None where nothing was paid or no price is known."""


async def grade_answer(pipeline: Pipeline, answer: Answer) -> Outcome:
    """One answer, all the way. Never raises for what an answer, a model or a network may do."""
    question = pipeline.question_set.questionnaire.question(answer.question_id)
    criteria = pipeline.asked_of[question.id].criteria
    screening = screen(answer, question, pipeline.asked_of[question.id].words)
    if screening.not_answered is not None:
        return Outcome(_without_score(pipeline, answer, "not_answered", screening.not_answered, screening.flags))
    if screening.ungradable is not None:
        return Outcome(_without_score(pipeline, answer, "ungraded", screening.ungradable, screening.flags))
    findings = screening.findings
    rest = rest_of(answer, findings) if findings else answer
    if rest is None:
        return Outcome(_without_score(pipeline, answer, "ungraded", nothing_else(findings), screening.flags))

    texts = [answer, rest] if findings else [answer]
    replies = await _ask_everyone(pipeline, texts, question, criteria)
    usage, cost, paid_usd = _total(replies), _cost(pipeline, replies), _paid_usd(pipeline, replies)
    readings_each = len(replies) // len(texts)
    # The last text that was read is the one whose grade stands.
    given = [reply for reply in replies[-readings_each:] if isinstance(reply, Reply)]
    failures = [reply for reply in replies if isinstance(reply, Failure)]
    # Half a panel is no grade while the other half can still be asked: what came is in the ledger.
    unsent = [failure for failure in failures if failure.code in NOT_SENT]
    if unsent or not given:
        failure = (unsent or failures)[0]
        reason = f"{failure.code}: {failure.detail}"
        grade = _without_score(pipeline, answer, "ungraded", reason, screening.flags, usage=usage, cost=cost)
        return Outcome(grade, failure, usage.paid, paid_usd)

    # Offsets are into the answer as it is, but no quote may come from what was found.
    finder = QuoteFinder(blotted(answer.text, findings) if findings else answer.text)
    readings = [verify(reply, criteria, finder) for reply in given]
    read = combine(readings, criteria)
    graded = _calibrated(pipeline, question, read)
    confidence = _confidence(pipeline, answer, graded)
    score = score_of({criterion.id: criterion.expected_level for criterion in graded}, pipeline.question_set.rubric)
    red_flags = _distinct(readings)
    flags = [
        *screening.flags,
        *(_what_was_found(pipeline, answer, findings, replies[:readings_each], read, criteria) if findings else ()),
        *await _beside_word_matching(pipeline, rest, question, read, score, is_found=bool(findings)),
        *_absent_readings(len(replies) - len(failures), failures),
        *flags_of(score, graded, red_flags, readings, pipeline.question_set.rubric),
        *_not_sure_enough(pipeline, confidence),
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
            confidence=confidence,
            flags=tuple(flags),
            provenance=_provenance(pipeline, answer.text, question, usage, cost, given[0].model),
        ),
        failures[0] if failures else None,
        usage.paid,
        paid_usd,
    )


def ungraded(pipeline: Pipeline, answer: Answer, reason: str) -> Grade:
    """The grade of an answer that no rater was asked about, because the run stopped before."""
    return _without_score(pipeline, answer, "ungraded", reason, ())


async def _ask_everyone(
    pipeline: Pipeline, answers: Sequence[Answer], question: Question, criteria: tuple[Criterion, ...]
) -> list[Reply | Failure]:
    """Every rater's every sample of each of these texts of one answer, at once; text by text."""
    tasks = [
        (
            rater,
            GradingTask(
                answer.text,
                question,
                pipeline.question_set.rubric,
                criteria,
                pipeline.asked_of[question.id].examples_for(answer),
                sample,
            ),
        )
        for answer in answers
        for rater in pipeline.raters
        for sample in range(pipeline.first_sample, pipeline.first_sample + pipeline.samples)
    ]
    if len(tasks) == 1:
        rater, task = tasks[0]
        return [await rater.rate(task)]
    return list(await asyncio.gather(*(rater.rate(task) for rater, task in tasks)))


def _what_was_found(
    pipeline: Pipeline,
    answer: Answer,
    findings: Sequence[Finding],
    replies_to_whole: Sequence[Reply | Failure],
    read: Sequence[CriterionGrade],
    criteria: tuple[Criterion, ...],
) -> list[Flag]:
    """The flags of an answer that speaks to its grader: where, and what it did to the levels."""
    finder = QuoteFinder(answer.text)
    whole = [verify(reply, criteria, finder) for reply in replies_to_whole if isinstance(reply, Reply)]
    with_them = combine(whole, criteria) if whole else read
    return list(finding_flags(findings, with_them, read, pipeline.question_set.rubric))


async def _beside_word_matching(
    pipeline: Pipeline,
    answer: Answer,
    question: Question,
    read: Sequence[CriterionGrade],
    score: float,
    *,
    is_found: bool,
) -> list[Flag]:
    """What plain word matching says against a grade; it takes time, so only grades are held against it that matter."""
    rubric = pipeline.question_set.rubric
    is_held_beside = is_found or band_of(score, rubric) == "meets_bar"
    yardstick = pipeline.yardstick() if is_held_beside else None
    if yardstick is None:
        return []
    criteria = pipeline.asked_of[question.id].criteria
    reply = await yardstick.rate(GradingTask(answer.text, question, rubric, criteria))
    if isinstance(reply, Failure):
        return []
    matched = combine([verify(reply, criteria, QuoteFinder(answer.text))], criteria)
    return list(far_above_matching(read, matched, is_found=is_found))


def _calibrated(pipeline: Pipeline, question: Question, graded: Sequence[CriterionGrade]) -> tuple[CriterionGrade, ...]:
    """The levels on the raters' scale, where there is a calibration."""
    if pipeline.calibration is None:
        return tuple(graded)
    return calibrated_levels(pipeline.calibration.maps, question.id, graded, pipeline.question_set.rubric)


def _confidence(pipeline: Pipeline, answer: Answer, graded: Sequence[CriterionGrade]) -> float | None:
    """How probable it is that no level is off by more than one; not known without a calibration."""
    if pipeline.calibration is None:
        return None
    return pipeline.calibration.confidence_in(graded, answer.text, pipeline.question_set.rubric)


def _not_sure_enough(pipeline: Pipeline, confidence: float | None) -> list[Flag]:
    if pipeline.calibration is None or confidence is None:
        return []
    flag = pipeline.calibration.flag(confidence)
    return [flag] if flag else []


def _total(replies: Sequence[Reply | Failure]) -> Usage:
    total = Usage()
    for reply in replies:
        total = total + reply.usage
    return total


def _cost(pipeline: Pipeline, replies: Sequence[Reply | Failure]) -> float | None:
    return cost_of((price, reply.usage) for price, reply in _priced(pipeline, replies))


def _paid_usd(pipeline: Pipeline, replies: Sequence[Reply | Failure]) -> float | None:
    now = [(price, reply.usage.paid) for price, reply in _priced(pipeline, replies)]
    return cost_of((price, usage) for price, usage in now if usage.requests)


def _priced(pipeline: Pipeline, replies: Sequence[Reply | Failure]) -> list[tuple[Price | None, Reply | Failure]]:
    """Each reply beside its rater's price, in the order of `_ask_everyone`; failures that took no tokens left out."""
    prices = [price for price in pipeline.prices for _ in range(pipeline.samples)]
    prices *= len(replies) // len(prices)  # an answer may have been read twice
    return [
        (price, reply)
        for price, reply in zip(prices, replies, strict=True)
        if reply.usage.requests and (isinstance(reply, Reply) or reply.usage.input_tokens is not None)
    ]


def _absent_readings(given: int, failures: Sequence[Failure]) -> list[Flag]:
    if not failures:
        return []
    detail = f"Only {given} of {given + len(failures)} readings came; {failures[0].code}: {failures[0].detail}."
    return [Flag(code="low_confidence", severity="review", detail=detail)]


def _distinct(readings: Sequence[Reading]) -> tuple[RedFlagSeen, ...]:
    seen = {(flag.id, flag.start, flag.end, flag.quote): flag for reading in readings for flag in reading.red_flags}
    return tuple(seen.values())


def _without_score(
    pipeline: Pipeline,
    answer: Answer,
    status: str,
    reason: str,
    flags: Sequence[Flag],
    usage: Usage | None = None,
    cost: float | None = None,
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
            "provenance": _provenance(pipeline, answer.text, question, usage or Usage(), cost, None),
        }
    )


def _provenance(
    pipeline: Pipeline, text: str, question: Question, usage: Usage, cost: float | None, model_returned: str | None
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
        fingerprint=fingerprint_of(pipeline, text, question.id),
        calibration_sha256=pipeline.calibration.sha256 if pipeline.calibration else None,
        requests=usage.requests,
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
        cached_tokens=usage.cached_tokens,
        cost_usd=cost,
        latency_ms=usage.latency_ms if usage.requests else None,
        evaluator_version=pipeline.version,
        graded_at=pipeline.now().isoformat(timespec="milliseconds"),
    )


def fingerprint_of(pipeline: Pipeline, text: str, question_id: str) -> str:
    """SHA-256 over everything that is asked about an answer; a grade's provenance has it."""
    hashes = pipeline.hashes
    return fingerprint(
        {
            "answer": text,
            "question": question_id,
            "raters": hashes.raters,
            "samples": pipeline.samples,
            "rubric": hashes.rubric,
            "questionnaire": hashes.questionnaire,
            "examples": hashes.examples,
            **({"calibration": pipeline.calibration.sha256} if pipeline.calibration else {}),
        }
    )


def calls_of(pipeline: Pipeline) -> str | None:
    """How criteria go into requests; None where there are none."""
    return next((str(value) for name, value in pipeline.raters[0].identity.params if name == "calls"), None)


def spec_of(raters: Sequence[Rater]) -> str:
    """How a command line would name these raters."""
    specs = [rater.identity.spec for rater in raters]
    return specs[0] if len(specs) == 1 else f"panel:{','.join(specs)}"
