"""The name of a request to a model: SHA-256 of everything that its reply depends on."""

from __future__ import annotations

import json

from evaluator.core.fingerprint import fingerprint
from evaluator.graders.chat_model import ModelRequest


def request_fingerprint(spec: str, address: str | None, model: str, request: ModelRequest) -> str:
    """Messages, schema, grader, address, model, parameters and sample, as canonical JSON.

    A change to any of them is another request. The address is part of it: a server of one's own may carry the
    name of another's model.
    """
    return fingerprint(
        {
            "grader": spec,
            "address": address,
            "model": model,
            "messages": [[message.role, message.content] for message in request.messages],
            # As text, in its own order: the order of a schema's fields is the order in which a model writes them.
            "schema": json.dumps(request.schema),
            "parameters": dict(request.parameters),
            "sample": request.sample,
        }
    )
