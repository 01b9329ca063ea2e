"""Deliveries as each source sends them, signed by libraries that the program does not use for it."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from cryptography.hazmat.primitives import hashes, hmac
from standardwebhooks import Webhook

SECRETS = {
    "greenhouse": "greenhouse-secret-one",
    "lever": "lever-signature-token",
    "ashby": "ashby-secret",
    "workable": "workable-token",
    "smartrecruiters": "HeBVky2bccvvkcXPimH8c",
    "standard": "whsec_c3RhbmRhcmQgd2ViaG9va3Mgc2VjcmV0",
}
ANSWERS = {
    "fraud_framing": "One example is one payment. Positive: a chargeback for fraud within 120 days of it.",
    "loan_features": "I would refuse the balance 30 days after disbursement: it is known only afterwards.",
}
TEXTS = {"fraud_framing": "Predict fraud", "loan_features": "Which columns may the model see?"}


@dataclass(frozen=True)
class Sent:
    """What goes over the wire."""

    source: str
    headers: dict[str, str]
    body: bytes

    def with_header(self, name: str, value: str) -> Sent:
        return replace(self, headers={**self.headers, name: value})

    def without_header(self, name: str) -> Sent:
        return replace(self, headers={key: value for key, value in self.headers.items() if key != name})


def hex_hmac(secret: str, message: bytes) -> str:
    signer = hmac.HMAC(secret.encode(), hashes.SHA256())
    signer.update(message)
    return signer.finalize().hex()


def sign(
    source: str,
    body: bytes,
    *,
    secret: str | None = None,
    at: datetime | None = None,
    event_id: str = "event-1",
    event_name: str = "",
) -> Sent:
    """The body as the source would send it."""
    key = secret or SECRETS[source]
    at = at or datetime.now(UTC)
    headers = {"content-type": "application/json"}
    if source == "greenhouse":
        headers |= {"signature": f"sha256 {hex_hmac(key, body)}", "greenhouse-event-id": event_id}
    elif source == "ashby":
        headers["ashby-signature"] = f"sha256={hex_hmac(key, body)}"
    elif source == "workable":
        headers["x-workable-signature"] = hex_hmac(key, body)
    elif source == "smartrecruiters":
        timestamp = str(int(at.timestamp()))
        named = {"event-id": event_id, "event-name": event_name, "event-version": "v201910", "link": "<x>; rel=self"}
        message = b".".join([timestamp.encode(), body, *(value.encode() for value in named.values())])
        signature = f"v1={'0' * 64};v1={hex_hmac(key, message)}"
        headers |= named | {"smartrecruiters-timestamp": timestamp, "smartrecruiters-signature": signature}
    elif source == "standard":
        headers |= {
            "webhook-id": event_id,
            "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": Webhook(key).sign(event_id, at, body.decode("utf-8", "replace")),
        }
    return Sent(source, headers, body)


def lever_body(event: str, data: Any, *, token: str = "t" * 50, at: datetime | None = None, secret: str = "") -> bytes:
    """Lever signs inside the body, and only the token and the time."""
    milliseconds = int((at or datetime.now(UTC)).timestamp() * 1000)
    signature = hex_hmac(secret or SECRETS["lever"], f"{token}{milliseconds}".encode())
    return dump({"token": token, "triggeredAt": milliseconds, "signature": signature, "event": event, "data": data})


def dump(value: Any) -> bytes:
    """JSON as Greenhouse writes it: with escapes that a reader and writer in between would lose."""
    return json.dumps(value).replace("<", "\\u003c").encode()


def submit_event(
    source: str,
    candidate: str = "42",
    *,
    event_id: str = "event-1",
    answers: dict[str, str] | None = None,
    questions: dict[str, str] | None = None,
    secret: str | None = None,
    at: datetime | None = None,
    happened: str = "2999-11-26T12:56:05Z",
) -> Sent:
    """A candidate applies. For sources whose payload has no answers, they are what the API gives."""
    given, asked = answers if answers is not None else ANSWERS, questions or TEXTS
    pairs = [(asked.get(question, question), text) for question, text in given.items()]
    if source == "lever":
        data = {"opportunityId": candidate, "applicationId": f"app-{candidate}", "contactId": "con-1"}
        body = lever_body("applicationCreated", data, token=event_id.ljust(50, "x"), at=at, secret=secret or "")
        return sign(source, body)
    if source == "smartrecruiters":
        body = dump({"job_id": "job-1", "candidate_id": candidate})
        name = "application.screening-answers.created"
        return sign(source, body, event_id=event_id, event_name=name, secret=secret, at=at)
    return sign(
        source, dump(_pushed(source, candidate, pairs, event_id, happened)), event_id=event_id, secret=secret, at=at
    )


def _pushed(source: str, candidate: str, pairs: list[tuple[str, str]], event_id: str, happened: str) -> Any:
    if source == "greenhouse":
        return {
            "action": "new_candidate_application",
            "payload": {
                "application": {
                    "id": 71980812,
                    "status": "active",
                    "prospect": False,
                    "applied_at": happened,
                    "candidate": {"id": _number(candidate), "first_name": "Ada", "last_name": "Example"},
                    "jobs": [{"id": 3485709, "name": "Engineer <ML>"}],
                    "answers": [{"question": question, "answer": text} for question, text in pairs],
                }
            },
        }
    if source == "ashby":
        fields = [
            {"field": {"id": f"f{n}", "type": "LongText", "path": f"path-{n}", "title": question}}
            for n, (question, _) in enumerate(pairs)
        ]
        return {
            "action": "surveySubmit",
            "webhookActionId": event_id,
            "data": {
                "surveySubmission": {
                    "id": "s-1",
                    "candidateId": candidate,
                    "applicationId": "a-1",
                    "surveyType": "Questionnaire",
                    "formDefinition": {"sections": [{"title": "Questions", "fields": fields}]},
                    "submittedValues": {f"path-{n}": text for n, (_, text) in enumerate(pairs)},
                }
            },
        }
    if source == "workable":
        return {
            "event_type": "candidate_created",
            "id": event_id,
            "fired_at": happened,
            "resource_type": "candidate",
            "data": {
                "id": candidate,
                "name": "Ada Example",
                "job": {"shortcode": "GROOV003", "title": "Engineer"},
                "answers": [{"question": {"body": question}, "answer": {"body": text}} for question, text in pairs],
            },
        }
    return {
        "type": "submission.created",
        "timestamp": happened,
        "data": {
            "candidate_id": candidate,
            "application_id": "a-1",
            "answers": [{"question": question, "answer": text} for question, text in pairs],
        },
    }


def erase_event(source: str, candidate: str = "42", *, event_id: str = "erase-1") -> Sent:
    """The candidate is deleted at the source."""
    if source == "lever":
        return sign(source, lever_body("candidateDeleted", {"opportunityId": candidate}, token=event_id.ljust(50, "x")))
    if source == "smartrecruiters":
        return sign(source, dump({"candidate_id": candidate}), event_id=event_id, event_name="candidate.deleted")
    bodies: dict[str, Any] = {
        "greenhouse": {"action": "candidate_anonymized", "payload": {"candidate_id": _number(candidate)}},
        "ashby": {"action": "candidateDelete", "webhookActionId": event_id, "data": {"candidate": {"id": candidate}}},
        "workable": {"event_type": "candidate_deleted", "id": event_id, "data": {"id": candidate}},
        "standard": {"type": "candidate.deleted", "data": {"candidate_id": candidate}},
    }
    return sign(source, dump(bodies[source]), event_id=event_id)


def _number(candidate: str) -> int:
    """Greenhouse's ids are numbers."""
    return int(candidate) if candidate.isdecimal() else 0


def ping_event(source: str) -> Sent:
    """What a source sends to see whether we are there, where it sends such a thing."""
    bodies: dict[str, Any] = {
        "greenhouse": {"action": "ping", "web_hook_id": 70, "payload": {"status": "success"}},
        "ashby": {"action": "ping", "data": {"webhookType": "applicationSubmit", "webhookActionType": "ping"}},
        "standard": {"type": "ping", "data": {}},
    }
    if source == "lever":
        return sign(source, lever_body("applicationCreated", {}))
    return sign(source, dump(bodies[source]))
