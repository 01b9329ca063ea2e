"""Fingerprints: SHA-256 of canonical JSON, so that the same thing asked has the same name everywhere."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

# Made once: with options of its own, json.dumps makes one for every call.
_canonical = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode


def fingerprint(value: Any) -> str:
    """SHA-256 (hex) of `value` as canonical JSON: keys sorted, no spaces, UTF-8.

    A record counts as what its file says: a default that the file leaves out is left out here too, so that a
    new optional key does not change the name of what was published before it.
    """
    if isinstance(value, BaseModel):
        value = value.model_dump(mode="json", exclude_unset=True)
    return hashlib.sha256(_canonical(value).encode("utf-8", "surrogatepass")).hexdigest()


class FingerprintByText:
    """As `fingerprint` of a dictionary, for many that differ in one text alone: all else is written down once.

    `key`: the text's, which stands before all keys of `others`.
    """

    def __init__(self, key: str, others: Mapping[str, Any]) -> None:
        if not all(key < other for other in others):
            raise ValueError(f"{key!r} has to stand before the other keys")
        self._begin = f"{{{_canonical(key)}:"
        self._end = f",{_canonical(dict(others))[1:]}" if others else "}"

    def of(self, text: str) -> str:
        """The fingerprint with this text under the key."""
        whole = f"{self._begin}{_canonical(text)}{self._end}"
        return hashlib.sha256(whole.encode("utf-8", "surrogatepass")).hexdigest()
