"""The fence: the delimiter around a candidate's text in a prompt, which that text cannot contain."""

from __future__ import annotations

import hashlib
from itertools import count


def fence_for(text: str) -> str:
    """A delimiter that does not occur in `text`.

    It is derived from the text, so that the same answer makes the same prompt (and the same fingerprint),
    and a text cannot hold its own fence: whoever writes one changes the other.
    """
    for attempt in count():
        digest = hashlib.sha256(f"{attempt}\x00{text}".encode("utf-8", "surrogatepass")).hexdigest()
        fence = f"answer-{digest[:16]}"
        if fence not in text:
            return fence
    raise AssertionError("unreachable: count() does not end")
