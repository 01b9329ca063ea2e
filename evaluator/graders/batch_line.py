"""The lines of Batch-API files: a request on the way out, and what came of it on the way back."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel, ValidationError

from evaluator.core.ledger import KeptReply
from evaluator.core.reply import Usage
from evaluator.graders.chat_model import NoCompletionError
from evaluator.graders.openai_compatible import read_completion

ENDPOINT: Literal["/v1/chat/completions"] = "/v1/chat/completions"
_FINGERPRINT = re.compile(r"[0-9a-f]{64}")

BadKind = Literal["malformed", "unknown", "failed", "refused", "cut_off", "not_json", "request"]


@dataclass(frozen=True, slots=True)
class Answered:
    """A request's reply, ready for the ledger."""

    fingerprint: str
    reply: KeptReply


@dataclass(frozen=True, slots=True)
class NotAnswered:
    """A line without a reply that can be kept.

    `code` is the endpoint's reason and `param` the parameter it refuses, where it says so. `fingerprint` is None where
    the line does not say which request it is about. `usage` is what was billed all the same.
    """

    kind: BadKind
    fingerprint: str | None = None
    code: str | None = None
    param: str | None = None
    usage: Usage | None = None


def request_line(fingerprint: str, body: Mapping[str, Any]) -> bytes:
    """One request of an input file, its fingerprint as its id."""
    line = {"custom_id": fingerprint, "method": "POST", "url": ENDPOINT, "body": dict(body)}
    return json.dumps(line, separators=(",", ":")).encode() + b"\n"


def without_refused(body: Mapping[str, Any], refused: Iterable[str]) -> dict[str, Any]:
    """A request's body without parameters that its model refuses; `max_tokens` has a newer name."""
    left = dict(body)
    for name in refused:
        value = left.pop(name, None)
        if name == "max_tokens" and value is not None:
            left["max_completion_tokens"] = value
    return left


class _Error(BaseModel):
    code: str | int | None = None
    type: str | None = None
    param: str | None = None


class _ErrorBody(BaseModel):
    error: _Error = _Error()


class _Response(BaseModel):
    status_code: int
    body: Any = None


class _OutputLine(BaseModel):
    custom_id: str
    response: _Response | None = None
    error: _Error | None = None
    url: Any = None
    """Only requests have one."""


def read_output_line(line: bytes) -> Answered | NotAnswered:
    """What one line of an output or error file says. Raises nothing: whatever it is not is said in `kind`."""
    try:
        output = _OutputLine.model_validate_json(line)
    except ValidationError:
        return NotAnswered("malformed")
    name = output.custom_id
    if not _FINGERPRINT.fullmatch(name):
        return NotAnswered("unknown")
    if output.response is None and output.error is None and output.url is not None:
        return NotAnswered("request", name)
    if output.response is None or output.response.status_code != 200:
        return _failed(name, output)
    try:
        completion = read_completion(json.dumps(output.response.body).encode(), 0.0)
    except NoCompletionError:
        return NotAnswered("malformed", name)
    usage = completion.usage.in_batch
    if completion.finish == "refusal":
        return NotAnswered("refused", name, usage=usage)
    if completion.finish == "length":
        return NotAnswered("cut_off", name, usage=usage)
    if not _is_an_object(completion.text):
        return NotAnswered("not_json", name, usage=usage)
    return Answered(name, KeptReply(completion.text, completion.model, usage))


def _failed(name: str, output: _OutputLine) -> NotAnswered:
    error = output.error or _Error()
    if output.response is not None:
        try:
            error = _ErrorBody.model_validate(output.response.body).error
        except ValidationError:
            error = _Error()
        if error.code is None and error.type is None:
            error = _Error(code=f"HTTP {output.response.status_code}", param=error.param)
    return NotAnswered("failed", name, str(error.code or error.type or "no code"), error.param)


def _is_an_object(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except (ValueError, RecursionError):
        return False
