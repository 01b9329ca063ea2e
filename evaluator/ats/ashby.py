"""Ashby: webhooks signed over the raw body, answers pushed with a survey or fetched with the application."""

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
    "applicationSubmit": "submit",
    "surveySubmit": "submit",
    "candidateDelete": "erase",
    "candidateMerge": "merge",
    "ping": "test",
}
_TEXT = frozenset({"String", "LongText", "RichText"})


class Ashby:
    """https://developers.ashbyhq.com/docs/setting-up-webhooks"""

    name = "ashby"
    acknowledge = 200
    api_url: str | None = "https://api.ashbyhq.com"
    hosts: Sequence[str] = ("api.ashbyhq.com",)
    reads: Sequence[str] = ()
    erasure_is_signed = True

    def handshake(self, delivery: Delivery) -> Reply | None:
        """There is none: the ping is signed like every event."""
        del delivery
        return None

    def check(self, delivery: Delivery, secrets: Secrets) -> Refusal | None:
        """`Ashby-Signature: sha256=<hex>`, over the body as it came."""
        algorithm, _, signature = delivery.header("ashby-signature").strip().partition("=")
        if not signature:
            return "signature_missing"
        genuine = algorithm.lower() == "sha256" and hex_signed(delivery.body, [signature], secrets)
        return None if genuine else "signature_wrong"

    def read(self, delivery: Delivery) -> AtsEvent:
        """`webhookActionId` stays the same over retries; one action may cause events of several kinds."""
        body = read_object(delivery.body)
        action = text_at(body, "action")
        data = value_at(body, "data")
        identity = first_id(body, ("webhookActionId",), ("data", "webhookActionId"))
        return AtsEvent(
            id=f"{identity}:{action}" if identity else "",
            kind=action,
            purpose=_PURPOSES.get(action, "other"),
            content=delivery.body,
            candidate=first_id(
                data,
                ("mergedCandidate", "id"),
                ("mergedCandidateId",),
                ("surveySubmission", "candidateId"),
                ("surveySubmission", "candidate", "id"),
                ("application", "candidate", "id"),
                ("application", "candidateId"),
                ("candidate", "id"),
                ("candidateId",),
            ),
            survivor=first_id(
                data,
                ("primaryCandidate", "id"),
                ("survivingCandidate", "id"),
                ("candidate", "id"),
                ("primaryCandidateId",),
                ("candidateId",),
            ),
            application=first_id(
                data,
                ("surveySubmission", "applicationId"),
                ("surveySubmission", "application", "id"),
                ("application", "id"),
                ("applicationId",),
            ),
            job=first_id(data, ("application", "job", "id"), ("application", "jobId")),
            occurred_at=text_at(data, "application", "createdAt") or None,
            identity=next(
                (
                    known
                    for path in (("application", "candidate"), ("surveySubmission", "candidate"), ("candidate",))
                    if (known := _identity(value_at(data, *path))) is not None
                ),
                None,
            ),
            payload=data if isinstance(data, Mapping) else {},
        )

    def application(self, event: AtsEvent) -> Application | None:
        """A survey's answers are in its payload."""
        survey = value_at(event.payload, "surveySubmission")
        if event.candidate is None or not isinstance(value_at(survey, "submittedValues"), Mapping):
            return None
        return Application(event.candidate, tuple(_answers(survey)), event.application, event.job)

    def answers_in(self, document: Mapping[str, Any]) -> tuple[AtsAnswer, ...]:
        """Wherever in the payload, or in the API's answer, they are."""
        forms = [value_at(document, "data", "surveySubmission"), document]
        forms += list(objects_at(document, "results", "applicationFormSubmissions"))
        return tuple(answer for form in forms for answer in _answers(form))

    def authorization(self, key: str) -> Mapping[str, str]:
        """HTTP Basic with the key as the user; the version is part of what may be asked."""
        authorization = "Basic " + base64.b64encode(f"{key}:".encode()).decode()
        return {"Authorization": authorization, "Accept": "application/json; version=1"}

    async def fetch(self, api: AtsApi, event: AtsEvent) -> Application | None:
        """`application.info` with the submissions of its form."""
        if event.application is None:
            return None
        asked = {"applicationId": event.application, "expand": ["applicationFormSubmissions"]}
        answer = await api.post("application.info", body=asked)
        found = value_at(answer, "results")
        if value_at(answer, "success") is not True or not isinstance(found, Mapping):
            return None
        candidate = first_id(found, ("candidate", "id"), ("candidateId",)) or event.candidate
        if candidate is None:
            return None
        answers = [each for form in objects_at(found, "applicationFormSubmissions") for each in _answers(form)]
        known = _identity(value_at(found, "candidate"))
        return Application(candidate, tuple(answers), event.application, id_at(found, "job", "id"), identity=known)

    async def who(self, api: AtsApi, candidate: str) -> Identity | None:
        """`candidate.info`"""
        return _identity(value_at(await api.post("candidate.info", body={"id": candidate}), "results"))


def _identity(candidate: Any) -> Identity | None:
    return identity_of(
        names=[text_at(candidate, name) for name in ("name", "firstName", "lastName")],
        emails=[text_at(candidate, "primaryEmailAddress", "value"), *values_of(candidate, "emailAddresses")],
        phones=[text_at(candidate, "primaryPhoneNumber", "value"), *values_of(candidate, "phoneNumbers")],
        links=values_of(candidate, "socialLinks"),
    )


def _answers(form: Any) -> Iterator[AtsAnswer]:
    """The fields of a form's definition, with what was submitted under each one's path."""
    submitted = value_at(form, "submittedValues")
    for section in objects_at(form, "formDefinition", "sections"):
        for each in objects_at(section, "fields"):
            field = each.get("field", each)
            path = text_at(field, "path")
            if isinstance(submitted, Mapping) and path in submitted:
                written = answer_text(submitted[path]) if text_at(field, "type") in _TEXT else None
                yield AtsAnswer(text_at(field, "title"), written, path)
