"""A candidate's id as a part of an address: any character fits, and no e-mail address is read off the screen."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error


def candidate_key(candidate_id: str) -> str:
    """The id as base64url without padding. It hides nothing from whoever decodes it."""
    return urlsafe_b64encode(candidate_id.encode("utf-8", "surrogatepass")).rstrip(b"=").decode()


def candidate_of(key: str) -> str | None:
    """The id of a key, None where it is no key."""
    try:
        return urlsafe_b64decode(key.encode("ascii") + b"=" * (-len(key) % 4)).decode("utf-8", "surrogatepass")
    except (Error, UnicodeError):
        return None
