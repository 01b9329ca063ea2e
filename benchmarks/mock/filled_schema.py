"""A filled schema: a plausible instance of any JSON schema, with places for quotes of the answer.

Filling costs far more than a request may; a schema is filled once for each of a few variants and then kept.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Sequence
from typing import Any

import msgspec

VARIANTS = 8
_KEPT = 512  # schemas; one that names the answer's sentences is another for each answer
_DEEP = 6  # from here on, what may be null or empty is: a schema may contain itself
_DEEPEST = 40
_PLACE = "\ue000"
_QUOTED = ("quote", "evidence", "excerpt", "citation", "span")
_SAID = "The mock endpoint wrote this."


class FilledSchema:
    """JSON text in pieces; a quote goes between each two. Kept as it stands inside a JSON string."""

    __slots__ = ("_pieces", "places")

    def __init__(self, value: Any) -> None:
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        self._pieces = [_inside_a_string(piece) for piece in text.split(_PLACE)]
        self.places = len(self._pieces) - 1

    def with_quotes(self, quotes: Sequence[str]) -> bytes:
        """The JSON text with these quotes, one a place, as a JSON string: what `content` holds."""
        parts = [b'"', self._pieces[0]]
        for quote, piece in zip(quotes, self._pieces[1:], strict=True):
            parts += (_inside_a_string(_inside_a_string(quote).decode()), piece)
        parts.append(b'"')
        return b"".join(parts)


def _inside_a_string(text: str) -> bytes:
    return msgspec.json.encode(text)[1:-1]


class SchemaFiller:
    """Fills schemas, and remembers those that it filled."""

    def __init__(self) -> None:
        self._filled: dict[tuple[bytes, int], FilledSchema] = {}

    def filled(self, schema: bytes, variant: int) -> FilledSchema:
        """An instance of a schema given as JSON; `variant` (0 to VARIANTS - 1) chooses among the values allowed."""
        place = (schema, variant)
        known = self._filled.get(place)
        if known is None:
            if len(self._filled) >= _KEPT * VARIANTS:
                self._filled.clear()
            known = self._filled[place] = FilledSchema(fill(msgspec.json.decode(schema), variant))
        return known


def fill(schema: Any, variant: int = 0) -> Any:
    """An instance of `schema`; a string that should quote the answer is a single private-use character."""
    return _fill(schema, schema, "", variant, 0)


def _fill(schema: Any, root: Any, name: str, variant: int, depth: int) -> Any:
    if not isinstance(schema, dict) or depth > _DEEPEST:
        return None
    if "$ref" in schema:
        return _fill(_resolved(schema["$ref"], root), root, name, variant, depth + 1)
    if "const" in schema:
        return schema["const"]
    # The name takes part, so that the criteria of one reply do not all get the same level.
    choice = variant + zlib.crc32(name.encode())
    if schema.get("enum"):
        return schema["enum"][choice % len(schema["enum"])]
    for several in ("anyOf", "oneOf"):
        if schema.get(several):
            options = [option for option in schema[several] if option.get("type") != "null"]
            if depth > _DEEP and len(options) < len(schema[several]):
                return None
            return _fill(options[0] if options else None, root, name, variant, depth + 1)
    if schema.get("allOf"):
        return _all_of(schema, root, name, variant, depth)
    return _typed(schema, root, name, variant, depth, choice)


def _typed(schema: dict[str, Any], root: Any, name: str, variant: int, depth: int, choice: int) -> Any:
    kind = schema.get("type")
    if isinstance(kind, list):
        kind = next((each for each in kind if each != "null"), "null")
    if kind == "object" or "properties" in schema:
        # A name says what its parts are about: the same level under another criterion may be another level.
        return {
            key: _fill(part, root, key if _quotes(key) else f"{name}.{key}", variant, depth + 1)
            for key, part in schema.get("properties", {}).items()
        }
    if kind == "array":
        return _array(schema, root, name, variant, depth)
    if kind in ("integer", "number"):
        return _number(schema, choice, whole=kind == "integer")
    if kind == "boolean":
        return choice % 4 != 0
    if kind == "string" or kind is None:
        return _string(schema, name)
    return None


def _all_of(schema: dict[str, Any], root: Any, name: str, variant: int, depth: int) -> Any:
    parts = [*schema["allOf"], {key: part for key, part in schema.items() if key != "allOf"}]
    values = [_fill(part, root, name, variant, depth + 1) for part in parts if part]
    together: dict[str, Any] = {}
    for value in values:
        if isinstance(value, dict):
            together |= value
    return together or values[0]


def _array(schema: dict[str, Any], root: Any, name: str, variant: int, depth: int) -> list[Any]:
    least = schema.get("minItems", 0)
    # A red flag on every answer would not be plausible; one quote or finding in every other list is.
    wanted = 0 if "flag" in name else 1
    count = min(max(least, wanted), schema.get("maxItems", max(least, wanted)))
    if depth > _DEEP + 4 and not least:
        count = 0
    items = schema.get("prefixItems")
    if items:
        return [_fill(item, root, name, variant, depth + 1) for item in items]
    return [_fill(schema.get("items", {}), root, name, variant + number, depth + 1) for number in range(count)]


def _number(schema: dict[str, Any], choice: int, *, whole: bool) -> int | float:
    step = schema.get("multipleOf", 1 if whole else 0.25)
    low = schema.get("minimum", schema["exclusiveMinimum"] + step if "exclusiveMinimum" in schema else None)
    high = schema.get("maximum", schema["exclusiveMaximum"] - step if "exclusiveMaximum" in schema else None)
    if low is None:
        # Options are usually counted from 1; a 0 would often be no option at all.
        low = min(1, high) if high is not None else 1
    if high is None:
        high = low + 4 * step
    value = low + step * (choice % (int((high - low) / step) + 1))
    return int(value) if whole else float(value)


def _string(schema: dict[str, Any], name: str) -> str:
    if _quotes(name):
        return _PLACE
    text = _SAID
    while len(text) < schema.get("minLength", 0):
        text += " " + _SAID
    return text[: schema.get("maxLength", len(text))]


def _quotes(name: str) -> bool:
    return any(word in name.rpartition(".")[2].lower() for word in _QUOTED)


def _resolved(reference: str, root: Any) -> Any:
    node = root
    for part in reference.lstrip("#/").split("/"):
        if part:
            node = node.get(part.replace("~1", "/").replace("~0", "~"), {}) if isinstance(node, dict) else {}
    return node
