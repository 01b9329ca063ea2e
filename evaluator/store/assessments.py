"""Assessments that applicant tracking systems ordered, kept with the event that has their answers fetched."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import replace
from datetime import UTC, datetime

from sqlalchemy import ColumnElement, Connection, RowMapping, select

from evaluator.core.assessment import ORDERED, Assessment, AssessmentOrder
from evaluator.core.inbox_event import NewEvent
from evaluator.store.database import Database
from evaluator.store.inbox import Inbox
from evaluator.store.many_rows import insert_into
from evaluator.store.outbox import announce
from evaluator.store.schema import assessments, submissions
from evaluator.store.stored_text import stored_text


class AssessmentShelf:
    """All orders of one store."""

    def __init__(self, database: Database, inbox: Inbox) -> None:
        self._database = database
        self._inbox = inbox

    def place(self, order: AssessmentOrder, event: NewEvent) -> tuple[Assessment, str | None]:
        """Keeps an order together with the event that rings for its answers; the one that is there where it was made
        before. With the event's id where it is a new one.
        """
        row = {
            "id": f"asm_{secrets.token_hex(13)}",
            "tenant": event.tenant,
            "source": event.source,
            "reference": stored_text(order.reference),
            "test": stored_text(order.test),
            "application_id": stored_text(order.application),
            "candidate_id": stored_text(event.candidate_id or ""),
            "answer_to": None if order.answer_to is None else stored_text(order.answer_to),
            "state": "open",
            "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
        }
        with self._database.writing() as connection:
            insert = insert_into(connection.dialect.name, assessments).values(row).on_conflict_do_nothing()
            is_new = connection.execute(insert.returning(assessments.c.id)).scalar() is not None
            same = (
                (assessments.c.tenant == row["tenant"])
                & (assessments.c.source == row["source"])
                & (assessments.c.reference == row["reference"])
            )
            kept = _record(connection.execute(select(assessments).where(same)).mappings().one())
            # Each order rings once, the same one made again after it was cancelled included.
            named = hashlib.sha256(f"{ORDERED} {kept.id}".encode()).hexdigest()
            rings = replace(event, event_id=f"{ORDERED} {kept.id}", content_sha256=named)
            received = self._inbox.receive_in(connection, rings) if is_new else None
            return kept, received.id if received is not None and received.is_new else None

    def find(self, tenant: str, source: str, assessment_id: str) -> Assessment | None:
        """The order with this id; None where there is none of this tenant's and source's."""
        asked = select(assessments).where(
            assessments.c.id == stored_text(assessment_id),
            assessments.c.tenant == tenant,
            assessments.c.source == source,
        )
        with self._database.reading() as connection:
            row = connection.execute(asked).mappings().first()
        return None if row is None else _record(row)

    def of_application(self, tenant: str, source: str, application_id: str) -> list[Assessment]:
        """The open orders for an application, the oldest first."""
        asked = select(assessments).where(_open(tenant, source, application_id)).order_by(assessments.c.number)
        with self._database.reading() as connection:
            return [_record(row) for row in connection.execute(asked).mappings()]

    def cancel(self, tenant: str, source: str, assessment_id: str) -> Assessment | None:
        """Ends an order: nothing is told of it any more, and the same can be ordered anew."""
        found = self.find(tenant, source, assessment_id)
        if found is not None:
            with self._database.writing() as connection:
                cancelled = assessments.update().where(assessments.c.id == found.id)
                connection.execute(cancelled, {"state": "cancelled", "reference": found.id})
        return found


def announce_ordered(connection: Connection, submission_id: str, ordered: str) -> None:
    """Tells whoever ordered a submission's result, by the event `ordered`, that it is there already, where it is.

    The row is held until the end of the transaction: a submission that becomes complete right after this tells of it.
    """
    asked = select(submissions).where(submissions.c.id == submission_id).with_for_update()
    row = connection.execute(asked).mappings().one()
    if row["state"] in ("complete", "set_aside") and row["run"] is not None:
        announce(
            connection, ORDERED, tenant=row["tenant"], run=row["run"], submission=row["number"],
            candidate_id=row["candidate_id"], now=datetime.now(UTC), assessment=ordered.removeprefix(f"{ORDERED} "),
        )  # fmt: skip


def erase_assessments(connection: Connection, candidate_id: str) -> int:
    """Takes out a candidate's orders (the store's id); how many there were."""
    return connection.execute(assessments.delete().where(assessments.c.candidate_id == candidate_id)).rowcount


def _open(tenant: str, source: str, application_id: str) -> ColumnElement[bool]:
    return (
        (assessments.c.tenant == tenant)
        & (assessments.c.source == source)
        & (assessments.c.application_id == stored_text(application_id))
        & (assessments.c.state == "open")
    )


def _record(row: RowMapping) -> Assessment:
    return Assessment(**{name: row[name] for name in Assessment.__slots__})
