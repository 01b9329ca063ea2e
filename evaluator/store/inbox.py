"""The inbox: every genuine event of an ATS, kept before it is answered, once however often it is delivered."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, func, or_, select, update

from evaluator.core.inbox_event import InboxEvent, InboxState, NewEvent, Received
from evaluator.core.submission import NewSubmission
from evaluator.errors import StoreError
from evaluator.store.database import Database
from evaluator.store.many_rows import insert_into
from evaluator.store.schema import inbox, submissions
from evaluator.store.sealed_bytes import sealed, sealed_one
from evaluator.store.stored_text import stored_text
from evaluator.store.submission_rows import Submitted, insert_submission, is_of_application
from evaluator.store.writer import Writer

_PAGE = 200
_HELD = inbox.c.state == "quarantined"
_WAITS_AGAIN = {"state": "received", "reason": None, "detail": None, "settled_at": None}


@dataclass(slots=True)
class _Arrival:
    """An event that waits for the writer, and then what became of it."""

    event: NewEvent
    received: Received | None = None


class Inbox:
    """The events of all sources in one store."""

    def __init__(self, database: Database, writer: Writer) -> None:
        self._database = database
        self._writer = writer
        self._arrivals = writer.kind(self._receive_all, urgent=True)
        new = insert_into(database.engine.dialect.name, inbox)
        self._keep_new = new.on_conflict_do_nothing().returning(inbox.c.id)

    def receive(self, event: NewEvent) -> Received:
        """Keeps an event, or finds that it is kept: by its id, or by its content."""
        with self._database.writing() as connection:
            return self.receive_in(connection, event)

    async def receive_with_others(self, event: NewEvent) -> Received:
        """The same, in one transaction with what else arrives at the moment: a commit costs more than all else. Returns
        when it is committed. Raises StoreError.
        """
        arrival = _Arrival(event)
        try:
            await self._writer.written(self._arrivals, arrival, len(event.body))
        except StoreError:
            # It may have been another one's fault.
            return await asyncio.to_thread(self.receive, event)
        if arrival.received is None:
            raise AssertionError("what was written was received")
        return arrival.received

    def _receive_all(self, connection: Connection, arrivals: list[_Arrival]) -> None:
        for each in arrivals:
            each.received = self.receive_in(connection, each.event)

    def receive_in(self, connection: Connection, event: NewEvent) -> Received:
        """The same, in a transaction that is under way."""
        named = stored_text(event.event_id) or f"sha256:{event.content_sha256}"
        made = self._insert(connection, event, named)
        if made is not None:
            return Received(made, is_new=True)
        found = self._find_same(connection, event, named)
        if found["content_sha256"] != event.content_sha256 and not event.id_is_signed:
            # Anybody could have given another event's id to this one: only the content tells.
            made = self._insert(connection, event, f"{named}#{event.content_sha256[:16]}")
            if made is not None:
                return Received(made, is_new=True)
        return Received(found["id"], is_new=False)

    def find(self, event_id: str) -> InboxEvent | None:
        """The event with this id of ours."""
        with self._database.reading() as connection:
            row = connection.execute(select(inbox).where(inbox.c.id == stored_text(event_id))).mappings().first()
        return None if row is None else _record(row)

    def waiting(self, limit: int = _PAGE) -> list[str]:
        """Ids of events that nothing was made of yet, the oldest first."""
        asked = select(inbox.c.id).where(inbox.c.state == "received").order_by(inbox.c.number).limit(limit)
        with self._database.reading() as connection:
            return list(connection.scalars(asked))

    def in_state(
        self, state: InboxState, *, source: str | None = None, after: int = 0, limit: int = _PAGE
    ) -> list[InboxEvent]:
        """A page of the events in a state, the oldest first; `after` is the number of the last one seen."""
        asked = select(inbox).where(inbox.c.state == state, inbox.c.number > after)
        if source is not None:
            asked = asked.where(inbox.c.source == source)
        with self._database.reading() as connection:
            return [_record(row) for row in connection.execute(asked.order_by(inbox.c.number).limit(limit)).mappings()]

    def counts(self) -> Mapping[tuple[str, InboxState], int]:
        """How many events there are by source and state."""
        asked = select(inbox.c.source, inbox.c.state, func.count()).group_by(inbox.c.source, inbox.c.state)
        with self._database.reading() as connection:
            return {(source, state): count for source, state, count in connection.execute(asked)}

    def make_submission(
        self, event_id: str, new: NewSubmission, also: Callable[[Connection, str], None] | None = None
    ) -> Submitted | None:
        """What an event was mapped to, with the event's new state; None where it does not wait any more.

        `also` is carried out in the same transaction, with the submission's id.
        """
        with self._database.writing() as connection:
            if not self._settle(connection, event_id, state="mapped"):
                return None
            submitted = insert_submission(connection, new)
            values = {"submission": submitted.id, "candidate_id": stored_text(new.stored_candidate)}
            connection.execute(update(inbox).where(inbox.c.id == event_id).values(values))
            if also is not None:
                also(connection, submitted.id)
            return submitted

    def submission_of(self, place: tuple[str, str], application_id: str) -> str | None:
        """The newest submission of an application (the source's id); `place`: tenant and source. None without one."""
        asked = select(submissions.c.id).where(is_of_application(*place, application_id))
        with self._database.reading() as connection:
            return connection.scalar(asked.order_by(submissions.c.number.desc()).limit(1))

    def settle_with(
        self, event_id: str, submission_id: str, also: Callable[[Connection, str], None] | None = None
    ) -> bool:
        """Records that an event asks for a submission that is there; False where it does not wait any more. `also` as
        `make_submission` has it.
        """
        with self._database.writing() as connection:
            if not self._settle(connection, event_id, state="mapped"):
                return False
            connection.execute(update(inbox).where(inbox.c.id == event_id).values(submission=submission_id))
            if also is not None:
                also(connection, submission_id)
            return True

    def settle(
        self, event_id: str, state: InboxState, *, reason: str | None = None, detail: Sequence[str] = ()
    ) -> bool:
        """Records what became of an event that waits; False where it does not wait any more."""
        with self._database.writing() as connection:
            return self._settle(connection, event_id, state=state, reason=reason, detail=detail)

    def replay(self, event_ids: Sequence[str]) -> int:
        """Lets events of the quarantine wait again; how many there were."""
        with self._database.writing() as connection:
            return sum(
                connection.execute(update(inbox).where(_HELD, inbox.c.id == each).values(_WAITS_AGAIN)).rowcount
                for each in event_ids
            )

    def replay_all(self, source: str | None = None) -> int:
        """Lets all events of the quarantine (of a source) wait again; how many there were."""
        held = _HELD if source is None else _HELD & (inbox.c.source == source)
        with self._database.writing() as connection:
            return connection.execute(update(inbox).where(held).values(_WAITS_AGAIN)).rowcount

    def held(self) -> Mapping[str, int]:
        """How many events the quarantine holds, by source."""
        asked = select(inbox.c.source, func.count()).where(_HELD).group_by(inbox.c.source)
        with self._database.reading() as connection:
            return {source: count for source, count in connection.execute(asked)}  # noqa: C416 rows are no pairs

    def erase_held(self, event_id: str) -> bool:
        """Empties an event of the quarantine for good; False where it is not there. What stays is its hash, so that a
        redelivery is not taken for something new.
        """
        held = _HELD & (inbox.c.id == stored_text(event_id))
        emptied = {
            "state": "erased", "headers": b"{}", "body": None, "detail": None, "reason": None, "candidate_id": None,
            "survivor_id": None,
        }  # fmt: skip
        with self._database.writing() as connection:
            return connection.execute(update(inbox).where(held).values(emptied)).rowcount == 1

    def merged_into(self, candidate_id: str) -> list[str]:
        """The candidates whom the source took for one with this one, and who are known by other ids here."""
        found: list[str] = []
        following = [candidate_id]
        with self._database.reading() as connection:
            while following:
                asked = select(inbox.c.candidate_id).where(
                    inbox.c.purpose == "merge",
                    inbox.c.survivor_id == following.pop(),
                    inbox.c.candidate_id.is_not(None),
                )
                new = [each for each in connection.scalars(asked) if each not in found and each != candidate_id]
                found += new
                following += new
        return found

    def _insert(self, connection: Connection, event: NewEvent, named: str) -> str | None:
        made = f"evt_{secrets.token_hex(13)}"
        state: InboxState = "received" if event.reason is None else "quarantined"
        candidate = None if event.candidate_id is None else stored_text(event.candidate_id)
        headers, body = sealed(
            connection, [(candidate, json.dumps(dict(event.headers)).encode()), (candidate, event.body)]
        )
        row = {
            "id": made,
            "tenant": event.tenant,
            "source": event.source,
            "event_id": named,
            "content_sha256": event.content_sha256,
            "kind": stored_text(event.kind),
            "purpose": event.purpose,
            "headers": headers,
            "body": body,
            "candidate_id": candidate,
            "survivor_id": None if event.survivor_id is None else stored_text(event.survivor_id),
            "state": state,
            "reason": event.reason,
            "attempts": 0,
            "received_at": _now(),
        }
        # The row as parameters: the statement itself is compiled once.
        return connection.execute(self._keep_new, row).scalar()

    def _find_same(self, connection: Connection, event: NewEvent, named: str) -> RowMapping:
        same = or_(inbox.c.event_id == named, inbox.c.content_sha256 == event.content_sha256)
        asked = select(inbox.c.id, inbox.c.content_sha256).where(
            inbox.c.tenant == event.tenant, inbox.c.source == event.source, same
        )
        # The one with the same content first: it is the same for certain.
        rows = connection.execute(asked).mappings().all()
        return max(rows, key=lambda row: row["content_sha256"] == event.content_sha256)

    def _settle(
        self, connection: Connection, event_id: str, *, state: InboxState, reason: str | None = None,
        detail: Sequence[str] = (),
    ) -> bool:  # fmt: skip
        values = {
            "state": state,
            "reason": reason,
            "detail": sealed_one(connection, None, json.dumps(list(detail)).encode()) if detail else None,
            "settled_at": _now(),
            "attempts": inbox.c.attempts + 1,
        }
        waits = (inbox.c.id == event_id) & (inbox.c.state == "received")
        return connection.execute(update(inbox).where(waits).values(values)).rowcount == 1


def _record(row: RowMapping) -> InboxEvent:
    kept: dict[str, Any] = {
        name: row[name]
        for name in (
            "number", "id", "tenant", "source", "event_id", "kind", "purpose", "body", "candidate_id", "state",
            "reason", "submission", "received_at", "settled_at",
        )
    }  # fmt: skip
    return InboxEvent(
        **kept,
        headers=json.loads(row["headers"] or b"{}"),
        detail=tuple(json.loads(row["detail"] or b"[]")),
    )


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
