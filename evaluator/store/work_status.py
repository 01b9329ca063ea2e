"""How the work of a store stands: what waits and for how long, what was done lately, what fails and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import get_args

from sqlalchemy import Column, Connection, case, func, literal, select

from evaluator.core.inbox_event import InboxState
from evaluator.core.submission import SubmissionState
from evaluator.core.work import Lane
from evaluator.store.database import Database
from evaluator.store.outbox import NOT_ADDRESSED
from evaluator.store.schedule_shelf import JobStatus, statuses_of
from evaluator.store.schema import deliveries, inbox, submissions, work_answers, work_chunks, workers
from evaluator.store.worker_roll import WorkerRecord

MOST_COUNTED = 100_000
"""What a count by state stops at: it means so many or more."""
SUBMISSION_STATES: tuple[str, ...] = get_args(SubmissionState)
EVENT_STATES: tuple[str, ...] = get_args(InboxState)
DELIVERY_STATES = ("waiting", "delivered", "dead")
_LATELY = (timedelta(minutes=1), timedelta(hours=1))


@dataclass(frozen=True, slots=True)
class LaneStatus:
    """One lane. `waiting`: answers that are not graded; `oldest_seconds`: since the oldest of them was handed in."""

    lane: Lane
    waiting: int
    in_hand: int
    oldest_seconds: float | None
    done_last_minute: int
    done_last_hour: int


@dataclass(frozen=True, slots=True)
class Failing:
    """Work that was handed back: how many chunks for this reason, the last time."""

    reason: str
    chunks: int


@dataclass(frozen=True, slots=True)
class WorkStatus:
    """Everything at one moment. Counts by state. A worker with no answer in hand is `idle`."""

    lanes: tuple[LaneStatus, ...]
    failing: tuple[Failing, ...]
    workers: tuple[WorkerRecord, ...]
    submissions: Mapping[str, int]
    oldest_submission_seconds: float | None
    events: Mapping[str, int]
    deliveries: Mapping[str, int]
    scheduled: tuple[JobStatus, ...] = ()


def status_of(database: Database, now: datetime) -> WorkStatus:
    """How the work stands at `now`, UTC. Raises StoreError."""
    with database.reading() as connection:
        unfinished = submissions.c.state.in_(("received", "queued", "grading"))
        oldest = connection.scalar(select(func.min(submissions.c.received_at)).where(unfinished))
        made = connection.scalar(select(func.count()).where(NOT_ADDRESSED)) or 0
        return WorkStatus(
            lanes=(_lane(connection, "webhook", now), _lane(connection, "bulk", now)),
            failing=_failing(connection),
            workers=_workers(connection),
            submissions=_by_state(connection, submissions.c.state, SUBMISSION_STATES),
            oldest_submission_seconds=_age(oldest, now),
            events=_by_state(connection, inbox.c.state, EVENT_STATES),
            deliveries=_by_state(connection, deliveries.c.state, DELIVERY_STATES) | ({"made": made} if made else {}),
            scheduled=statuses_of(connection),
        )


def _lane(connection: Connection, lane: Lane, now: datetime) -> LaneStatus:
    of_lane = work_chunks.c.lane == lane
    row = connection.execute(
        select(
            func.count(),
            func.coalesce(func.sum(case((work_chunks.c.state == "grading", 1), else_=0)), 0),
            func.min(work_chunks.c.made_at),
        )
        .select_from(work_answers)
        .join(work_chunks, work_chunks.c.number == work_answers.c.chunk)
        .where(of_lane)
    ).one()
    done = [
        connection.scalar(
            select(func.coalesce(func.sum(work_chunks.c.answers), 0)).where(
                of_lane, work_chunks.c.state == "done", work_chunks.c.done_at > (now - lately).isoformat()
            )
        )
        for lately in _LATELY
    ]
    return LaneStatus(lane, int(row[0]), int(row[1]), _age(row[2], now), int(done[0] or 0), int(done[1] or 0))


def _workers(connection: Connection) -> tuple[WorkerRecord, ...]:
    in_hand = (work_chunks.c.lane.in_(("webhook", "bulk")), work_chunks.c.state == "grading")
    busy = set(connection.scalars(select(work_chunks.c.owner).where(*in_hand).distinct()))
    roll = [WorkerRecord(**row) for row in connection.execute(select(workers).order_by(workers.c.id)).mappings()]
    return tuple(
        replace(each, state="idle") if each.state == "working" and each.id not in busy else each for each in roll
    )


def _failing(connection: Connection) -> tuple[Failing, ...]:
    asked = (
        select(work_chunks.c.reason, func.count())
        .where(
            work_chunks.c.lane.in_(("webhook", "bulk")),
            work_chunks.c.state.in_(("waiting", "queued", "grading")),
            work_chunks.c.reason.is_not(None),
        )
        .group_by(work_chunks.c.reason)
        .order_by(func.count().desc())
        .limit(10)
    )
    return tuple(Failing(reason, count) for reason, count in connection.execute(asked))


def _by_state(connection: Connection, column: Column[str], states: Sequence[str]) -> dict[str, int]:
    """How many rows there are in each state, MOST_COUNTED at most: what is long done is not counted anew each time.

    Each is read off the index that begins with the state.
    """
    found = {}
    for state in states:
        some = select(literal(1)).where(column == state).limit(MOST_COUNTED).subquery()
        if count := connection.scalar(select(func.count()).select_from(some)):
            found[state] = count
    return found


def _age(at: str | None, now: datetime) -> float | None:
    return None if at is None else max(0.0, (now - datetime.fromisoformat(at)).total_seconds())
