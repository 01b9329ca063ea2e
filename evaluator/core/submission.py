"""A submission: one candidate's answers to one questionnaire, as they came in, and how far their grading is."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from evaluator.core.absence import absence_of
from evaluator.core.answer import Absence
from evaluator.core.identity import Identity
from evaluator.core.tenant import DEFAULT_TENANT, stored_candidate

Lane = Literal["webhook", "bulk"]
"""Which queue: a single candidate never waits behind a spreadsheet."""

SubmissionState = Literal["received", "queued", "grading", "complete", "set_aside", "erased"]
"""`set_aside`: it could not be graded after several tries, for the reason beside it."""


@dataclass(frozen=True, slots=True)
class SubmittedAnswer:
    """One answer, to a question of the questionnaire; `absent` says why there is no text."""

    question_id: str
    text: str
    absent: Absence | None = None


@dataclass(frozen=True, slots=True)
class NewSubmission:
    """What is handed in.

    `candidate_id` is the tenant's own name for the candidate. Two submissions of one source with the same
    `idempotency_key` are one. `context` is what writing the result back needs (ids of the source), never names.
    """

    source: str
    idempotency_key: str
    candidate_id: str
    questionnaire: str
    answers: tuple[SubmittedAnswer, ...]
    tenant: str = DEFAULT_TENANT
    application_id: str | None = None
    job: str | None = None
    lane: Lane = "webhook"
    context: Mapping[str, str] = field(default_factory=dict)
    identity: Identity | None = field(default=None, repr=False)
    """Who wrote the answers: taken out of what a grader reads, and forgotten when they are graded."""

    @property
    def stored_candidate(self) -> str:
        """The candidate's id in the store. Raises ValueError as `stored_candidate` does."""
        return stored_candidate(self.tenant, self.candidate_id)

    def with_key(self, idempotency_key: str) -> NewSubmission:
        """The same under this key."""
        return replace(self, idempotency_key=idempotency_key)

    @property
    def content_sha256(self) -> str:
        """What makes two submissions the same: candidate, application, questionnaire, and every answer."""
        content = [
            self.candidate_id,
            self.application_id,
            self.questionnaire,
            sorted((answer.question_id, answer.text) for answer in self.answers if answer.absent != "missing"),
        ]
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Submission:
    """A submission as the store has it. Times are ISO 8601, UTC."""

    number: int
    id: str
    tenant: str
    source: str
    candidate_id: str
    """As the store has it; "" once it is erased."""
    application_id: str | None
    job: str | None
    questionnaire: str
    lane: Lane
    context: Mapping[str, str]
    received_at: str
    state: SubmissionState
    reason: str | None
    """Why it was set aside."""
    run: int | None
    """The number of the run that has its grades."""
    completed_at: str | None


def submitted_answer(question_id: str, text: str) -> SubmittedAnswer:
    """An answer as it was written; blank ones, and those that only say that there is none, are marked absent."""
    return SubmittedAnswer(question_id, text, absence_of(text))


def answer_id(submission_id: str, question_id: str) -> str:
    """The id that a submission's answer has in runs and grades."""
    return f"{submission_id}.{question_id}"
