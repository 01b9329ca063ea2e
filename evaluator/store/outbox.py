"""The outbox: events that others are told of, written with what they tell, delivered later, each in its order."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from sqlalchemy import Connection, RowMapping, and_, exists, func, select

from evaluator.store.database import Database
from evaluator.store.schema import deliveries, outbound
from evaluator.store.sealed_bytes import sealed_one

Kind = Literal["submission.graded", "submission.needs_review", "review.decided", "assessment.ordered", "grader.drifted"]
"""`assessment.ordered` is for the applicant tracking system that ordered it: what it asks for is there already.
`grader.drifted` is of no candidate, no run and no tenant.
"""
NOT_ADDRESSED = outbound.c.state.in_(("made", "announced"))
"""Of events that nobody was told of yet. A worker of before version 19 looks for those that are `made` alone: it takes
an event that it does not know for one whose candidate was erased, and would send it to nobody."""
GIVE_UP_AFTER = timedelta(days=3)
_CLAIM = timedelta(minutes=2)
_FIRST_WAIT, _LONGEST_WAIT = 5.0, 4 * 3600.0  # seconds


@dataclass(frozen=True, slots=True)
class OutboundEvent:
    """Something to tell. `body` is None until it is made; `tenant` and `candidate_id` are empty where there is none."""

    number: int
    id: str
    kind: Kind
    tenant: str
    run: int | None
    submission: int | None
    candidate_id: str
    made_at: str
    answer_id: str | None = None
    """Of `review.decided`: the answer that was decided on."""
    version: int | None = None
    """Of `review.decided`: the version of the answer's review that the decision made."""
    assessment: str | None = None
    """Of `assessment.ordered`: the order's id."""
    body: bytes | None = None

    @property
    def flow(self) -> str:
        """Events of one flow arrive in their order."""
        if self.submission is not None:
            return f"submission {self.submission}"
        return self.kind if self.run is None else f"run {self.run} {self.candidate_id}"


@dataclass(frozen=True, slots=True)
class Delivery:
    """An event on its way to one target."""

    event: OutboundEvent
    target: str
    tries: int


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A delivery that was given up, with the last reason."""

    event_id: str
    kind: str
    target: str
    tries: int
    reason: str | None
    made_at: str


def announce(
    connection: Connection,
    kind: Kind,
    *,
    tenant: str,
    run: int,
    submission: int | None,
    candidate_id: str,
    now: datetime,
    answer_id: str | None = None,
    version: int | None = None,
    assessment: str | None = None,
) -> None:
    """Puts an event into the outbox, in the transaction that makes it true."""
    row = {
        "id": _new_id(),
        "kind": kind,
        "tenant": tenant,
        "run": run,
        "submission": submission,
        "candidate_id": candidate_id,
        "answer_id": answer_id,
        "version": version,
        "assessment": assessment,
        "state": "made",
        "made_at": now.isoformat(timespec="seconds"),
    }
    connection.execute(outbound.insert(), row)


def announce_of_grader(connection: Connection, body: bytes, now: datetime) -> None:
    """Puts `grader.drifted` into the outbox, in the transaction that makes it true, with what it says (JSON)."""
    row = {
        "id": _new_id(),
        "kind": "grader.drifted",
        "tenant": "",
        "candidate_id": "",
        "body": sealed_one(connection, None, body),
        "state": "announced",
        "made_at": now.isoformat(timespec="seconds"),
    }
    connection.execute(outbound.insert(), row)


class Outbox:
    """The outbox of one store. `now` gives UTC."""

    def __init__(self, database: Database, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._database = database
        self._now = now

    def made(self, limit: int = 100) -> list[OutboundEvent]:
        """Events that nobody was told of yet, the oldest first."""
        asked = select(outbound).where(NOT_ADDRESSED).order_by(outbound.c.number).limit(limit)
        with self._database.reading() as connection:
            return [_event(row) for row in connection.execute(asked).mappings()]

    def address(self, event: OutboundEvent, body: bytes, targets: Sequence[str]) -> None:
        """Sends an event, with its body, on its way to these targets; once, whoever else tries the same."""
        now = self._now().isoformat()
        with self._database.writing() as connection:
            sent = outbound.update().where(outbound.c.id == event.id, NOT_ADDRESSED)
            kept = sealed_one(connection, event.candidate_id or None, body)
            if not connection.execute(sent, {"state": "sent", "body": kept}).rowcount or not targets:
                return
            row = {"event": event.number, "flow": event.flow, "state": "waiting", "tries": 0, "due_at": now}
            connection.execute(deliveries.insert(), [row | {"target": each} for each in targets])

    def claim(self, who: str, limit: int = 20) -> list[Delivery]:
        """Deliveries that are due, for `who` to make within two minutes. One waits while an earlier one to the same
        target, of the same submission, does.
        """
        now = self._now()
        earlier = deliveries.alias()
        is_first = ~exists().where(
            earlier.c.target == deliveries.c.target,
            earlier.c.flow == deliveries.c.flow,
            earlier.c.event < deliveries.c.event,
            earlier.c.state == "waiting",
        )
        asked = (
            select(deliveries.c.event, deliveries.c.target)
            .where(deliveries.c.state == "waiting", deliveries.c.due_at <= now.isoformat(), is_first)
            .order_by(deliveries.c.due_at)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        claimed = []
        with self._database.writing() as connection:
            for event, target in connection.execute(asked).all():
                one = and_(deliveries.c.event == event, deliveries.c.target == target)
                held = {"due_at": (now + _CLAIM).isoformat(), "claimed_by": who, "tries": deliveries.c.tries + 1}
                tries = connection.scalar(deliveries.update().where(one).values(held).returning(deliveries.c.tries))
                row = connection.execute(select(outbound).where(outbound.c.number == event)).mappings().one()
                claimed.append(Delivery(_event(row), target, int(tries or 0)))
        return claimed

    def release(self, who: Iterable[str]) -> int:
        """Has others make the deliveries that these claimed and will not make any more; how many there were."""
        theirs = (deliveries.c.state == "waiting", deliveries.c.claimed_by.in_(list(who)))
        free = {"due_at": self._now().isoformat(), "claimed_by": None}
        with self._database.writing() as connection:
            return connection.execute(deliveries.update().where(*theirs).values(free)).rowcount

    def delivered(self, delivery: Delivery) -> None:
        """It arrived."""
        self._settle(delivery, {"state": "delivered", "reason": None, "settled_at": self._now().isoformat()})

    def failed(self, delivery: Delivery, reason: str, *, again: bool, retry_after: float | None = None) -> None:
        """It did not arrive: it is tried again, at longer and longer intervals for three days, or given up."""
        now = self._now()
        is_over = now - datetime.fromisoformat(delivery.event.made_at) > GIVE_UP_AFTER
        if is_over or not again:
            self._settle(delivery, {"state": "dead", "reason": reason, "settled_at": now.isoformat()})
            return
        wait = min(_LONGEST_WAIT, max(_FIRST_WAIT * 2 ** min(delivery.tries - 1, 20), retry_after or 0.0))
        due = (now + timedelta(seconds=wait)).isoformat()
        self._settle(delivery, {"due_at": due, "reason": reason, "claimed_by": None})

    def dead(self, limit: int = 100) -> list[DeadLetter]:
        """Deliveries that were given up, the oldest first."""
        asked = (
            select(
                outbound.c.id,
                outbound.c.kind,
                deliveries.c.target,
                deliveries.c.tries,
                deliveries.c.reason,
                outbound.c.made_at,
            )
            .join(outbound, outbound.c.number == deliveries.c.event)
            .where(deliveries.c.state == "dead")
            .order_by(deliveries.c.event)
            .limit(limit)
        )  # fmt: skip
        with self._database.reading() as connection:
            return [DeadLetter(*row) for row in connection.execute(asked)]

    def replay(self, event_ids: Sequence[str] | None = None) -> int:
        """Has dead letters delivered after all: these, or all of them. How many there were."""
        dead = deliveries.c.state == "dead"
        if event_ids is not None:
            named = select(outbound.c.number).where(outbound.c.id.in_(list(event_ids)))
            dead = and_(dead, deliveries.c.event.in_(named))
        now = self._now().isoformat()
        with self._database.writing() as connection:
            events = list(connection.scalars(select(deliveries.c.event).where(dead)))
            # Three days begin anew.
            connection.execute(outbound.update().where(outbound.c.number.in_(events)), {"made_at": now})
            values = {"state": "waiting", "due_at": now, "tries": 0, "settled_at": None}
            return connection.execute(deliveries.update().where(dead), values).rowcount

    def counts(self) -> Mapping[str, int]:
        """How many deliveries there are in each state, and events that are not addressed yet (`made`)."""
        by_state = select(deliveries.c.state, func.count()).group_by(deliveries.c.state)
        with self._database.reading() as connection:
            found = {state: count for state, count in connection.execute(by_state)}  # noqa: C416 rows are no pairs
            made = connection.scalar(select(func.count()).where(NOT_ADDRESSED)) or 0
        return found | {"made": made}

    def _settle(self, delivery: Delivery, values: Mapping[str, object]) -> None:
        # By its id: SQLite gives the number of an event whose run was deleted to the next one.
        number = select(outbound.c.number).where(outbound.c.id == delivery.event.id).scalar_subquery()
        one = and_(
            deliveries.c.event == number,
            deliveries.c.target == delivery.target,
            deliveries.c.state == "waiting",
        )
        with self._database.writing() as connection:
            connection.execute(deliveries.update().where(one).values(values))


def erase_outbound(connection: Connection, candidate_id: str) -> int:
    """Takes out what a candidate's events say; what was on its way does not go. How many events there were."""
    # What is of no run is of no candidate, whatever somebody's id is.
    theirs = (outbound.c.candidate_id == candidate_id) & outbound.c.run.is_not(None)
    numbers = list(connection.scalars(select(outbound.c.number).where(theirs)))
    connection.execute(deliveries.delete().where(deliveries.c.event.in_(numbers)))
    emptied = {"candidate_id": "", "answer_id": None, "body": None, "state": "erased"}
    connection.execute(outbound.update().where(outbound.c.number.in_(numbers)), emptied)
    return len(numbers)


def delete_outbound(connection: Connection, run: int) -> None:
    """Deletes the events of a run that is deleted: what they tell of is gone, and what was on its way does not go."""
    of_run = select(outbound.c.number).where(outbound.c.run == run)
    connection.execute(deliveries.delete().where(deliveries.c.event.in_(of_run)))
    connection.execute(outbound.delete().where(outbound.c.run == run))


def _new_id() -> str:
    return f"msg_{secrets.token_hex(13)}"


def _event(row: RowMapping) -> OutboundEvent:
    return OutboundEvent(**{name: row[name] for name in OutboundEvent.__slots__})
