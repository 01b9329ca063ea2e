"""The way one answer goes: screen, ask, verify, combine, calibrate, score, flag. `grade_answer` is the list."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from functools import cached_property

from evaluator.core.answer import Answer
from evaluator.core.asks import Ask, schema_of
from evaluator.core.calibration import Calibration, calibrated_levels
from evaluator.core.examples import GradedExample
from evaluator.core.fingerprint import fingerprint
from evaluator.core.flags import flags_of, ungraded_flag
from evaluator.core.grade import CriterionGrade, Flag, Grade, Provenance, RedFlagSeen
from evaluator.core.name_forms import WORD
from evaluator.core.price import Price, cost_of
from evaluator.core.questionnaire import Question
from evaluator.core.reading import Reading, combine, restored, verify
from evaluator.core.redaction import Redact, Redaction, redact
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
from evaluator.run.second_reading import far_above_matching, finding_flags, is_anything_left, nothing_else, unblotted


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
    redact: Redact = "identity"
    """What is taken out of an answer before a grader reads it."""

    @cached_property
    def hashes(self) -> _Hashes:
        """Computed once: they are the same for every answer."""
        asks_for = self.raters[0].identity.asks_for
        rubric = self.question_set.rubric
        return _Hashes(
            rubric=fingerprint(rubric),
            questionnaire=fingerprint(self.question_set.questionnaire),
            raters=fingerprint([_told_apart(rater) for rater in self.raters]),
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

    @cached_property
    def ordinary_words(self) -> frozenset[str]:
        """Words that the questions and the rubric use: one of them in an answer is no sign of a person's name."""
        questions, rubric = self.question_set.questionnaire, self.question_set.rubric
        asked = f"{questions.model_dump_json()} {rubric.model_dump_json()}"
        return frozenset(word.lower() for word in WORD.findall(asked) if word.islower())


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
    redaction: Redaction | None = None
    """What was replaced before the grader read the answer; None where nothing was."""


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
    if findings and not is_anything_left(blotted(answer.text, findings)):
        return Outcome(_without_score(pipeline, answer, "ungraded", nothing_else(findings), screening.flags))

    redaction = redacted(pipeline, answer)
    texts = [redaction.text]
    if findings:
        # Blotted out in place: offsets stay those of the answer, and no quote may come from what was found.
        without = redacted(pipeline, replace(answer, text=blotted(answer.text, findings)))
        texts.append(unblotted(without.text))
    else:
        without = redaction
    replies = await _ask_everyone(pipeline, answer, texts, question, criteria)
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
        return Outcome(grade, failure, usage.paid, paid_usd, redaction if redaction.replacements else None)

    finder = without.finder()
    readings = [restored(verify(reply, criteria, finder), without) for reply in given]
    read = combine(readings, criteria)
    graded = _calibrated(pipeline, question, read)
    confidence = _confidence(pipeline, answer, graded)
    score = score_of({criterion.id: criterion.expected_level for criterion in graded}, pipeline.question_set.rubric)
    red_flags = _distinct(readings)
    flags = [
        *screening.flags,
        *(_what_was_found(pipeline, redaction, findings, replies[:readings_each], read, score) if findings else ()),
        *await _beside_word_matching(pipeline, texts[-1], question, read, score, is_found=bool(findings)),
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
            provenance=_provenance(pipeline, redaction.text, question, usage, cost, given[0].model),
        ),
        failures[0] if failures else None,
        usage.paid,
        paid_usd,
        redaction if redaction.replacements else None,
    )


def redacted(pipeline: Pipeline, answer: Answer) -> Redaction:
    """The answer as a grader reads it."""
    if answer.identity is None and pipeline.redact == "identity":
        return Redaction(answer.text, answer.text)
    return redact(answer.text, answer.identity, pipeline.redact, pipeline.ordinary_words)


def ungraded(pipeline: Pipeline, answer: Answer, reason: str) -> Grade:
    """The grade of an answer that no rater was asked about, because the run stopped before."""
    return _without_score(pipeline, answer, "ungraded", reason, ())


async def _ask_everyone(
    pipeline: Pipeline, answer: Answer, texts: Sequence[str], question: Question, criteria: tuple[Criterion, ...]
) -> list[Reply | Failure]:
    """Every rater's every sample of each of the texts in which raters read one answer, at once; text by text."""
    examples = pipeline.asked_of[question.id].examples_for(answer)
    tasks = [
        (
            rater,
            GradingTask(text, question, pipeline.question_set.rubric, criteria, examples, sample, answer.candidate_id),
        )
        for text in texts
        for rater in pipeline.raters
        for sample in range(pipeline.first_sample, pipeline.first_sample + pipeline.samples)
    ]
    if len(tasks) == 1:
        rater, task = tasks[0]
        return [await rater.rate(task)]
    return list(await asyncio.gather(*(rater.rate(task) for rater, task in tasks)))


def _what_was_found(
    pipeline: Pipeline,
    redaction: Redaction,
    findings: Sequence[Finding],
    replies_to_whole: Sequence[Reply | Failure],
    read: Sequence[CriterionGrade],
    score: float,
) -> list[Flag]:
    """The flags of an answer that speaks to its grader: where, and what it did to the levels."""
    rubric = pipeline.question_set.rubric
    criteria = tuple(rubric.criterion(each.id) for each in read)
    finder = redaction.finder()
    whole = [verify(reply, criteria, finder) for reply in replies_to_whole if isinstance(reply, Reply)]
    with_them = combine(whole, criteria) if whole else read
    meets_bar = band_of(score, rubric) == "meets_bar"
    return list(finding_flags(findings, with_them, read, rubric, meets_bar=meets_bar))


async def _beside_word_matching(
    pipeline: Pipeline,
    text: str,
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
    reply = await yardstick.rate(GradingTask(text, question, rubric, criteria))
    if isinstance(reply, Failure):
        return []
    matched = combine([verify(reply, criteria, QuoteFinder(text))], criteria)
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
            "provenance": _provenance(
                pipeline, redacted(pipeline, answer).text, question, usage or Usage(), cost, None
            ),
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


def _told_apart(rater: Rater) -> dict[str, object]:
    """All that tells this rater from another; one without an endpoint has no address to be told apart by."""
    identity = asdict(rater.identity)
    if identity["address"] is None:
        del identity["address"]
    return identity


def fingerprint_of(pipeline: Pipeline, text: str, question_id: str) -> str:
    """SHA-256 over everything that is asked about an answer, whose `text` is as a grader reads it; a grade's provenance
    has it.
    """
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


def endpoint_of(pipeline: Pipeline) -> str | None:
    """Where a model is asked; None where only the model's name says."""
    return ", ".join(dict.fromkeys(each.identity.address for each in pipeline.raters if each.identity.address)) or None


def calls_of(pipeline: Pipeline) -> str | None:
    """How criteria go into requests; None where there are none."""
    return next((str(value) for name, value in pipeline.raters[0].identity.params if name == "calls"), None)


def spec_of(raters: Sequence[Rater]) -> str:
    """How a command line would name these raters."""
    specs = [rater.identity.spec for rater in raters]
    return specs[0] if len(specs) == 1 else f"panel:{','.join(specs)}"
