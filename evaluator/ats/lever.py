"""Lever: a signature inside the JSON that covers only a token and a time; everything else is fetched."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

from evaluator.ats.ats_api import AtsApi
from evaluator.ats.delivery import Delivery, Refusal, Reply
from evaluator.ats.event import Application, AtsAnswer, AtsEvent, Purpose
from evaluator.ats.identity import identity_of, values_of
from evaluator.ats.payload import answer_text, first_id, id_at, objects_at, text_at, value_at
from evaluator.ats.signatures import Secrets, hex_signed, is_recent
from evaluator.ats.strict_json import UnreadableJsonError, read_object
from evaluator.core.identity import Identity

# A delivery that failed comes again hours later with the time of the first one; its token is remembered for longer.
WINDOW = timedelta(hours=24)
_PURPOSES: dict[str, Purpose] = {
    "applicationCreated": "submit",
    "candidateDeleted": "erase",
}
_TEXT = frozenset({"text", "textarea"})


class Lever:
    """https://hire.lever.co/developer/documentation#webhooks"""

    name = "lever"
    acknowledge = 200
    api_url: str | None = "https://api.lever.co"
    hosts: Sequence[str] = ("api.lever.co", "api.eu.lever.co")
    reads: Sequence[str] = ()
    erasure_is_signed = False

    def handshake(self, delivery: Delivery) -> Reply | None:
        """There is none: the test event is signed like every event."""
        del delivery
        return None

    def check(self, delivery: Delivery, secrets: Secrets) -> Refusal | None:
        """`signature` in the body: hex HMAC-SHA256 of `token` and `triggeredAt`, one after the other."""
        try:
            body = read_object(delivery.body)
        except UnreadableJsonError:
            return "unreadable"
        token, at, signature = text_at(body, "token"), id_at(body, "triggeredAt") or "", text_at(body, "signature")
        if not signature:
            return "signature_missing"
        if not token or not hex_signed(f"{token}{at}".encode("utf-8", "replace"), [signature], secrets):
            return "signature_wrong"
        if at.startswith("0"):
            # Nothing parts token and time: zeros at a token's end, moved over, would make it a new event.
            return "signature_wrong"
        return None if is_recent(at[:-3], delivery.at, WINDOW) else "too_old"  # milliseconds

    def read(self, delivery: Delivery) -> AtsEvent:
        """The token makes an event known. `data` is not signed: it names what to fetch, and is believed no further."""
        body = read_object(delivery.body)
        data = value_at(body, "data")
        kind = text_at(body, "event")
        return AtsEvent(
            id=text_at(body, "token"),
            kind=kind,
            purpose=_PURPOSES.get(kind, "other") if data else "test",
            content=text_at(body, "token").encode("utf-8", "replace"),
            candidate=first_id(data, ("opportunityId",), ("candidateId",)),
            application=first_id(data, ("applicationId",)),
            payload=data if isinstance(data, Mapping) else {},
        )

    def application(self, event: AtsEvent) -> Application | None:
        """Never in the payload."""
        del event
        return None

    def answers_in(self, document: Mapping[str, Any]) -> tuple[AtsAnswer, ...]:
        """Wherever in the payload, or in the API's answer, they are."""
        return tuple(_answers(value_at(document, "data") or document))

    def authorization(self, key: str) -> Mapping[str, str]:
        """HTTP Basic with the key as the user."""
        return {"Authorization": "Basic " + base64.b64encode(f"{key}:".encode()).decode()}

    async def fetch(self, api: AtsApi, event: AtsEvent) -> Application | None:
        """The opportunity's application, or its newest one where the event names none."""
        if event.candidate is None:
            return None
        if event.purpose == "erase":
            found = await api.get("v1", "opportunities", event.candidate)
            return Application(event.candidate, ()) if found else None
        if event.application is not None:
            found = value_at(
                await api.get("v1", "opportunities", event.candidate, "applications", event.application), "data"
            )
        else:
            pages = api.pages_by_offset("v1", "opportunities", event.candidate, "applications")
            found = max([each async for each in pages], key=lambda each: value_at(each, "createdAt") or 0, default=None)
        if not isinstance(found, Mapping):
            return None
        return Application(
            event.candidate,
            tuple(_answers(found)),
            id_at(found, "id") or event.application,
            id_at(found, "posting") or id_at(found, "posting", "id"),
            {"opportunity": event.candidate},
            _identity(found),
        )

    async def who(self, api: AtsApi, candidate: str) -> Identity | None:
        """The opportunity."""
        return _identity(value_at(await api.get("v1", "opportunities", candidate), "data"))


def _identity(found: Any) -> Identity | None:
    return identity_of(
        names=[text_at(found, "name")],
        emails=[text_at(found, "email"), *values_of(found, "emails")],
        phones=[text_at(found, "phone"), text_at(found, "phone", "value"), *values_of(found, "phones")],
        links=values_of(found, "links"),
    )


def _answers(application: Any) -> Iterator[AtsAnswer]:
    for form in objects_at(application, "customQuestions"):
        for field in objects_at(form, "fields"):
            written = answer_text(field.get("value")) if text_at(field, "type") in _TEXT else None
            yield AtsAnswer(text_at(field, "text"), written, id_at(field, "id"))
