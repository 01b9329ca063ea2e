"""Submissions as work: taken into the workers' queue, and said to be complete with the last of their grades."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select

from evaluator.core.work import SET_ASIDE, Lane
from evaluator.store.database import Database
from evaluator.store.outbox import Kind, announce
from evaluator.store.schema import grades, inbox, submissions

_NUMBERS = 1000
"""Numbers of grades that each submission has in its run: what is written twice has the same."""


@dataclass(frozen=True, slots=True)
class NewWork:
    """A submission that nothing was done with yet."""

    id: str
    number: int
    tenant: str
    lane: Lane
    questionnaire: str


@dataclass(frozen=True, slots=True)
class WaitingEvent:
    """An event in the inbox that nothing was made of yet; `attempts`: how often something was, before a replay."""

    id: str
    attempts: int


def first_number(submission: int) -> int:
    """The number in its run of the first grade of a submission."""
    return submission * _NUMBERS


def new_submissions(database: Database, limit: int) -> list[NewWork]:
    """Submissions to take in: what somebody waits for first, each tenant's oldest in turn with the others'."""
    turn = func.row_number().over(
        partition_by=(submissions.c.lane, submissions.c.tenant), order_by=submissions.c.number
    )
    received = (
        select(
            submissions.c.id, submissions.c.number, submissions.c.tenant, submissions.c.lane,
            submissions.c.questionnaire, turn.label("turn"),
        )
        .where(submissions.c.state == "received")
        .subquery()
    )  # fmt: skip
    # "webhook" comes after "bulk" in the alphabet.
    asked = select(received).order_by(received.c.lane.desc(), received.c.turn, received.c.number).limit(limit)
    with database.reading() as connection:
        return [
            NewWork(row.id, row.number, row.tenant, row.lane, row.questionnaire) for row in connection.execute(asked)
        ]


def waiting_events(database: Database, limit: int) -> list[WaitingEvent]:
    """Events in the inbox that nothing was made of yet, each connection's oldest in turn with the others': those of an
    applicant tracking system that is away wait here, and keep no other's waiting.
    """
    turn = func.row_number().over(partition_by=(inbox.c.tenant, inbox.c.source), order_by=inbox.c.number)
    received = (
        select(inbox.c.id, inbox.c.attempts, inbox.c.number, turn.label("turn"))
        .where(inbox.c.state == "received")
        .subquery()
    )
    asked = select(received).order_by(received.c.turn, received.c.number).limit(limit)
    with database.reading() as connection:
        return [WaitingEvent(row.id, row.attempts) for row in connection.execute(asked)]


def take_in(connection: Connection, submission: int, run: int) -> bool:
    """Says that a submission is in the queue of a run; False where it is no longer to be."""
    taken = submissions.update().where(submissions.c.number == submission, submissions.c.state == "received")
    return connection.execute(taken, {"state": "queued", "run": run}).rowcount == 1


def begin(connection: Connection, submission: int) -> None:
    """Says that a submission is being graded."""
    queued = submissions.update().where(submissions.c.number == submission, submissions.c.state == "queued")
    connection.execute(queued, {"state": "grading"})


def complete(connection: Connection, submission: int, now: datetime) -> None:
    """Says that all answers of a submission have a grade, or a reason for having none, and tells others."""
    # Held, so that whoever adds a flag to one of its grades is either seen here, or sees that this is complete.
    asked = select(submissions).where(submissions.c.number == submission).with_for_update(key_share=True)
    row = connection.execute(asked).mappings().one()
    if row["state"] in ("complete", "set_aside", "erased"):
        return
    first = first_number(submission)
    of_submission = (grades.c.run == row["run"], grades.c.number >= first, grades.c.number < first + _NUMBERS)
    found = connection.execute(
        select(grades.c.status, grades.c.needs_review, grades.c.body).where(*of_submission)
    ).all()
    set_aside = any(
        str(json.loads(each.body)["reason"]).startswith(SET_ASIDE) for each in found if each.status == "ungraded"
    )
    connection.execute(
        submissions.update().where(submissions.c.number == submission),
        {
            "state": "set_aside" if set_aside else "complete",
            "reason": "an answer was set aside; its grade says why" if set_aside else None,
            "identity": None,
            "completed_at": now.isoformat(timespec="seconds"),
        },
    )
    kind: Kind = "submission.needs_review" if any(each.needs_review for each in found) else "submission.graded"
    announce(
        connection, kind, tenant=row["tenant"], run=row["run"], submission=submission, candidate_id=row["candidate_id"],
        now=now,
    )  # fmt: skip
