"""Keys of the API: a secret that is shown once, and what its holder may do."""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass
from typing import Literal, get_args

Scope = Literal["submit", "read", "erase"]
"""`submit`: hand in submissions; `read`: their state and grades; `erase`: a candidate, for good."""
SCOPES: tuple[Scope, ...] = get_args(Scope)

_WRITTEN = re.compile(r"sae_([0-9a-f]{12})_([A-Za-z0-9_-]{43})")


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key as the store has it. Times are ISO 8601, UTC, whole seconds: they compare as text."""

    id: str
    tenant: str
    name: str
    secret_sha256: str
    scopes: tuple[Scope, ...]
    created_at: str
    expires_at: str | None
    revoked_at: str | None
    last_used_at: str | None

    def is_live(self, now: str) -> bool:
        """Whether it opens anything at this time, written as the others are."""
        expired = self.expires_at is not None and self.expires_at <= now
        return self.revoked_at is None and not expired

    def is_opened_by(self, secret: str) -> bool:
        """Whether the secret is this key's, in constant time."""
        return hmac.compare_digest(self.secret_sha256, secret_sha256(secret))


@dataclass(frozen=True, slots=True)
class WrittenKey:
    """A key as its holder writes it, taken apart."""

    id: str
    secret: str

    def __str__(self) -> str:
        return f"sae_{self.id}_{self.secret}"


def parse_key(written: str) -> WrittenKey | None:
    """The parts of a key; None where it is none."""
    matched = _WRITTEN.fullmatch(written)
    return WrittenKey(matched[1], matched[2]) if matched else None


def secret_sha256(secret: str) -> str:
    """What is kept of a secret. It has 256 random bits: nothing is gained by hashing it slowly."""
    return hashlib.sha256(secret.encode()).hexdigest()
