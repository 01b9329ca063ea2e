"""The submissions of a store: handed in once, found again, with the grades that they were given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select

from evaluator.core.answer import Answer
from evaluator.core.grade import Grade
from evaluator.core.submission import Lane, NewSubmission, Submission, answer_id
from evaluator.errors import IdempotencyConflictError
from evaluator.store.database import Database
from evaluator.store.identity_bytes import identity_in
from evaluator.store.schema import answers, grades, submission_answers, submissions
from evaluator.store.stored_text import stored_text
from evaluator.store.submission_rows import Submitted, insert_submission, is_of_application, submission_record


@dataclass(frozen=True, slots=True)
class WaitingSubmission:
    """A submission that nothing was done with yet."""

    id: str
    tenant: str
    lane: Lane


class SubmissionShelf:
    """All submissions of one store."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def submit(self, new: NewSubmission) -> Submitted:
        """Keeps a submission; the one that is there where its idempotency key was used before.

        Raises IdempotencyConflictError where that one has other content.
        """
        with self._database.writing() as connection:
            return insert_submission(connection, new)

    def submit_many(self, new: Sequence[NewSubmission]) -> list[Submitted | IdempotencyConflictError]:
        """The same for several at once; what conflicts leaves the others as they are."""
        with self._database.writing() as connection:
            submitted: list[Submitted | IdempotencyConflictError] = []
            for each in new:
                try:
                    submitted.append(insert_submission(connection, each))
                except IdempotencyConflictError as conflict:  # it has written nothing
                    submitted.append(conflict)
            return submitted

    def find(self, submission_id: str, *, tenant: str | None = None) -> Submission | None:
        """The submission with this id; with `tenant`, only where it is that one's."""
        asked = select(submissions).where(submissions.c.id == stored_text(submission_id))
        if tenant is not None:
            asked = asked.where(submissions.c.tenant == tenant)
        with self._database.reading() as connection:
            row = connection.execute(asked).mappings().first()
        return None if row is None else submission_record(row)

    def of_candidate(self, candidate_id: str) -> list[Submission]:
        """A candidate's submissions, the oldest first; the id is the store's."""
        asked = select(submissions).where(submissions.c.candidate_id == stored_text(candidate_id))
        with self._database.reading() as connection:
            rows = connection.execute(asked.order_by(submissions.c.number)).mappings()
            return [submission_record(row) for row in rows]

    def of_application(self, tenant: str, source: str, application_id: str) -> list[Submission]:
        """The submissions of an application, the oldest first; the id is the source's."""
        asked = select(submissions).where(is_of_application(tenant, source, application_id))
        with self._database.reading() as connection:
            rows = connection.execute(asked.order_by(submissions.c.number)).mappings()
            return [submission_record(row) for row in rows]

    def answers(self, submission: Submission) -> list[Answer]:
        """The answers that were handed in; none once the candidate is erased."""
        asked = select(submission_answers).where(submission_answers.c.submission == submission.number)
        known = select(submissions.c.identity).where(submissions.c.number == submission.number)
        with self._database.reading() as connection:
            identity = identity_in(connection.scalar(known))
            return [
                Answer(
                    answer_id(submission.id, row.question_id),
                    submission.candidate_id,
                    row.question_id,
                    row.body.decode("utf-8", "surrogatepass"),
                    row.absent,
                    identity=identity,
                )
                for row in connection.execute(asked)
            ]

    def waiting(self, limit: int = 200) -> list[WaitingSubmission]:
        """Submissions that nothing was done with yet, the oldest first."""
        asked = select(submissions.c.id, submissions.c.tenant, submissions.c.lane)
        asked = asked.where(submissions.c.state == "received").order_by(submissions.c.number).limit(limit)
        with self._database.reading() as connection:
            return [WaitingSubmission(row.id, row.tenant, row.lane) for row in connection.execute(asked)]

    def grades(self, submission: Submission) -> list[Grade]:
        """The grades that stand, of those answers that have one."""
        if submission.run is None:
            return []
        asked = (
            select(grades.c.body)
            .join(answers, (answers.c.run == grades.c.run) & (answers.c.grade == grades.c.number))
            .join(submission_answers, answers.c.question_id == submission_answers.c.question_id)
            .where(
                answers.c.run == submission.run,
                submission_answers.c.submission == submission.number,
                answers.c.answer_id == submission.id + "." + submission_answers.c.question_id,
            )
        )
        with self._database.reading() as connection:
            return [Grade.model_validate_json(body) for body in connection.scalars(asked)]
