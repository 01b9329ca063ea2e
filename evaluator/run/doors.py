"""The doors that an ATS rings at: a delivery is checked, kept and answered; nothing else happens before the answer."""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from evaluator.ats.connection import Connection, Connections, connection_name
from evaluator.ats.delivery import Delivery, Refusal
from evaluator.ats.event import AtsEvent
from evaluator.ats.strict_json import UnreadableJsonError
from evaluator.core.inbox_event import NewEvent, StoredPurpose
from evaluator.core.tenant import stored_candidate
from evaluator.store.inbox import Inbox

_LOG = logging.getLogger("evaluator.doors")

DoorOutcome = Literal["received", "duplicate", "quarantined", "ignored", "test", "handshake", "refused", "no_such_door"]

_REFUSED: dict[Refusal, int] = {"signature_missing": 401, "signature_wrong": 401, "too_old": 401, "unreadable": 400}
_LONG = 50_000  # bytes: what is longer is checked and read beside the other deliveries
_KEPT: dict[str, StoredPurpose] = {"submit": "submit", "erase": "erase", "merge": "merge"}


@dataclass(frozen=True, slots=True)
class Answered:
    """What to answer a delivery: the status, what was done, and the event's id where one is kept."""

    status: int
    outcome: DoorOutcome
    event_id: str | None = None
    reason: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


class Doors:
    """All webhooks of a service. It waits for the store, and for nothing else."""

    def __init__(self, connections: Connections, inbox: Inbox, rung: Callable[[str], None] = lambda _: None) -> None:
        """`rung` is told the id of an event that waits, after it is kept; it may do nothing, and must be quick."""
        self._connections = connections
        self._inbox = inbox
        self._rung = rung

    async def answer(self, tenant: str, source: str, delivery: Delivery) -> Answered:
        """Checks a delivery, keeps its event once, and says what to answer.

        Raises StoreError where it cannot be kept: the source has to deliver it again.
        """
        connection = self._connections.get((tenant, source))
        if connection is None or not connection.secrets:
            return Answered(404, "no_such_door")
        if len(delivery.body) > _LONG:
            checked = await asyncio.to_thread(_checked, connection, delivery)
        else:
            # Sooner done than a thread is woken.
            checked = _checked(connection, delivery)
        answered = checked if isinstance(checked, Answered) else await self._keep(connection, checked)
        level = logging.WARNING if answered.outcome == "refused" else logging.INFO
        said = answered.reason if answered.outcome == "refused" else answered.event_id
        _LOG.log(level, "delivery %s: %s %s", answered.outcome, connection_name(tenant, source), said or "-")
        return answered

    async def _keep(self, connection: Connection, new: NewEvent) -> Answered:
        code = connection.source.acknowledge
        received = await self._inbox.receive_with_others(new)
        if not received.is_new:
            return Answered(code, "duplicate", received.id)
        if new.reason is not None:
            return Answered(code, "quarantined", received.id, new.reason)
        self._rung(received.id)
        return Answered(code, "received", received.id)


def _checked(connection: Connection, delivery: Delivery) -> Answered | NewEvent:
    """What to keep of a delivery, or what to answer where nothing is to be kept."""
    handshake = connection.source.handshake(delivery)
    if handshake is not None:
        return Answered(handshake.status, "handshake", headers=handshake.headers)
    refusal = connection.source.check(delivery, connection.secrets)
    if refusal is not None:
        return Answered(_REFUSED[refusal], "refused", reason=refusal)
    new = _new_event(connection, delivery)
    if isinstance(new, str):
        return Answered(connection.source.acknowledge, "test" if new == "test" else "ignored")
    return new


def _new_event(connection: Connection, delivery: Delivery) -> NewEvent | Literal["test", "other"]:
    """What to keep of a genuine delivery; of one that asks for nothing, nothing."""
    source, tenant = connection.source, connection.tenant
    headers = {name: delivery.header(name) for name in source.reads}
    try:
        event = source.read(delivery)
    except UnreadableJsonError:
        # It is genuine, and would be no better another time: refused, it would come again and again, and be lost.
        digest = hashlib.sha256(delivery.body).hexdigest()
        return NewEvent(
            tenant, source.name, "", False, digest, "", "unreadable", delivery.body, headers, reason="unreadable"
        )  # fmt: skip
    if event.purpose not in _KEPT:
        return "test" if event.purpose == "test" else "other"
    return NewEvent(
        tenant=tenant,
        source=source.name,
        event_id=event.id,
        id_is_signed=event.id_is_signed,
        content_sha256=hashlib.sha256(event.content).hexdigest(),
        kind=event.kind,
        purpose=_KEPT[event.purpose],
        body=delivery.body,
        headers=headers,
        candidate_id=_stored(connection, event.candidate),
        survivor_id=_stored(connection, event.survivor) if event.purpose == "merge" else None,
        reason=_unclear(connection, event),
    )


def _stored(connection: Connection, candidate: str | None) -> str | None:
    if candidate is None:
        return None
    try:
        return stored_candidate(connection.tenant, connection.candidate(candidate))
    except ValueError:
        return None


def _unclear(connection: Connection, event: AtsEvent) -> str | None:
    """Why a person has to look at an event, where its payload alone says so."""
    if event.candidate is None:
        # An application can be fetched without the candidate's id; nobody can be erased without it.
        return None if event.purpose == "submit" and event.application is not None else "no_candidate"
    return "candidate_id" if _stored(connection, event.candidate) is None else None
