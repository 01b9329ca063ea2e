"""The name of a request to a model: SHA-256 of everything that its reply depends on."""

from __future__ import annotations

import hashlib
import json
from functools import lru_cache

from evaluator.core.asks import ReplySchema
from evaluator.core.prompt import Message
from evaluator.graders.chat_model import ModelRequest

_canonical = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode


def request_fingerprint(spec: str, address: str | None, model: str, request: ModelRequest) -> str:
    """Messages, schema, grader, address, model, parameters and sample, as canonical JSON.

    A change to any of them is another request. The address is part of it: a server of one's own may carry the
    name of another's model. The text hashed is that of `core.fingerprint` over these names, put together from parts
    of which most are the same for every answer:

        {"address", "grader", "messages": [[role, content], …], "model", "parameters", "sample", "schema": its text}
    """
    first, others = request.messages[:1], request.messages[1:]
    schema = request.schema
    # As text, in its own order: the order of a schema's fields is the order in which a model writes them.
    schema_text = schema.text if isinstance(schema, ReplySchema) else json.dumps(schema)
    # Instructions are long, and the same for thousands of answers; nothing else that may come first is worth keeping.
    begin = _kept_begin if first and first[0].role == "system" else _begin
    name = begin(address, spec, first).copy()
    rest = f"{',' if others else ''}{_listed(others)}"
    parameters = _canonical(dict(request.parameters))
    name.update(
        _encoded(f'{rest}],"model":{_constant(model)},"parameters":{parameters},"sample":{request.sample},"schema":')
    )
    name.update(_encoded_constant(schema_text))
    name.update(b"}")
    return name.hexdigest()


def _begin(address: str | None, spec: str, first: tuple[Message, ...]) -> hashlib._Hash:
    """The hash up to the end of the first message."""
    return hashlib.sha256(
        _encoded(
            f'{{"address":{"null" if address is None else _constant(address)},"grader":{_constant(spec)},'
            f'"messages":[{_listed(first)}'
        )
    )


def _listed(messages: tuple[Message, ...]) -> str:
    return ",".join(f"[{_constant(message.role)},{_canonical(message.content)}]" for message in messages)


_kept_begin = lru_cache(maxsize=64)(_begin)


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


@lru_cache(maxsize=256)
def _encoded_constant(text: str) -> bytes:
    return _encoded(_canonical(text))


@lru_cache(maxsize=256)
def _constant(text: str) -> str:
    return _canonical(text)
