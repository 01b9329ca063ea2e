"""JSON from outside, read strictly: one meaning or none."""

from __future__ import annotations

import json
from math import isinf
from typing import Any

_DEEPEST = 100


class UnreadableJsonError(ValueError):
    """The bytes are not JSON with one meaning; the message says why, and holds nothing of the content."""


def read_object(body: bytes) -> dict[str, Any]:
    """The JSON object in these bytes.

    Raises UnreadableJsonError for anything else: other encodings than UTF-8, a key twice (two readers could take two
    values), NaN, infinities and numbers that would be read as one (1e999), nesting beyond 100 levels, or a list or a
    word at the top.
    """
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        raise UnreadableJsonError("not UTF-8") from None
    try:
        value = json.loads(text, object_pairs_hook=_once, parse_constant=_no_constant, parse_float=_finite)
    except UnreadableJsonError:
        raise
    except RecursionError:
        raise UnreadableJsonError(f"nested more than {_DEEPEST} deep") from None
    except ValueError as error:
        place = f" (line {error.lineno}, column {error.colno})" if isinstance(error, json.JSONDecodeError) else ""
        raise UnreadableJsonError(f"not JSON{place}") from None
    if not isinstance(value, dict):
        raise UnreadableJsonError("not a JSON object")
    if _depth_beyond(value, _DEEPEST):
        raise UnreadableJsonError(f"nested more than {_DEEPEST} deep")
    return value


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise UnreadableJsonError("a key stands twice in one object")
    return found


def _finite(digits: str) -> float:
    value = float(digits)
    if isinf(value):
        raise UnreadableJsonError("a number is too large to be one")
    return value


def _no_constant(name: str) -> Any:
    raise UnreadableJsonError(f"{name} is not JSON")


def _depth_beyond(value: Any, most: int) -> bool:
    level: list[Any] = [value]
    for _ in range(most):
        level = [
            inner
            for each in level
            if isinstance(each, dict | list)
            for inner in (each.values() if isinstance(each, dict) else each)
            if isinstance(inner, dict | list)
        ]
        if not level:
            return False
    return True
