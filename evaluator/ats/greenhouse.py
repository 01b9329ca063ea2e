"""Greenhouse: webhooks signed over the raw body, answers from the Harvest API."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from evaluator.ats.ats_api import AtsApi
from evaluator.ats.delivery import Delivery, Refusal, Reply
from evaluator.ats.event import Application, AtsAnswer, AtsEvent, Purpose
from evaluator.ats.identity import identity_of, values_of
from evaluator.ats.payload import answer_text, first_id, id_at, objects_at, text_at, value_at
from evaluator.ats.signatures import Secrets, hex_signed
from evaluator.ats.strict_json import read_object
from evaluator.core.identity import Identity

_PURPOSES: dict[str, Purpose] = {
    "new_candidate_application": "submit",
    "application_updated": "submit",
    "candidate_stage_change": "submit",
    "delete_candidate": "erase",
    "candidate_anonymized": "erase",
    "candidate_merged": "merge",
    "ping": "test",
}


class Greenhouse:
    """https://developers.greenhouse.io/webhooks.html"""

    name = "greenhouse"
    acknowledge = 200
    api_url: str | None = "https://harvest.greenhouse.io"
    hosts: Sequence[str] = ("harvest.greenhouse.io",)
    reads: Sequence[str] = ("greenhouse-event-id",)
    erasure_is_signed = True

    def handshake(self, delivery: Delivery) -> Reply | None:
        """There is none: the ping is signed like every event."""
        del delivery
        return None

    def check(self, delivery: Delivery, secrets: Secrets) -> Refusal | None:
        """`Signature: sha256 <hex>`, over the body as it came: its `\\u003c` escapes are part of what is signed."""
        algorithm, _, signature = delivery.header("signature").strip().partition(" ")
        if not signature:
            return "signature_missing"
        genuine = algorithm.lower() == "sha256" and hex_signed(delivery.body, [signature], secrets)
        return None if genuine else "signature_wrong"

    def read(self, delivery: Delivery) -> AtsEvent:
        """`Greenhouse-Event-ID` is not signed, and there is no timestamp: the body is what makes an event known."""
        body = read_object(delivery.body)
        action = text_at(body, "action")
        payload = value_at(body, "payload")
        return AtsEvent(
            id=delivery.header("greenhouse-event-id").strip(),
            kind=action,
            purpose=_PURPOSES.get(action, "other" if action else "test"),
            content=delivery.body,
            id_is_signed=False,
            candidate=first_id(
                payload,
                ("application", "candidate", "id"),
                ("application", "candidate_id"),
                ("candidate", "id"),
                ("candidate_id",),
                ("person_id",),
                ("person", "id"),
                ("merged_candidate", "id"),
            ),
            survivor=first_id(payload, ("primary_candidate", "id"), ("surviving_candidate", "id")),
            application=first_id(payload, ("application", "id"), ("application_id",)),
            job=_job(value_at(payload, "application")),
            occurred_at=text_at(payload, "application", "applied_at") or None,
            identity=_identity(value_at(payload, "application", "candidate") or value_at(payload, "candidate")),
            payload=payload if isinstance(payload, Mapping) else {},
        )

    def application(self, event: AtsEvent) -> Application | None:
        """The documented payloads have no answers; where one does, nothing is fetched."""
        found = value_at(event.payload, "application")
        if event.candidate is None or not isinstance(value_at(found, "answers"), list):
            return None
        return _application(found, event.candidate, event.application)

    def answers_in(self, document: Mapping[str, Any]) -> tuple[AtsAnswer, ...]:
        """Wherever in the payload, or in the API's answer, they are."""
        return tuple(_answers(value_at(document, "payload", "application") or document))

    def authorization(self, key: str) -> Mapping[str, str]:
        """HTTP Basic with the key as the user."""
        return {"Authorization": "Basic " + base64.b64encode(f"{key}:".encode()).decode()}

    async def fetch(self, api: AtsApi, event: AtsEvent) -> Application | None:
        """Harvest: the application, or all of the candidate's where the event names none; the newest with answers."""
        if event.application is not None:
            found = await api.get("v1", "applications", event.application)
            candidate = id_at(found, "candidate_id") or event.candidate
            return _application(found, candidate, event.application) if found and candidate else None
        newest: Application | None = None
        async for each in api.pages_by_link("v1", "applications", query={"candidate_id": event.candidate or ""}):
            if event.candidate is not None and value_at(each, "answers"):
                newest = _application(each, event.candidate, id_at(each, "id"))
        return newest

    async def who(self, api: AtsApi, candidate: str) -> Identity | None:
        """Harvest: the candidate."""
        return _identity(await api.get("v1", "candidates", candidate))


def _job(application: Any) -> str | None:
    jobs = (id_at(job, "id") for job in objects_at(application, "jobs"))
    return next((job for job in jobs if job), id_at(application, "job_id"))


def _application(found: Any, candidate: str, application: str | None) -> Application:
    return Application(candidate, tuple(_answers(found)), application, _job(found))


def _identity(candidate: Any) -> Identity | None:
    return identity_of(
        names=[text_at(candidate, name) for name in ("first_name", "last_name", "preferred_name", "name")],
        emails=[text_at(candidate, "email"), *values_of(candidate, "email_addresses")],
        phones=[text_at(candidate, "phone_number"), *values_of(candidate, "phone_numbers")],
        links=[*values_of(candidate, "website_addresses"), *values_of(candidate, "social_media_addresses")],
        addresses=values_of(candidate, "addresses"),
    )


def _answers(application: Any) -> Iterator[AtsAnswer]:
    for each in objects_at(application, "answers"):
        yield AtsAnswer(text_at(each, "question"), answer_text(each.get("answer")), id_at(each, "question_id"))
