"""Who wrote an answer, as bytes: kept beside an answer that waits to be graded, and no longer."""

from __future__ import annotations

import json
from dataclasses import asdict

from evaluator.core.identity import Identity


def identity_bytes(identity: Identity | None) -> bytes | None:
    """An identity as JSON, ASCII; None where nothing is known."""
    return None if identity is None else json.dumps(asdict(identity)).encode()


def identity_in(body: bytes | None) -> Identity | None:
    """The identity that these bytes hold."""
    if body is None:
        return None
    return Identity(**{kind: tuple(texts) for kind, texts in json.loads(body).items()})
