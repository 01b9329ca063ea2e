"""One delivery at a webhook, as it came over the wire, and what a source says of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Refusal = Literal["signature_missing", "signature_wrong", "too_old", "unreadable"]


@dataclass(frozen=True, slots=True)
class Delivery:
    """The exact bytes of the body, and the headers with lower-case names. `at` is when it came, UTC."""

    headers: Mapping[str, str]
    body: bytes
    at: datetime

    def header(self, name: str) -> str:
        """A header, "" where it is absent."""
        return self.headers.get(name, "")


@dataclass(frozen=True, slots=True)
class Reply:
    """What to answer at once, where a delivery is a handshake and no event."""

    status: int
    headers: Mapping[str, str]
