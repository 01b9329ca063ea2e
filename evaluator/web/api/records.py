"""What the API takes and gives, as JSON."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from evaluator.core.grade import Grade
from evaluator.core.identity import Identity
from evaluator.core.submission import Submission, SubmissionState
from evaluator.core.tenant import shown_candidate
from evaluator.run.submission_desk import AskedAnswer, AskedSubmission, GradedSubmission


def _printable(text: str) -> str:
    if not text.isprintable() or text != text.strip():
        raise ValueError("must have no control characters, and no space at its ends")
    return text


def _whole(text: str) -> str:
    if any("\ud800" <= each <= "\udfff" for each in text):
        raise ValueError("holds half a surrogate pair, which no text does")
    return text


CANDIDATE_ID = "^[^@]"  # what begins so names another tenant's candidate in the store

Id = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_printable)]


class _Taken(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class AnswerIn(_Taken):
    """One answer, to a question by `question_id`, or by `question`: its id, its title or its text.

    An empty text says that the question was asked and left blank.
    """

    model_config = ConfigDict(
        json_schema_extra={"oneOf": [{"required": ["question_id"]}, {"required": ["question"]}]},
    )

    question: Annotated[str, Field(max_length=5000, description="The question's id, title or text.")] = ""
    question_id: Annotated[str, Field(max_length=200, description="The question's id.")] = ""
    text: Annotated[str, Field(max_length=200_000), AfterValidator(_whole)]

    @model_validator(mode="after")
    def _named_once(self) -> Self:
        if ("question" in self.model_fields_set) == ("question_id" in self.model_fields_set):
            raise ValueError("give either question or question_id")
        return self


_Known = Annotated[tuple[Annotated[str, Field(min_length=1, max_length=300)], ...], Field(max_length=20)]


class IdentityIn(_Taken):
    """Who wrote the answers. It is looked for in them and replaced before a grader reads them; it goes into no grade,
    and is forgotten when they are graded.
    """

    names: Annotated[_Known, Field(description="Whole names, or parts of one.")] = ()
    emails: _Known = ()
    phones: _Known = ()
    links: Annotated[_Known, Field(description="Profiles and pages of their own.")] = ()
    addresses: Annotated[_Known, Field(description="Postal ones.")] = ()

    @property
    def identity(self) -> Identity | None:
        """The same as a record; None where nothing is said."""
        made = Identity(self.names, self.emails, self.phones, self.links, self.addresses)
        return made if made != Identity() else None


class SubmissionIn(_Taken):
    """One candidate's answers to one questionnaire."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "candidate_id": "c-1024",
                    "answers": [
                        {
                            "question_id": "fraud_framing",
                            "text": "One example is one payment at the moment of authorisation. Positive: a "
                            "chargeback for fraud within 120 days.",
                        }
                    ],
                }
            ]
        }
    )

    candidate_id: Annotated[
        Id, Field(pattern=CANDIDATE_ID, description="Your id of the candidate: no name or address.")
    ]
    answers: Annotated[list[AnswerIn], Field(min_length=1, max_length=100)]
    questionnaire: Annotated[Id | None, Field(description="Which questionnaire; the service's own where left out.")] = (
        None
    )
    application_id: Id | None = None
    job: Id | None = None
    identity: IdentityIn | None = None
    idempotency_key: Annotated[
        Id | None,
        Field(
            description="Handed in twice under one key, it is one submission. Without a key, its content is the key."
        ),
    ] = None

    def asked(self, key: str | None = None) -> AskedSubmission:
        """The same for the desk; `key` is the one of the request's header."""
        return AskedSubmission(
            candidate_id=self.candidate_id,
            answers=[AskedAnswer(each.question_id or each.question, each.text) for each in self.answers],
            questionnaire=self.questionnaire,
            application_id=self.application_id,
            job=self.job,
            idempotency_key=key or self.idempotency_key,
            identity=None if self.identity is None else self.identity.identity,
        )


class BatchIn(_Taken):
    """Several submissions; they are graded after those that came alone."""

    submissions: Annotated[list[SubmissionIn], Field(min_length=1, max_length=1000)]


class Accepted(BaseModel):
    """A submission was taken in, or was there already."""

    id: str
    status: Literal["accepted", "duplicate"]


class BatchResult(BaseModel):
    """What became of one submission of a batch; `errors` where it was not taken."""

    status: Literal["accepted", "duplicate", "refused"]
    id: str | None = None
    detail: str | None = None
    errors: list[str] = []


class BatchAccepted(BaseModel):
    """One result for each submission, in order."""

    results: list[BatchResult]


class SubmissionOut(BaseModel):
    """A submission and how far it is."""

    id: str
    candidate_id: str
    questionnaire: str
    application_id: str | None
    job: str | None
    source: str
    state: Annotated[
        SubmissionState,
        Field(description="`complete`: every answer has a grade or a reason for having none. `set_aside`: see reason."),
    ]
    reason: str | None
    received_at: str
    completed_at: str | None

    @classmethod
    def of(cls, submission: Submission) -> Self:
        """As callers see it."""
        return cls(
            id=submission.id,
            candidate_id=shown_candidate(submission.tenant, submission.candidate_id),
            questionnaire=submission.questionnaire,
            application_id=submission.application_id,
            job=submission.job,
            source=submission.source,
            state=submission.state,
            reason=submission.reason,
            received_at=submission.received_at,
            completed_at=submission.completed_at,
        )


class GradesOut(BaseModel):
    """The grades of a submission. A score sorts; a person decides, and first where `needs_review` is true."""

    submission: SubmissionOut
    score: Annotated[float | None, Field(description="The mean of the graded answers; null where none was graded.")]
    band: Annotated[Literal["meets_bar", "below_bar"] | None, Field(description="Null unless all were graded.")]
    needs_review: bool
    grades: list[Grade]

    @classmethod
    def of(cls, graded: GradedSubmission) -> Self:
        """As callers see it."""
        tenant, standing = graded.submission.tenant, graded.standing
        return cls(
            submission=SubmissionOut.of(graded.submission),
            score=standing.score if standing else None,
            band=standing.band if standing else None,
            needs_review=any(grade.needs_review for grade in graded.grades),
            grades=[
                grade.model_copy(update={"candidate_id": shown_candidate(tenant, grade.candidate_id)})
                for grade in graded.grades
            ],
        )


class CandidateOut(BaseModel):
    """A candidate's submissions, the oldest first."""

    candidate_id: str
    submissions: list[SubmissionOut]


class Erased(BaseModel):
    """A candidate is erased: answers, grades, events and everything that was derived from them."""

    candidate_id: str
    erased: dict[str, int] = Field(description="How many records of each kind there were.")
