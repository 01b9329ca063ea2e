"""SmartRecruiters: a signature over the body and five headers, and answers fetched by candidate and job."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

from evaluator.ats.ats_api import AtsApi
from evaluator.ats.delivery import Delivery, Refusal, Reply
from evaluator.ats.event import Application, AtsAnswer, AtsEvent, Purpose
from evaluator.ats.identity import identity_of
from evaluator.ats.payload import answer_text, first_id, id_at, objects_at, text_at, value_at
from evaluator.ats.signatures import Secrets, hex_signed, is_recent
from evaluator.ats.strict_json import read_object
from evaluator.core.identity import Identity

# Whether a redelivery has a time of its own is not documented; its event id is signed, and remembered for longer.
WINDOW = timedelta(hours=24)
_PURPOSES: dict[str, Purpose] = {
    "application.screening-answers.created": "submit",
    "application.screening-answers.updated": "submit",
    "candidate.deleted": "erase",
}
_HOOK_SECRET = re.compile(r"[\x21-\x7e]{1,200}")
_SIGNED_HEADERS = ("event-id", "event-name", "event-version", "link")


class SmartRecruiters:
    """https://developers.smartrecruiters.com/docs/webhooks"""

    name = "smartrecruiters"
    acknowledge = 202
    api_url: str | None = "https://api.smartrecruiters.com"
    hosts: Sequence[str] = ("api.smartrecruiters.com",)
    reads: Sequence[str] = ("event-id", "event-name")
    erasure_is_signed = True

    def handshake(self, delivery: Delivery) -> Reply | None:
        """A subscription is activated by giving back `X-Hook-Secret`; such a request has no signature yet."""
        secret = delivery.header("x-hook-secret")
        if delivery.header("smartrecruiters-signature") or not _HOOK_SECRET.fullmatch(secret):
            return None
        return Reply(200, {"X-Hook-Secret": secret})

    def check(self, delivery: Delivery, secrets: Secrets) -> Refusal | None:
        """`v1=<hex>;v1=<hex>`: over time, body, event id, name, version and link, joined by dots."""
        given = [each.strip() for each in delivery.header("smartrecruiters-signature").split(";")]
        signatures = [each.removeprefix("v1=") for each in given if each.startswith("v1=")]
        if not signatures:
            return "signature_missing"
        at = delivery.header("smartrecruiters-timestamp")
        around = [delivery.header(name).encode("latin-1", "replace") for name in _SIGNED_HEADERS]
        message = b".".join([at.encode("latin-1", "replace"), delivery.body, *around])
        if not hex_signed(message, signatures, secrets):
            return "signature_wrong"
        return None if is_recent(at, delivery.at, WINDOW) else "too_old"

    def read(self, delivery: Delivery) -> AtsEvent:
        """Two changes of the same answers have the same body: only the event's id tells them apart."""
        body = read_object(delivery.body)
        name, identity = delivery.header("event-name"), delivery.header("event-id").strip()
        return AtsEvent(
            id=identity,
            kind=name,
            purpose=_PURPOSES.get(name, "other"),
            content=b".".join(
                [identity.encode("latin-1", "replace"), name.encode("latin-1", "replace"), delivery.body]
            ),
            candidate=first_id(body, ("candidate_id",), ("candidateId",)),
            application=first_id(body, ("application_id",), ("applicationId",)),
            job=first_id(body, ("job_id",), ("jobId",)),
            payload=body,
        )

    def application(self, event: AtsEvent) -> Application | None:
        """Never in the payload."""
        del event
        return None

    def answers_in(self, document: Mapping[str, Any]) -> tuple[AtsAnswer, ...]:
        """Wherever in the payload, or in the API's answer, they are."""
        return tuple(_answers(document))

    def authorization(self, key: str) -> Mapping[str, str]:
        """A key of the Customer API."""
        return {"X-SmartToken": key}

    async def fetch(self, api: AtsApi, event: AtsEvent) -> Application | None:
        """The screening answers of a candidate for a job."""
        if event.candidate is None or event.job is None:
            return None
        found = await api.get("candidates", event.candidate, "jobs", event.job, "screening-answers")
        if found is None:
            return None
        context = {"job": event.job}
        return Application(event.candidate, tuple(_answers(found)), event.application, event.job, context)

    async def who(self, api: AtsApi, candidate: str) -> Identity | None:
        """The candidate."""
        return _identity(await api.get("candidates", candidate))


def _identity(candidate: Any) -> Identity | None:
    web = value_at(candidate, "web")
    return identity_of(
        names=[text_at(candidate, name) for name in ("firstName", "lastName")],
        emails=[text_at(candidate, "email")],
        phones=[text_at(candidate, "phoneNumber")],
        links=web.values() if isinstance(web, Mapping) else (),
    )


def _answers(found: Any) -> Iterator[AtsAnswer]:
    """A question has records, a record has fields, a field has values: text where it is one value of one field."""
    for each in objects_at(found, "answers"):
        texts: list[str | None] = []
        for record in objects_at(each, "records"):
            fields = record.get("fields")
            listed = (
                list(fields.values()) if isinstance(fields, Mapping) else fields if isinstance(fields, list) else []
            )
            for field in listed:
                values = field.get("values", field.get("value")) if isinstance(field, Mapping) else field
                texts.extend(_value_text(value) for value in (values if isinstance(values, list) else [values]))
        question = text_at(each, "label") or text_at(each, "name") or text_at(each, "question")
        yield AtsAnswer(question, texts[0] if len(texts) == 1 else None if texts else "", id_at(each, "id"))


def _value_text(value: Any) -> str | None:
    return answer_text(value.get("label", value.get("value")) if isinstance(value, Mapping) else value)
