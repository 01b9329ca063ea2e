"""Who a candidate is, as far as a source says so: looked for in their answers, so that no grader reads it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from evaluator.ats.payload import objects_at, text_at, value_at
from evaluator.core.identity import Identity

KINDS = ("names", "emails", "phones", "links", "addresses")
"""The fields of an identity."""


def identity_of(
    *,
    names: Iterable[Any] = (),
    emails: Iterable[Any] = (),
    phones: Iterable[Any] = (),
    links: Iterable[Any] = (),
    addresses: Iterable[Any] = (),
) -> Identity | None:
    """The texts among these values, each once; None where there are none."""
    made = Identity(_texts(names), _texts(emails), _texts(phones), _texts(links), _texts(addresses))
    return made if made != Identity() else None


def values_of(candidate: Any, *path: str) -> list[Any]:
    """The values in a list of texts or of objects: `{value}`, `{url}`."""
    listed = value_at(candidate, *path)
    plain = [each for each in listed if isinstance(each, str)] if isinstance(listed, list) else []
    return plain + [text_at(each, "value") or text_at(each, "url") for each in objects_at(candidate, *path)]


def _texts(values: Iterable[Any]) -> tuple[str, ...]:
    found = (each.strip() for each in values if isinstance(each, str))
    return tuple(dict.fromkeys(each for each in found if each))
