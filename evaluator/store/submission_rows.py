"""Submissions as rows: one with its answers is written in the transaction that makes it true."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, select

from evaluator.core.submission import NewSubmission, Submission
from evaluator.errors import IdempotencyConflictError
from evaluator.store.identity_bytes import identity_bytes
from evaluator.store.many_rows import ManyRows, Parameters, insert_into
from evaluator.store.schema import submission_answers, submissions
from evaluator.store.sealed_bytes import sealed, sealed_one
from evaluator.store.stored_text import stored_text


@dataclass(frozen=True, slots=True)
class Submitted:
    """The id of a submission; `is_new` is False where it was there already."""

    id: str
    is_new: bool


def is_of_application(tenant: str, source: str, application_id: str) -> ColumnElement[bool]:
    """Whether a submission is of this application; the id is the source's."""
    return (
        (submissions.c.application_id == stored_text(application_id))
        & (submissions.c.tenant == tenant)
        & (submissions.c.source == source)
    )


def insert_submission(connection: Connection, new: NewSubmission) -> Submitted:
    """Writes a submission, or finds the one with its idempotency key.

    Raises IdempotencyConflictError where that one has other content.
    """
    candidate = stored_text(new.stored_candidate)
    made = f"sub_{secrets.token_hex(13)}"
    known = identity_bytes(new.identity)
    row = {
        "id": made,
        "tenant": new.tenant,
        "source": new.source,
        "idempotency_key": stored_text(new.idempotency_key),
        "content_sha256": new.content_sha256,
        "candidate_id": candidate,
        "application_id": None if new.application_id is None else stored_text(new.application_id),
        "job": None if new.job is None else stored_text(new.job),
        "questionnaire": new.questionnaire,
        "lane": new.lane,
        "context": sealed_one(connection, candidate, json.dumps(dict(new.context)).encode()),
        "received_at": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "state": "received",
        "attempts": 0,
        "identity": None if known is None else sealed_one(connection, candidate, known),
    }
    insert = insert_into(connection.dialect.name, submissions).values(row)
    number = connection.execute(insert.on_conflict_do_nothing().returning(submissions.c.number)).scalar()
    if number is None:
        return _same(connection, new, row["idempotency_key"])
    bodies = sealed(connection, [(candidate, answer.text.encode("utf-8", "surrogatepass")) for answer in new.answers])
    _ANSWERS.carry_out(
        connection,
        [(number, answer.question_id, body, answer.absent) for answer, body in zip(new.answers, bodies, strict=True)],
    )
    return Submitted(made, is_new=True)


def _same(connection: Connection, new: NewSubmission, key: Any) -> Submitted:
    found = connection.execute(
        select(submissions.c.id, submissions.c.content_sha256).where(
            submissions.c.tenant == new.tenant,
            submissions.c.source == new.source,
            submissions.c.idempotency_key == key,
        )
    ).one()
    if found.content_sha256 != new.content_sha256:
        raise IdempotencyConflictError(
            f"This idempotency key was used for {found.id}, which has other content.",
            hint="Use a new key for a new submission, and the same content with the same key.",
        )
    return Submitted(found.id, is_new=False)


def submission_record(row: RowMapping) -> Submission:
    """The record that a row holds."""
    kept = {name: row[name] for name in _PLAIN}
    return Submission(**kept, context=json.loads(row["context"]))


_PLAIN = (
    "number", "id", "tenant", "source", "candidate_id", "application_id", "job", "questionnaire", "lane", "received_at",
    "state", "reason", "run", "completed_at",
)  # fmt: skip


def _insert_answers(dialect: str, rows: Parameters) -> Any:
    return insert_into(dialect, submission_answers).values(rows)


_ANSWERS = ManyRows(("submission", "question_id", "body", "absent"), _insert_answers)
