"""Standard Webhooks: for any system that can sign a request, with the answers in the payload."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

from evaluator.ats.ats_api import AtsApi
from evaluator.ats.delivery import Delivery, Refusal, Reply
from evaluator.ats.event import Application, AtsAnswer, AtsEvent, Purpose
from evaluator.ats.identity import KINDS, identity_of, values_of
from evaluator.ats.payload import answer_text, first_id, id_at, objects_at, text_at, value_at
from evaluator.ats.signatures import Secrets, base64_signed, is_recent, standard_key
from evaluator.ats.strict_json import read_object
from evaluator.core.identity import Identity

WINDOW = timedelta(minutes=5)  # as the specification has it: a retry is signed anew
_PURPOSES: dict[str, Purpose] = {
    "submission.created": "submit",
    "candidate.deleted": "erase",
    "ping": "test",
}


class Standard:
    """https://www.standardwebhooks.com"""

    name = "standard"
    acknowledge = 200
    api_url: str | None = None
    hosts: Sequence[str] = ()
    reads: Sequence[str] = ("webhook-id",)
    erasure_is_signed = True

    def handshake(self, delivery: Delivery) -> Reply | None:
        """There is none."""
        del delivery
        return None

    def check(self, delivery: Delivery, secrets: Secrets) -> Refusal | None:
        """`webhook-signature: v1,<base64> v1,<base64>`: over id, time and body, joined by dots."""
        given = [each.partition(",") for each in delivery.header("webhook-signature").split()]
        signatures = [signature for version, _, signature in given if version == "v1"]
        if not signatures:
            return "signature_missing"
        identity, at = delivery.header("webhook-id"), delivery.header("webhook-timestamp")
        message = b".".join([identity.encode("latin-1", "replace"), at.encode("latin-1", "replace"), delivery.body])
        if not identity or not base64_signed(message, signatures, [standard_key(secret) for secret in secrets]):
            return "signature_wrong"
        return None if is_recent(at, delivery.at, WINDOW) else "too_old"

    def read(self, delivery: Delivery) -> AtsEvent:
        """`webhook-id` is signed and stays the same over retries."""
        body = read_object(delivery.body)
        kind = text_at(body, "type")
        data = value_at(body, "data")
        return AtsEvent(
            id=delivery.header("webhook-id"),
            kind=kind,
            purpose=_PURPOSES.get(kind, "other"),
            content=delivery.header("webhook-id").encode("latin-1", "replace") + b"." + delivery.body,
            candidate=first_id(data, ("candidate_id",)),
            application=first_id(data, ("application_id",)),
            job=first_id(data, ("job_id",)),
            occurred_at=text_at(body, "timestamp") or None,
            payload=data if isinstance(data, Mapping) else {},
        )

    def application(self, event: AtsEvent) -> Application | None:
        """`data.answers`: a list of `question` (its text) or `question_id`, and `answer`. `data.identity`: lists of
        `names`, `emails`, `phones`, `links`, `addresses`.
        """
        if event.candidate is None or not isinstance(value_at(event.payload, "answers"), list):
            return None
        said = value_at(event.payload, "identity")
        known = identity_of(**{kind: values_of(said, kind) for kind in KINDS})
        answers = tuple(_answers(event.payload))
        return Application(event.candidate, answers, event.application, event.job, identity=known)

    def answers_in(self, document: Mapping[str, Any]) -> tuple[AtsAnswer, ...]:
        """Wherever in the payload, or in the API's answer, they are."""
        return tuple(_answers(value_at(document, "data") or document))

    def authorization(self, key: str) -> Mapping[str, str]:
        """Nothing is ever fetched."""
        del key
        return {}

    async def fetch(self, api: AtsApi, event: AtsEvent) -> Application | None:
        """Nothing is ever fetched."""
        del api, event
        return None

    async def who(self, api: AtsApi, candidate: str) -> Identity | None:
        """Nothing is ever fetched."""
        del api, candidate
        return None


def _answers(data: Any) -> Iterator[AtsAnswer]:
    for each in objects_at(data, "answers"):
        yield AtsAnswer(text_at(each, "question"), answer_text(each.get("answer")), id_at(each, "question_id"))
