"""The name of a request to a model: SHA-256 of everything that its reply depends on."""

from __future__ import annotations

import hashlib
import json
from functools import lru_cache

from evaluator.core.asks import ReplySchema
from evaluator.graders.chat_model import ModelRequest

_canonical = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode


def request_fingerprint(spec: str, address: str | None, model: str, request: ModelRequest) -> str:
    """Messages, schema, grader, address, model, parameters and sample, as canonical JSON.

    A change to any of them is another request. The address is part of it: a server of one's own may carry the
    name of another's model. The text hashed is that of `core.fingerprint` over these names, put together from parts
    of which most are the same for every answer:

        {"address", "grader", "messages": [[role, content], …], "model", "parameters", "sample", "schema": its text}
    """
    messages = ",".join(
        f"[{_constant(message.role)},{_content(message.role, message.content)}]" for message in request.messages
    )
    schema = request.schema
    # As text, in its own order: the order of a schema's fields is the order in which a model writes them.
    schema_text = schema.text if isinstance(schema, ReplySchema) else json.dumps(schema)
    canonical = (
        f'{{"address":{"null" if address is None else _constant(address)},"grader":{_constant(spec)},'
        f'"messages":[{messages}],"model":{_constant(model)},"parameters":{_canonical(dict(request.parameters))},'
        f'"sample":{request.sample},"schema":{_constant(schema_text)}}}'
    )
    return hashlib.sha256(canonical.encode("utf-8", "surrogatepass")).hexdigest()


def _content(role: str, content: str) -> str:
    """Only the instructions are worth keeping: they are long, and the same for thousands of answers."""
    return _constant(content) if role == "system" else _canonical(content)


@lru_cache(maxsize=256)
def _constant(text: str) -> str:
    return _canonical(text)
