"""The way one answer goes: screen, redact, ask, verify, combine, calibrate, score, flag. `grade_answer` is the list."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from evaluator.core.answer import Answer
from evaluator.core.calibration import calibrated_levels
from evaluator.core.flags import flags_of, ungraded_flag
from evaluator.core.grade import ControlReading, CriterionGrade, Flag, Grade, Provenance, RedFlagSeen
from evaluator.core.questionnaire import Question
from evaluator.core.reading import Reading, combine, restored, verify
from evaluator.core.redaction import Redaction, redact
from evaluator.core.reply import NOT_SENT, Failure, Reply, Usage
from evaluator.core.rubric import Criterion
from evaluator.core.score import band_of, score_of
from evaluator.core.screen import screen
from evaluator.core.span import QuoteFinder
from evaluator.core.suspicion.finding import Finding, blotted
from evaluator.core.task import GradingTask
from evaluator.run.bill import Bill, Priced, bill_of
from evaluator.run.control_reading import Control, control_reading
from evaluator.run.language_flag import other_language
from evaluator.run.pipeline import Pipeline, fingerprint_of, spec_of
from evaluator.run.second_reading import far_above_matching, finding_flags, is_anything_left, nothing_else, unblotted


@dataclass(frozen=True, slots=True)
class GradingOutcome:
    """A grade, what was paid for it now, and the failure behind it where there was one (some of them stop a run)."""

    grade: Grade
    failure: Failure | None = None
    paid: Usage = field(default_factory=Usage)
    paid_usd: float | None = None
    """Dollars for `paid`; None where nothing was paid or no price is known."""
    redaction: Redaction | None = None
    """What was replaced before the grader read the answer; None where nothing was."""


async def grade_answer(pipeline: Pipeline, answer: Answer) -> GradingOutcome:
    """One answer, all the way. Never raises for what an answer, a model or a network may do."""
    question = pipeline.question_set.questionnaire.question(answer.question_id)
    criteria = pipeline.asked_of[question.id].criteria
    screening = screen(answer, question, pipeline.asked_of[question.id].words)
    if screening.not_answered is not None:
        return GradingOutcome(_without_score(pipeline, answer, "not_answered", screening.not_answered, screening.flags))
    if screening.ungradable is not None:
        return GradingOutcome(_without_score(pipeline, answer, "ungraded", screening.ungradable, screening.flags))
    findings = screening.findings
    said = answer.text.lower().split()
    language = other_language(answer.text, pipeline.asked_of[question.id].languages, said)
    about_it = language or pipeline.asked_of[question.id].topic.off_topic(answer.text, said)
    if about_it is not None:
        screening = replace(screening, flags=(*screening.flags, about_it))
    if findings and not is_anything_left(blotted(answer.text, findings)):
        return GradingOutcome(_without_score(pipeline, answer, "ungraded", nothing_else(findings), screening.flags))

    redaction = redacted(pipeline, answer)
    texts = [redaction.text]
    if findings:
        # Blotted out in place: offsets stay those of the answer, and no quote may come from what was found.
        without = redacted(pipeline, replace(answer, text=blotted(answer.text, findings)))
        texts.append(unblotted(without.text))
    else:
        without = redaction
    replies = await _ask_everyone(pipeline, answer, texts, question, criteria)
    priced = _priced(pipeline, replies)
    bill = bill_of(priced)
    readings_each = len(replies) // len(texts)
    # The last text that was read is the one whose grade stands.
    given = [reply for reply in replies[-readings_each:] if isinstance(reply, Reply)]
    failures = [reply for reply in replies if isinstance(reply, Failure)]
    # Half a panel is no grade while the other half can still be asked: what came is in the ledger.
    unsent = [failure for failure in failures if failure.code in NOT_SENT]
    if unsent or not given:
        return _failed(pipeline, answer, (unsent or failures)[0], screening.flags, bill, redaction)

    finder = without.finder()
    readings = [restored(verify(reply, criteria, finder), without) for reply in given]
    read = combine(readings, criteria)
    graded = _calibrated(pipeline, question, read)
    confidence = _confidence(pipeline, answer, graded)
    score = score_of({criterion.id: criterion.expected_level for criterion in graded}, pipeline.question_set.rubric)
    red_flags = _distinct(readings)
    far_above = await _beside_word_matching(
        pipeline, texts[-1], question, read, score, is_found=bool(findings), is_known=language is None
    )
    control = await _control(pipeline, answer, texts[-1], question, score)
    bill = bill_of([*priced, *control.priced]) if control.priced else bill
    flags = [
        *screening.flags,
        *(_what_was_found(pipeline, redaction, findings, replies[:readings_each], read, score) if findings else ()),
        *control.flags,
        *far_above,
        *_absent_readings(len(replies) - len(failures), failures),
        *flags_of(score, graded, red_flags, readings, pipeline.question_set.rubric),
        *_not_sure_enough(pipeline, confidence),
    ]
    return GradingOutcome(
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
            provenance=_provenance(pipeline, redaction.text, question, bill, given[0].model, control.state),
        ),
        # What is paid for stands, and the run stops all the same where money or the endpoint is at an end.
        failures[0] if failures else control.waits,
        bill.usage.paid,
        bill.paid_usd,
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


async def _control(pipeline: Pipeline, answer: Answer, text: str, question: Question, score: float) -> Control:
    """The control reading of a grade that meets the bar, for which talking up pays most, or of every one."""
    is_read = pipeline.control_below_bar or band_of(score, pipeline.question_set.rubric) == "meets_bar"
    if not (pipeline.reads_control and is_read):
        return Control()
    return await control_reading(pipeline, answer, text, question)


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
    is_known: bool,
) -> list[Flag]:
    """What plain word matching says against a grade; it takes time, so only grades are held against it that matter.

    `is_known`: the answer is in the language of the vocabulary. In another one nothing matches, however good it is.
    """
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
    return list(far_above_matching(read, matched, is_found=is_found, is_known=is_known))


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


def _priced(pipeline: Pipeline, replies: Sequence[Reply | Failure]) -> list[Priced]:
    """Each reply beside its rater's price, in the order of `_ask_everyone`."""
    prices = [price for price in pipeline.prices for _ in range(pipeline.samples)]
    prices *= len(replies) // len(prices)  # an answer may have been read twice
    return [Priced(price, reply) for price, reply in zip(prices, replies, strict=True)]


def _absent_readings(given: int, failures: Sequence[Failure]) -> list[Flag]:
    if not failures:
        return []
    detail = f"Only {given} of {given + len(failures)} readings came; {failures[0].code}: {failures[0].detail}."
    return [Flag(code="low_confidence", severity="review", detail=detail)]


def _distinct(readings: Sequence[Reading]) -> tuple[RedFlagSeen, ...]:
    seen = {(flag.id, flag.start, flag.end, flag.quote): flag for reading in readings for flag in reading.red_flags}
    return tuple(seen.values())


def _failed(
    pipeline: Pipeline, answer: Answer, failure: Failure, flags: Sequence[Flag], bill: Bill, redaction: Redaction
) -> GradingOutcome:
    """The outcome of an answer whose grade did not come, for this reason."""
    reason = f"{failure.code}: {failure.detail}"
    grade = _without_score(pipeline, answer, "ungraded", reason, flags, bill)
    return GradingOutcome(grade, failure, bill.usage.paid, bill.paid_usd, redaction if redaction.replacements else None)


def _without_score(
    pipeline: Pipeline, answer: Answer, status: str, reason: str, flags: Sequence[Flag], bill: Bill | None = None
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
            "provenance": _provenance(pipeline, redacted(pipeline, answer).text, question, bill or bill_of(()), None),
        }
    )


def _provenance(
    pipeline: Pipeline,
    text: str,
    question: Question,
    bill: Bill,
    model_returned: str | None,
    control: ControlReading | None = None,
) -> Provenance:
    usage = bill.usage
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
        control_reading=control,
        requests=usage.requests,
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
        cached_tokens=usage.cached_tokens,
        cost_usd=bill.cost,
        latency_ms=usage.latency_ms if usage.requests else None,
        evaluator_version=pipeline.version,
        graded_at=pipeline.now().isoformat(timespec="milliseconds"),
    )
