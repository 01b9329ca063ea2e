"""The master key: 32 bytes that the user keeps, which wrap the keys that candidates' data is encrypted with."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from evaluator.errors import UsageError

_BYTES, _NONCE = 32, 12
_HINT = "Make one with: evaluator store new-key"


@dataclass(frozen=True, slots=True)
class MasterKey:
    """AES-256-GCM under one key. `id` tells keys apart and says nothing of them."""

    id: str
    _cipher: AESGCM = field(repr=False)

    def wrap(self, key: bytes, purpose: str) -> bytes:
        """The key, encrypted; it can be unwrapped for the same purpose only."""
        nonce = secrets.token_bytes(_NONCE)
        return nonce + self._cipher.encrypt(nonce, key, purpose.encode())

    def unwrap(self, wrapped: bytes, purpose: str) -> bytes | None:
        """The key, or None where it was wrapped by another master key, or for something else."""
        try:
            return self._cipher.decrypt(wrapped[:_NONCE], wrapped[_NONCE:], purpose.encode())
        except InvalidTag:
            return None


def master_keys(text: str) -> tuple[MasterKey, ...]:
    """The keys of a setting: 32 bytes each in base64, apart by commas or white space.

    The first one encrypts; the others still open what was encrypted before. Raises UsageError, which repeats nothing.
    """
    found = tuple(_master_key(each) for each in re.split(r"[\s,]+", text) if each)
    if not found:
        raise UsageError("The encryption key is empty.", hint=_HINT)
    return found


def _master_key(text: str) -> MasterKey:
    try:
        key = base64.b64decode(text.encode().translate(bytes.maketrans(b"-_", b"+/")), validate=True)
    except (ValueError, binascii.Error, UnicodeEncodeError):
        key = b""
    if len(key) != _BYTES:
        raise UsageError("The encryption key is not 32 bytes in base64.", hint=_HINT)
    return MasterKey(hashlib.sha256(b"evaluator master key id" + key).hexdigest()[:12], AESGCM(key))


def new_master_key() -> str:
    """A key that nobody has, as a setting takes it."""
    return base64.urlsafe_b64encode(secrets.token_bytes(_BYTES)).decode()


def with_id(keys: Sequence[MasterKey], name: str | None) -> MasterKey | None:
    """The key of this id."""
    return next((key for key in keys if key.id == name), None)
