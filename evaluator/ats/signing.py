"""Signatures as the sources make them: to try a connection without the source."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import datetime

from evaluator.ats.signatures import standard_key
from evaluator.ats.strict_json import read_object


def signed_headers(
    source: str, body: bytes, secret: str, *, at: datetime, event_id: str, event_name: str = ""
) -> Mapping[str, str]:
    """The headers of a delivery. Lever's say nothing: it signs within the body, as `signed_body` does."""
    headers = {"Content-Type": "application/json"}
    if source == "lever":
        return headers
    seconds = str(int(at.timestamp()))
    if source == "greenhouse":
        return headers | {"Greenhouse-Event-ID": event_id, "Signature": f"sha256 {_hex(secret, body)}"}
    if source == "ashby":
        return headers | {"Ashby-Signature": f"sha256={_hex(secret, body)}"}
    if source == "workable":
        return headers | {"X-Workable-Signature": _hex(secret, body)}
    if source == "smartrecruiters":
        named = {"event-id": event_id, "event-name": event_name, "event-version": "v201910", "link": ""}
        message = b".".join([seconds.encode(), body, *(value.encode() for value in named.values())])
        signed = {"smartrecruiters-timestamp": seconds, "smartrecruiters-signature": f"v1={_hex(secret, message)}"}
        return headers | {name: value for name, value in named.items() if value} | signed
    if source == "standard":
        message = b".".join([event_id.encode(), seconds.encode(), body])
        signature = base64.b64encode(hmac.new(standard_key(secret), message, hashlib.sha256).digest()).decode()
        named = {"webhook-id": event_id, "webhook-timestamp": seconds, "webhook-signature": f"v1,{signature}"}
        return headers | named
    raise ValueError(f"{source} is no source")


def signed_body(body: bytes, secret: str, *, at: datetime, token: str) -> bytes:
    """A delivery's body as Lever sends it: with a token, the time, and its signature over these two.

    Raises UnreadableJsonError where the body is no JSON object.
    """
    milliseconds = int(at.timestamp() * 1000)
    said = {"token": token, "triggeredAt": milliseconds, "signature": _hex(secret, f"{token}{milliseconds}".encode())}
    return json.dumps(read_object(body) | said, ensure_ascii=False).encode()


def _hex(secret: str, message: bytes) -> str:
    return hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()
