"""What the service keeps of a candidate, taken out: events lose their bodies, submissions their answers and ids."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection, delete, select, update

from evaluator.store.assessments import erase_assessments
from evaluator.store.outbox import erase_outbound
from evaluator.store.schema import inbox, submission_answers, submissions, work_answers
from evaluator.store.stored_text import stored_text


def erase_service_rows(connection: Connection, candidate_id: str) -> Mapping[str, int]:
    """Erases a candidate (the store's id) from the service's tables; how many rows of each kind there were.

    The rows of events and submissions stay without anything of the candidate: by an event's hash a redelivery is
    known and not kept again, and who asks for a submission is told that it was erased.
    """
    name = stored_text(candidate_id)
    numbers = list(connection.scalars(select(submissions.c.number).where(submissions.c.candidate_id == name)))
    answered = sum(
        connection.execute(delete(submission_answers).where(submission_answers.c.submission == number)).rowcount
        for number in numbers
    )
    connection.execute(
        update(submissions)
        .where(submissions.c.candidate_id == name)
        .values(
            # A key may be made of the candidate's id, and a hash of what they wrote could be guessed at.
            idempotency_key=submissions.c.id,
            content_sha256="",
            candidate_id="",
            application_id=None,
            context=b"{}",
            identity=None,
            state="erased",
            reason=None,
        )
    )
    emptied = {"headers": b"{}", "body": None, "detail": None, "candidate_id": None, "state": "erased", "reason": None}
    events = connection.execute(update(inbox).where(inbox.c.candidate_id == name).values(emptied)).rowcount
    connection.execute(update(inbox).where(inbox.c.survivor_id == name).values({"survivor_id": None}))
    connection.execute(delete(work_answers).where(work_answers.c.candidate_id == name))
    erase_outbound(connection, name)
    erase_assessments(connection, name)
    return {"events": events, "submissions": len(numbers), "submission_answers": answered}
