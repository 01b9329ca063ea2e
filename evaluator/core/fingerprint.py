"""Fingerprints: SHA-256 of canonical JSON, so that the same thing asked has the same name everywhere."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from pydantic import BaseModel


def fingerprint(value: Any) -> str:
    """SHA-256 (hex) of `value` as canonical JSON: keys sorted, no spaces, UTF-8.

    A record counts as what its file says: a default that the file leaves out is left out here too, so that a
    new optional key does not change the name of what was published before it.
    """
    if isinstance(value, BaseModel):
        value = value.model_dump(mode="json", exclude_unset=True)
    canonical = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(canonical.encode("utf-8", "surrogatepass")).hexdigest()
