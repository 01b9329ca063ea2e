"""What an ATS tells: an event, and the application behind it with its answers, in one shape for all sources."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from evaluator.core.identity import Identity

Purpose = Literal["submit", "erase", "merge", "other", "test"]
"""What an event asks for: grade answers, erase a candidate, take two candidates for one, nothing, or only an answer."""


@dataclass(frozen=True, slots=True)
class AtsEvent:
    """One event, read from a delivery.

    `id` is the same when the source delivers it again. `id_is_signed` says whether nobody but the source could have
    chosen it. `content` is what else makes a redelivery known: two events of a source with the same content are one.
    """

    id: str
    kind: str
    purpose: Purpose
    content: bytes
    id_is_signed: bool = True
    candidate: str | None = None
    """The source's id of the candidate."""
    survivor: str | None = None
    """In a merge: the candidate who remains."""
    application: str | None = None
    job: str | None = None
    occurred_at: str | None = None
    """When it happened at the source, ISO 8601, where the source says so."""
    identity: Identity | None = field(default=None, repr=False)
    """Who the candidate is, where the payload says so."""
    payload: Mapping[str, Any] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class AtsAnswer:
    """One answer as the source has it. `key` is the source's id of the question, where it gives one."""

    question: str
    text: str | None = field(repr=False)
    """None where the answer is no text: a file, a number, a choice."""
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Application:
    """A candidate's application with the answers given in it; ids are the source's."""

    candidate: str
    answers: tuple[AtsAnswer, ...] = field(repr=False)
    application: str | None = None
    job: str | None = None
    context: Mapping[str, str] = field(default_factory=dict)
    """Further ids that writing back needs."""
    identity: Identity | None = field(default=None, repr=False)
    """Who the candidate is, where the application says so."""
