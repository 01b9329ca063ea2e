"""An event in the inbox: what rang, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

InboxState = Literal["received", "mapped", "quarantined", "ignored", "done", "erased"]
"""`mapped`: it made a submission. `done`: an erasure that was obeyed. `quarantined`: a person has to look at it."""

StoredPurpose = Literal["submit", "erase", "merge", "unreadable"]


@dataclass(frozen=True, slots=True)
class NewEvent:
    """A genuine event to keep. Candidates are named as the store names them."""

    tenant: str
    source: str
    event_id: str
    """The source's own, "" where it gives none."""
    id_is_signed: bool
    content_sha256: str
    kind: str
    purpose: StoredPurpose
    body: bytes = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict)
    candidate_id: str | None = None
    survivor_id: str | None = None
    reason: str | None = None
    """Set where it can be seen at once that a person has to look."""


@dataclass(frozen=True, slots=True)
class Received:
    """The id under which an event is kept; `is_new` is False where it was there already."""

    id: str
    is_new: bool


@dataclass(frozen=True, slots=True)
class InboxEvent:
    """An event as the store has it. `detail`: the questions that could not be mapped."""

    number: int
    id: str
    tenant: str
    source: str
    event_id: str
    """The source's own, or one that stands for it."""
    kind: str
    purpose: StoredPurpose
    headers: Mapping[str, str]
    body: bytes | None = field(repr=False)
    candidate_id: str | None
    state: InboxState
    reason: str | None
    detail: tuple[str, ...]
    submission: str | None
    received_at: str
    settled_at: str | None
