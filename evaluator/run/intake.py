"""From an event in the inbox to a submission: read, fetched where it has no answers, mapped, or held back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from evaluator.ats.connection import Connection, Connections
from evaluator.ats.delivery import Delivery
from evaluator.ats.event import Application, AtsEvent
from evaluator.ats.mapping import Unmapped, map_answers
from evaluator.ats.strict_json import UnreadableJsonError
from evaluator.core.assessment import ORDERED
from evaluator.core.identity import Identity, with_id
from evaluator.core.inbox_event import InboxEvent, InboxState
from evaluator.core.question_map import QuestionMap, chosen_map
from evaluator.core.questionnaire import Questionnaire
from evaluator.core.submission import NewSubmission
from evaluator.core.tenant import stored_candidate
from evaluator.errors import AtsRefusedError
from evaluator.store.assessments import announce_ordered
from evaluator.store.inbox import Inbox

Erase = Callable[[str], Mapping[str, int]]
"""Erases a candidate, by the store's id; how many records of each kind there were. Safe to call again."""


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of an event, and the submission that it made."""

    state: InboxState
    submission_id: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class _Held:
    """An event that a person has to look at, or that nothing is to be made of."""

    state: InboxState
    reason: str
    detail: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Known:
    """A submission that is there already, and that an event asks for."""

    submission_id: str


class Intake:
    """Settles events, each once, whoever else tries the same."""

    def __init__(
        self,
        inbox: Inbox,
        connections: Connections,
        questionnaire: Callable[[str], Questionnaire],
        erase: Erase,
        erased_at: Callable[[str], str | None],
    ) -> None:
        """`questionnaire` finds the one that a question map names. `erased_at` says when a candidate was erased."""
        self._inbox = inbox
        self._connections = connections
        self._questionnaire = questionnaire
        self._erase = erase
        self._erased_at = erased_at

    async def settle(self, event_id: str) -> Settled:
        """Makes of an event what it asks for; safe to call twice, and at once from two places.

        Raises AtsUnavailableError where the ATS does not answer now: the event waits on.
        """
        event = await asyncio.to_thread(self._inbox.find, event_id)
        if event is None:
            return Settled("erased")
        if event.state != "received":
            return Settled(event.state, event.submission, event.reason)
        made = await self._make(event)
        also = partial(announce_ordered, ordered=event.event_id) if event.kind == ORDERED else None
        if isinstance(made, NewSubmission):
            submitted = await asyncio.to_thread(self._inbox.make_submission, event_id, made, also)
            if submitted is not None:
                return Settled("mapped", submitted.id)
        elif isinstance(made, _Known):
            if await asyncio.to_thread(self._inbox.settle_with, event_id, made.submission_id, also):
                return Settled("mapped", made.submission_id)
        elif await asyncio.to_thread(
            lambda: self._inbox.settle(event_id, made.state, reason=made.reason or None, detail=made.detail)
        ):
            return Settled(made.state, None, made.reason)
        # Another one was quicker.
        event = await asyncio.to_thread(self._inbox.find, event_id)
        return Settled("erased") if event is None else Settled(event.state, event.submission, event.reason)

    def give_up(self, event_id: str, reason: str) -> None:
        """Puts an event that could not be settled in the quarantine, from where it can be replayed."""
        self._inbox.settle(event_id, "quarantined", reason=reason)

    async def _make(self, event: InboxEvent) -> NewSubmission | _Known | _Held:
        connection = self._connections.get((event.tenant, event.source))
        if connection is None:
            return _Held("quarantined", "source_not_configured")
        try:
            read = connection.source.read(_delivery(event))
        except UnreadableJsonError as error:
            return _Held("quarantined", "unreadable", (str(error),))
        try:
            if read.purpose == "erase":
                return await self._obey_erasure(connection, read)
            if read.purpose == "merge":
                known = event.candidate_id is not None and read.survivor not in (None, read.candidate)
                return _Held("done", "") if known else _Held("quarantined", "merge_unclear")
            return await self._submission(connection, read, is_ordered=event.kind == ORDERED)
        except AtsRefusedError as error:
            return _Held("quarantined", "refused_by_source", (error.message,))

    async def _obey_erasure(self, connection: Connection, read: AtsEvent) -> _Held:
        if read.candidate is None:
            return _Held("quarantined", "no_candidate")
        if not connection.source.erasure_is_signed:
            api = connection.api()
            if api is None:
                return _Held("quarantined", "erasure_not_confirmed")
            async with api:
                if await connection.source.fetch(api, read) is not None:
                    return _Held("quarantined", "erasure_not_confirmed")
        candidate = stored_candidate(connection.tenant, connection.candidate(read.candidate))
        for each in [candidate, *await asyncio.to_thread(self._inbox.merged_into, candidate)]:
            await asyncio.to_thread(self._erase, each)
        return _Held("done", "")

    async def _submission(
        self, connection: Connection, read: AtsEvent, *, is_ordered: bool
    ) -> NewSubmission | _Known | _Held:
        source = connection.source
        application = source.application(read)
        if application is None:
            api = connection.api()
            if api is None:
                # Whose answers are pushed are ordered without being fetched.
                known = await asyncio.to_thread(self._known, connection, read) if is_ordered else None
                return known or _Held("quarantined", "no_api_key")
            async with api:
                application = await source.fetch(api, read)
        if application is None:
            return _Held("quarantined", "not_found_at_source")
        candidate = stored_candidate(connection.tenant, connection.candidate(application.candidate))
        if await asyncio.to_thread(self._is_of_before, read, candidate):
            # A deletion overtook it on the way here: what it tells of was to be forgotten.
            await asyncio.to_thread(self._erase, candidate)
            return _Held("erased", "")
        question_map = chosen_map(list(connection.maps), application.job or read.job)
        if question_map is None:
            return _Held("ignored", "job_not_connected")
        questionnaire = self._questionnaire(question_map.questionnaire)
        who = application.identity or read.identity or await _who(connection, application.candidate)
        return _mapped(connection, application, question_map, questionnaire, who)

    def _known(self, connection: Connection, read: AtsEvent) -> _Known | None:
        place = (connection.tenant, connection.source.name)
        found = None if read.application is None else self._inbox.submission_of(place, read.application)
        return None if found is None else _Known(found)

    def _is_of_before(self, read: AtsEvent, candidate: str) -> bool:
        """Whether an event tells of something that happened before its candidate was erased."""
        happened = _time(read.occurred_at)
        erased_at = None if happened is None else self._erased_at(candidate)
        return happened is not None and erased_at is not None and happened <= datetime.fromisoformat(erased_at)


async def _who(connection: Connection, candidate: str) -> Identity | None:
    """Who a candidate is, asked for where nothing said it: a grader must not read it in the answers."""
    api = connection.api()
    if api is None:
        return None
    async with api:
        return await connection.source.who(api, candidate)


def _time(written: str | None) -> datetime | None:
    """A time that a source gives; None where it is none, or does not say of which zone."""
    try:
        at = None if written is None else datetime.fromisoformat(written)
    except ValueError:
        return None
    return at if at is not None and at.tzinfo is not None else None


def _mapped(
    connection: Connection,
    application: Application,
    question_map: QuestionMap,
    questionnaire: Questionnaire,
    known: Identity | None,
) -> NewSubmission | _Held:
    answers = map_answers(application, question_map, questionnaire)
    if isinstance(answers, Unmapped):
        return _Held("quarantined", answers.reason, answers.questions)
    context: Mapping[str, str] = {"candidate": application.candidate, **application.context}
    new = NewSubmission(
        source=connection.source.name,
        idempotency_key="",
        candidate_id=connection.candidate(application.candidate),
        questionnaire=question_map.questionnaire,
        answers=answers,
        tenant=connection.tenant,
        application_id=application.application,
        job=application.job,
        context=context,
        identity=with_id(known, application.candidate),
    )
    # The same answers in the same application are one submission, however many events tell of them.
    return new.with_key(f"content:{new.content_sha256}")


def _delivery(event: InboxEvent) -> Delivery:
    return Delivery(event.headers, event.body or b"", datetime.fromisoformat(event.received_at))
