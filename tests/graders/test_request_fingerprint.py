"""The name of a request is that of its canonical JSON, however quickly it is put together."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from evaluator.core.asks import ReplySchema
from evaluator.core.fingerprint import fingerprint
from evaluator.core.prompt import Message
from evaluator.graders.chat_model import ModelRequest
from evaluator.graders.request_fingerprint import request_fingerprint

TEXT = st.text(st.characters(codec=None))
MESSAGES = st.lists(st.builds(Message, st.sampled_from(["system", "user", "assistant"]), TEXT)).map(tuple)
PARAMETERS = st.dictionaries(
    TEXT, st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT
)
SCHEMAS = st.dictionaries(TEXT, TEXT)


@given(TEXT, st.none() | TEXT, TEXT, MESSAGES, PARAMETERS, SCHEMAS, st.integers(0, 30))
def test_it_is_the_fingerprint_of_everything_asked(
    spec: str,
    address: str | None,
    model: str,
    messages: tuple[Message, ...],
    parameters: dict[str, bool | int | float | str],
    schema: dict[str, str],
    sample: int,
) -> None:
    """Put together from kept parts, it equals the hash of the whole; the expected tokens are no part of it."""
    whole = {
        "grader": spec,
        "address": address,
        "model": model,
        "messages": [[message.role, message.content] for message in messages],
        "schema": json.dumps(schema),
        "parameters": parameters,
        "sample": sample,
    }
    for each in (schema, ReplySchema(schema)):
        request = ModelRequest(messages, each, parameters, sample, expected_tokens=7)
        assert request_fingerprint(spec, address, model, request) == fingerprint(whole)
