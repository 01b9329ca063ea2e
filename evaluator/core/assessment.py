"""An assessment that an ATS ordered: the result of an application's answers, to be told when it is there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

ORDERED: Final = "assessment.ordered"
"""The kind of event, in and out, that an order is."""


@dataclass(frozen=True, slots=True)
class AssessmentOrder:
    """What an ATS asks for. `reference`: its own name of the order, by which a repeated one is known; `answer_to`:
    the address that it gave to be told at, where it gives one. `candidate` and `application` are the source's ids.
    """

    reference: str
    test: str
    application: str
    candidate: str
    job: str | None = None
    answer_to: str | None = None
    who: Mapping[str, Any] = field(default_factory=dict, repr=False)
    """What the source says of the candidate, as its events say it."""


@dataclass(frozen=True, slots=True)
class Assessment:
    """An order as the store has it; `id` is what the ATS knows it by."""

    id: str
    tenant: str
    source: str
    test: str
    application_id: str
    answer_to: str | None
    state: Literal["open", "cancelled"]
    made_at: str
