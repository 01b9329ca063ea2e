"""A reply's usage as the ledger keeps it: JSON of what is known of it."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import Any

from evaluator.core.reply import Usage

_ENCODER = json.JSONEncoder(separators=(",", ":"))  # made once: dumps() would make one for each reply
_KEPT = tuple(field.name for field in fields(Usage) if field.name != "reused")


def usage_to_json(usage: Usage) -> str:
    """What is None or 0 is left out; `reused` is nothing of the reply's own."""
    return _ENCODER.encode(_known(usage))


def usage_from_json(text: str) -> Usage:
    """The usage that was kept."""
    return _usage(json.loads(text))


def _known(usage: Usage) -> dict[str, Any]:
    found = {}
    for name in _KEPT:
        value = getattr(usage, name)
        if isinstance(value, Usage):
            found[name] = _known(value)
        elif value is not None and value != getattr(_NOTHING, name):
            found[name] = value
    return found


def _usage(kept: dict[str, Any]) -> Usage:
    values: dict[str, Any] = {name: _usage(each) if isinstance(each, dict) else each for name, each in kept.items()}
    return Usage(**values)


_NOTHING = Usage()
