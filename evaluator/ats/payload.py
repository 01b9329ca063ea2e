"""Reading values out of payloads whose shape is the source's own, and may lack anything."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any


def value_at(payload: Any, *path: str) -> Any:
    """What stands under these keys; None where any of them is missing."""
    for key in path:
        if not isinstance(payload, Mapping):
            return None
        payload = payload.get(key)
    return payload


def id_at(payload: Any, *path: str) -> str | None:
    """An id, as text: sources write them as numbers or words. None where there is none."""
    value = value_at(payload, *path)
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    return str(value).strip() or None


def first_id(payload: Any, *paths: Sequence[str]) -> str | None:
    """The first of several places that has an id."""
    return next((found for path in paths if (found := id_at(payload, *path)) is not None), None)


def text_at(payload: Any, *path: str) -> str:
    """A text; "" where there is none."""
    value = value_at(payload, *path)
    return value if isinstance(value, str) else ""


def objects_at(payload: Any, *path: str) -> Iterator[Mapping[str, Any]]:
    """The objects in the list that stands under these keys."""
    value = value_at(payload, *path)
    yield from (each for each in value if isinstance(each, Mapping)) if isinstance(value, list) else ()


def answer_text(value: Any) -> str | None:
    """An answer's value as the text that a candidate wrote. Nothing is ""; what was chosen or uploaded is None."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    return None
