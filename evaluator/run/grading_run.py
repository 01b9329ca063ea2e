"""A grading run: every answer of a table, graded as a stream and written down as it comes."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable, Iterator
from contextlib import aclosing
from datetime import datetime
from itertools import islice
from typing import Any

from evaluator.core.answer import Answer
from evaluator.core.calibration_words import CalibrationUse, calibration_use
from evaluator.core.candidate import standing_of
from evaluator.core.grade import Grade
from evaluator.core.pace import PaceTotals
from evaluator.core.redaction import Replacement
from evaluator.core.reply import Usage
from evaluator.core.run_manifest import RunManifest, UsageTotals
from evaluator.errors import StoreError
from evaluator.files.answers_by_candidate import AnswersByCandidate
from evaluator.files.grades_file import GradesFile
from evaluator.files.stored_standings import StoredStandings
from evaluator.run.gathering import Gathering
from evaluator.run.grade_answer import GradingOutcome, redacted, ungraded
from evaluator.run.grader import Grader
from evaluator.run.pipeline import record_of
from evaluator.store.grade_log import GradeLog
from evaluator.store.run_record import RunCounts

_TOLD_EVERY = 16  # answers; how far it has come is for people to see, and written every quarter of a second


class GradingRun:
    """Grades answers and keeps count of them. Iterate `grades` once; then `manifest` says how it went.

    Answers whose grades stand in `into` already are not graded again: `take_up` counts them first. With a `log`
    set, each outcome goes to the store too.
    """

    def __init__(
        self,
        grader: Grader,
        answers: Iterable[Answer],
        into: GradesFile,
        *,
        limit: int | None,
    ) -> None:
        self._grader = grader
        self._answers = answers
        self._into = into
        self._limit = limit
        self.log: GradeLog | None = None
        self._asked: dict[str, Answer] = {}
        self._by_candidate: AnswersByCandidate | None = None
        self._draining = False
        self._usage = Usage()
        self._paid = Usage()
        self._cost: float | None = None
        self._paid_usd: float | None = None
        self._started = grader.pipeline.now()
        self._quotes = {True: 0, False: 0}
        self._stopped_because: str | None = None
        self._interrupted = False
        self.graded = 0
        self.ungraded = 0
        self.not_answered = 0
        self.to_review = 0
        self._standing = 0
        self._sure_but_flagged = 0

    @property
    def done(self) -> int:
        """Answers written down so far."""
        return self.graded + self.ungraded + self.not_answered

    @property
    def paid_usd(self) -> float | None:
        """Dollars paid so far, or None where the price is not known."""
        return self._paid_usd

    @property
    def budget_spent(self) -> bool:
        """Whether the run stopped because its budget would not last for more."""
        return (self._stopped_because or "").startswith("budget_spent:")

    @property
    def counts(self) -> RunCounts:
        """How far it has come, as the store keeps it."""
        return RunCounts(
            self.graded, self.not_answered, self.ungraded, self.to_review, self._cost, self._paid_usd
        )  # fmt: skip

    def counted(self) -> dict[str, Any]:
        """What a manifest says of the grades."""
        return {
            "answers": self.done,
            "graded": self.graded,
            "not_answered": self.not_answered,
            "ungraded": self.ungraded,
            "to_review": self.to_review,
            "quotes_claimed": sum(self._quotes.values()),
            "quotes_found": self._quotes[True],
        }

    @property
    def in_flight(self) -> int:
        """Answers that are being graded."""
        return len(self._asked)

    async def take_up(self) -> None:
        """Counts the grades of an earlier session as this run's, and what was paid then. Raises StoreError.

        Those that the log lacks, because a kill came between, are put there.
        """
        for grade in self._into.take_up():
            self._count(grade)
            if self.log is None:
                self._paid_before(_usage_of(grade), grade.provenance.cost_usd)
        if self.log is None:
            return
        requests, dollars = self.log.paid()
        self._paid_before(Usage(requests=requests), dollars)
        logged = self.log.answers()
        for answer in self.answers():
            if answer.answer_id in self._into and answer.answer_id not in logged:
                grade = self._into.read(answer.answer_id)
                made = grade.provenance
                self._paid_before(_usage_of(grade), made.cost_usd)
                line = grade.model_dump_json().encode()
                replaced = redacted(self._grader.pipeline, answer).replacements
                await self.log.append(answer, grade, line, (made.requests, made.cost_usd), replaced)

    def drain(self) -> None:
        """Begins nothing new; what is in flight is finished and written."""
        self._draining = True

    async def grades(self, concurrency: int | None = None) -> AsyncGenerator[Grade, None]:
        """Each grade after it was written. Cancelling keeps what is written; `write_rest` accounts for the rest."""
        async with aclosing(self._grader.outcomes(self._answers_to_grade(), concurrency=concurrency)) as outcomes:
            async for outcome in outcomes:
                grade = outcome.grade
                answer = self._asked.pop(grade.answer_id)
                line = self._into.write(grade)
                self._count(grade)
                self._pay(outcome)
                if outcome.failure is not None and outcome.failure.code == "budget_spent":
                    self._stopped_because = f"budget_spent: {outcome.failure.detail}"
                if grade.reason and grade.reason.startswith("not asked: "):
                    self._stopped_because = grade.reason.removeprefix("not asked: ")
                else:
                    replaced = outcome.redaction.replacements if outcome.redaction else ()
                    await self._to_log(answer, grade, line, (outcome.paid.requests, outcome.paid_usd), replaced)
                yield grade
        await self._finish_log()

    @property
    def calibration(self) -> CalibrationUse | None:
        """How many of the grades so far may stand without a person; None where the grader is not calibrated."""
        calibration = self._grader.pipeline.calibration
        if calibration is None:
            return None
        return calibration_use(
            calibration, graded=self.graded, standing=self._standing, sure_but_flagged=self._sure_but_flagged
        )

    def write_rest(self) -> None:
        """After an interruption: every answer that has no grade is written down as ungraded."""
        self._interrupted = self._stopped_because is None
        reason = "interrupted: the run was stopped before"
        if self._stopped_because is not None:
            reason = f"not asked: {self._stopped_because}"
        for answer in self.answers():
            if answer.answer_id not in self._into:
                rest = ungraded(self._grader.pipeline, answer, reason)
                self._into.write(rest)
                self._count(rest)

    def _answers_to_grade(self) -> Iterator[Answer]:
        gathering = Gathering()
        for answer in self.answers():
            if self._draining:
                return
            gathering.add(answer)
            if answer.answer_id not in self._into:
                self._asked[answer.answer_id] = answer
                yield answer
        self._by_candidate = gathering.whole  # the table need not be read for their standings

    async def _to_log(
        self,
        answer: Answer,
        grade: Grade,
        line: bytes,
        paid: tuple[int, float | None],
        replaced: tuple[Replacement, ...],
    ) -> None:
        if self.log is None:
            return
        try:
            await self.log.append(answer, grade, line, paid, replaced)
            if self.done % _TOLD_EVERY == 0:
                self.log.came_to(self.counts)
        except StoreError as error:
            self._stop_for(error)

    async def _finish_log(self) -> None:
        if self.log is None:
            return
        try:
            self.log.came_to(self.counts)
            await self.log.flush()
        except StoreError as error:
            self._stop_for(error)

    def _paid_before(self, usage: Usage, dollars: float | None) -> None:
        self._paid = self._paid + usage
        if dollars is not None:
            self._paid_usd = (self._paid_usd or 0.0) + dollars

    def _stop_for(self, error: StoreError) -> None:
        self._stopped_because = f"store_failed: {error.message}"
        self.log = None
        self.drain()

    def answers(self) -> Iterator[Answer]:
        """The answers of this run, in the table's order."""
        return islice(iter(self._answers), self._limit)

    def standings(self, questions: tuple[str, ...]) -> StoredStandings:
        """Every candidate's standing, in reading order; to be closed by the caller."""
        standings = StoredStandings()
        for candidate_id, answer_ids in self._by_candidate or self._gathered():
            grades = [self._into.read_outcome(each) for each in answer_ids]
            standings.add(standing_of(candidate_id, grades, questions, self._grader.rubric))
        return standings

    def _gathered(self) -> AnswersByCandidate:
        by_candidate = AnswersByCandidate()
        for answer in self.answers():
            by_candidate.add(answer.candidate_id, answer.answer_id)
        return by_candidate

    def manifest(
        self,
        *,
        run_id: str,
        about_grader: str,
        input_name: str,
        input_sha256: str,
        layout: str,
        notes: tuple[str, ...],
        questions_asked: tuple[str, ...],
        candidates: int,
    ) -> RunManifest:
        """What was graded, by what, and how it ended."""
        pipeline = self._grader.pipeline
        finished: datetime = pipeline.now()
        return RunManifest(
            **dict(record_of(pipeline, input_name, input_sha256)),
            run_id=run_id,
            started_at=self._started.isoformat(timespec="seconds"),
            finished_at=finished.isoformat(timespec="seconds"),
            outcome="interrupted" if self._interrupted else "stopped" if self._stopped_because else "finished",
            stopped_because=self._stopped_because,
            layout=layout,
            notes=notes,
            is_language_model=any(rater.identity.is_language_model for rater in pipeline.raters),
            about_grader=about_grader,
            questions_asked=questions_asked,
            answers=self.done,
            graded=self.graded,
            not_answered=self.not_answered,
            ungraded=self.ungraded,
            to_review=self.to_review,
            candidates=candidates,
            quotes_claimed=sum(self._quotes.values()),
            quotes_found=self._quotes[True],
            usage=UsageTotals(
                requests=self._usage.requests,
                input_tokens=self._usage.input_tokens,
                output_tokens=self._usage.output_tokens,
                cached_tokens=self._usage.cached_tokens,
                cached_share=self._usage.cached_share,
                cost_usd=self._cost,
                reused_requests=max(0, self._usage.requests - self._paid.requests),
                paid_usd=self._paid_usd,
                seconds=(finished - self._started).total_seconds(),
            ),
            pace=sum((pacer.totals for pacer in pipeline.pacers), PaceTotals()) if pipeline.pacers else None,
            evaluator_version=pipeline.version,
            calibration=self.calibration,
        )

    def _count(self, grade: Grade) -> None:
        self.graded += grade.status == "graded"
        self.ungraded += grade.status == "ungraded"
        self.not_answered += grade.status == "not_answered"
        self.to_review += grade.needs_review
        calibration = self._grader.pipeline.calibration
        if calibration is not None and calibration.may_stand(grade.confidence):
            self._standing += not grade.needs_review
            self._sure_but_flagged += grade.needs_review
        for criterion in grade.criteria:
            for each in criterion.evidence:
                self._quotes[each.verified] += 1
        self._usage = self._usage + _usage_of(grade)
        if grade.provenance.cost_usd is not None:
            self._cost = (self._cost or 0.0) + grade.provenance.cost_usd

    def _pay(self, outcome: GradingOutcome) -> None:
        self._paid = self._paid + outcome.paid
        if outcome.paid_usd is not None:
            self._paid_usd = (self._paid_usd or 0.0) + outcome.paid_usd


def _usage_of(grade: Grade) -> Usage:
    made = grade.provenance
    return Usage(
        made.input_tokens, made.output_tokens, made.cached_tokens, made.latency_ms or 0.0, made.requests
    )  # fmt: skip
