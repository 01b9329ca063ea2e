"""A grading run: every answer of a table, graded as a stream and written down as it comes."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable, Iterator
from contextlib import aclosing
from datetime import datetime
from itertools import islice

from evaluator.core.answer import Answer
from evaluator.core.candidate import CandidateStanding, in_reading_order, standing_of
from evaluator.core.grade import Grade
from evaluator.core.pace import PaceTotals
from evaluator.core.reply import Usage
from evaluator.core.run_manifest import RunManifest, UsageTotals
from evaluator.files.grades_file import GradesFile
from evaluator.run.grader import Grader
from evaluator.run.pipeline import spec_of, ungraded


class GradingRun:
    """Grades answers and keeps count of them. Iterate `grades` once; then `finish` gives the manifest."""

    def __init__(self, grader: Grader, answers: Iterable[Answer], into: GradesFile, *, limit: int | None) -> None:
        self._grader = grader
        self._answers = answers
        self._into = into
        self._limit = limit
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

    @property
    def done(self) -> int:
        """Answers written down so far."""
        return self.graded + self.ungraded + self.not_answered

    @property
    def paid_usd(self) -> float | None:
        """Dollars paid so far, or None where the price is not known."""
        return self._paid_usd

    async def grades(self, concurrency: int | None = None) -> AsyncGenerator[Grade, None]:
        """Each grade after it was written. Cancelling keeps what is written; `write_rest` accounts for the rest."""
        async with aclosing(self._grader.outcomes(self.answers(), concurrency=concurrency)) as outcomes:
            async for outcome in outcomes:
                grade = outcome.grade
                self._write(grade)
                self._pay(outcome.paid)
                if grade.reason and grade.reason.startswith("not asked: "):
                    self._stopped_because = grade.reason.removeprefix("not asked: ")
                yield grade

    def write_rest(self) -> None:
        """After an interruption: every answer that has no grade is written down as ungraded."""
        self._interrupted = True
        for answer in self.answers():
            if answer.answer_id not in self._into:
                self._write(ungraded(self._grader.pipeline, answer, "interrupted: the run was stopped before"))

    def answers(self) -> Iterator[Answer]:
        """The answers of this run, in the table's order."""
        return islice(iter(self._answers), self._limit)

    def standings(self, questions: tuple[str, ...]) -> list[CandidateStanding]:
        """Every candidate's standing, in reading order."""
        by_candidate: dict[str, list[str]] = {}
        for answer in self.answers():
            by_candidate.setdefault(answer.candidate_id, []).append(answer.answer_id)
        return in_reading_order(
            standing_of(candidate, [self._into.read(each) for each in ids], questions, self._grader.rubric)
            for candidate, ids in by_candidate.items()
        )

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
        identity = pipeline.raters[0].identity
        finished: datetime = pipeline.now()
        rubric, questionnaire = self._grader.rubric, self._grader.questionnaire
        return RunManifest(
            run_id=run_id,
            started_at=self._started.isoformat(timespec="seconds"),
            finished_at=finished.isoformat(timespec="seconds"),
            outcome="interrupted" if self._interrupted else "stopped" if self._stopped_because else "finished",
            stopped_because=self._stopped_because,
            input_name=input_name,
            input_sha256=input_sha256,
            layout=layout,
            notes=notes,
            grader=spec_of(pipeline.raters),
            is_language_model=any(rater.identity.is_language_model for rater in pipeline.raters),
            about_grader=about_grader,
            prompt=identity.prompt,
            prompt_sha256=identity.prompt_sha256,
            calls=str(dict(identity.params)["calls"]) if "calls" in dict(identity.params) else None,
            samples=pipeline.samples,
            rubric=f"{rubric.id}@{rubric.version}",
            rubric_sha256=pipeline.hashes.rubric,
            questionnaire=f"{questionnaire.id}@{questionnaire.version}",
            questionnaire_sha256=pipeline.hashes.questionnaire,
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
                cost_usd=self._cost,
                reused_requests=self._usage.requests - self._paid.requests,
                paid_usd=self._paid_usd,
                seconds=(finished - self._started).total_seconds(),
            ),
            pace=sum((pacer.totals for pacer in pipeline.pacers), PaceTotals()) if pipeline.pacers else None,
            evaluator_version=pipeline.version,
        )

    def _write(self, grade: Grade) -> None:
        self._into.write(grade)
        self.graded += grade.status == "graded"
        self.ungraded += grade.status == "ungraded"
        self.not_answered += grade.status == "not_answered"
        self.to_review += grade.needs_review
        for criterion in grade.criteria:
            for each in criterion.evidence:
                self._quotes[each.verified] += 1
        made = grade.provenance
        self._usage = self._usage + Usage(
            made.input_tokens,
            made.output_tokens,
            made.cached_tokens,
            made.latency_ms or 0.0,
            made.requests,
        )
        if made.cost_usd is not None:
            self._cost = (self._cost or 0.0) + made.cost_usd

    def _pay(self, paid: Usage) -> None:
        self._paid = self._paid + paid
        price = self._grader.pipeline.price
        dollars = price.cost(paid) if price is not None and paid.requests else None
        if dollars is not None:
            self._paid_usd = (self._paid_usd or 0.0) + dollars
