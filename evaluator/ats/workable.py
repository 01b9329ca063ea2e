"""Workable: webhooks signed over the raw body, with the candidate and the answers in the payload."""

from __future__ import annotations

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
    "candidate_created": "submit",
    "candidate_moved": "submit",
    "candidate_deleted": "erase",
}


class Workable:
    """https://workable.readme.io/reference/webhook-subscriptions-candidates-employees"""

    name = "workable"
    acknowledge = 200
    api_url: str | None = None  # https://SUBDOMAIN.workable.com
    hosts: Sequence[str] = ("*.workable.com",)
    reads: Sequence[str] = ()
    erasure_is_signed = True

    def handshake(self, delivery: Delivery) -> Reply | None:
        """There is none."""
        del delivery
        return None

    def check(self, delivery: Delivery, secrets: Secrets) -> Refusal | None:
        """`X-Workable-Signature: <hex>`, over the body as it came."""
        signature = delivery.header("x-workable-signature").strip()
        if not signature:
            return "signature_missing"
        return None if hex_signed(delivery.body, [signature], secrets) else "signature_wrong"

    def read(self, delivery: Delivery) -> AtsEvent:
        """There is no timestamp: the id in the signed body and the body itself make an event known."""
        body = read_object(delivery.body)
        data = value_at(body, "data")
        kind = text_at(body, "event_type")
        return AtsEvent(
            id=id_at(body, "id") or "",
            kind=kind,
            purpose=_PURPOSES.get(kind, "other"),
            content=delivery.body,
            candidate=first_id(data, ("id",), ("candidate", "id")),
            job=first_id(data, ("job", "shortcode"), ("candidate", "job", "shortcode")),
            occurred_at=text_at(body, "fired_at") or None,
            payload=data if isinstance(data, Mapping) else {},
        )

    def application(self, event: AtsEvent) -> Application | None:
        """The candidate as the details endpoint shows them, answers included."""
        return _application(event.payload, event)

    def answers_in(self, document: Mapping[str, Any]) -> tuple[AtsAnswer, ...]:
        """Wherever in the payload, or in the API's answer, they are."""
        found = value_at(document, "data") or document
        return tuple(_answers(value_at(found, "candidate") or found))

    def authorization(self, key: str) -> Mapping[str, str]:
        """A bearer token."""
        return {"Authorization": f"Bearer {key}"}

    async def fetch(self, api: AtsApi, event: AtsEvent) -> Application | None:
        """The candidate's details."""
        if event.candidate is None:
            return None
        return _application(await api.get("spi", "v3", "candidates", event.candidate), event)

    async def who(self, api: AtsApi, candidate: str) -> Identity | None:
        """The candidate's details."""
        return _identity(value_at(await api.get("spi", "v3", "candidates", candidate), "candidate"))


def _application(found: Any, event: AtsEvent) -> Application | None:
    candidate = value_at(found, "candidate") or found
    if event.candidate is None or not isinstance(value_at(candidate, "answers"), list):
        return None
    job = event.job or id_at(candidate, "job", "shortcode")
    return Application(event.candidate, tuple(_answers(candidate)), None, job, identity=_identity(candidate))


def _identity(candidate: Any) -> Identity | None:
    return identity_of(
        names=[text_at(candidate, name) for name in ("name", "firstname", "lastname")],
        emails=[text_at(candidate, "email")],
        phones=[text_at(candidate, "phone")],
        links=values_of(candidate, "social_profiles"),
        addresses=[text_at(candidate, "address")],
    )


def _answers(candidate: Any) -> Iterator[AtsAnswer]:
    for each in objects_at(candidate, "answers"):
        question = text_at(each, "question") or text_at(each, "question", "body")
        answer = each.get("answer")
        written = value_at(answer, "body") if isinstance(answer, Mapping) else answer
        chosen = isinstance(answer, Mapping) and "body" not in answer
        key = first_id(each, ("question", "id"), ("question", "key"), ("question_key",))
        yield AtsAnswer(question, None if chosen else answer_text(written), key)
