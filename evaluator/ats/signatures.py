"""HMAC signatures over exact bytes, compared in constant time against every secret that is live."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

Secrets = Sequence[str]
"""The secrets that are live: one, or two while they are changed."""


def hex_signed(message: bytes, given: Iterable[str], secrets: Secrets) -> bool:
    """Whether any of the given signatures is the hex HMAC-SHA256 of the message under any of the secrets."""
    expected = [hmac.new(secret.encode(), message, hashlib.sha256).hexdigest().encode() for secret in secrets]
    return _any_equal(expected, (each.strip().lower().encode("utf-8", "replace") for each in given))


def base64_signed(message: bytes, given: Iterable[str], keys: Sequence[bytes]) -> bool:
    """The same for base64 signatures, under keys that are bytes."""
    expected = [base64.b64encode(hmac.new(key, message, hashlib.sha256).digest()) for key in keys]
    return _any_equal(expected, (each.strip().encode("utf-8", "replace") for each in given))


def _any_equal(expected: Sequence[bytes], given: Iterable[bytes]) -> bool:
    # Every pair is compared, so that the time tells nothing of which secret came near.
    return sum(hmac.compare_digest(one, other) for other in given for one in expected) > 0


def standard_key(secret: str) -> bytes:
    """The key that a Standard Webhooks secret (`whsec_` and base64) stands for. Raises ValueError where it is none."""
    try:
        key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except binascii.Error:
        raise ValueError("a Standard Webhooks secret is whsec_ followed by base64") from None
    if not key:
        raise ValueError("a Standard Webhooks secret is whsec_ followed by base64")
    return key


def is_recent(seconds: str, at: datetime, window: timedelta) -> bool:
    """Whether a time in seconds since 1970, as a header gives it, is within the window before or after `at`."""
    if not (seconds.isascii() and seconds.isdecimal() and len(seconds) <= 12):
        return False
    return abs(at.timestamp() - int(seconds)) <= window.total_seconds()
