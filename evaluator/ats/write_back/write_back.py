"""What writing a result back is, for every applicant tracking system that can be written to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from evaluator.ats.connection import Connection
from evaluator.core.assessment import Assessment, AssessmentOrder
from evaluator.core.outcome import Outcome


@dataclass(frozen=True, slots=True)
class Told:
    """The event that is told of, once more if it was not taken before: its id, kind and time stay the same."""

    id: str
    kind: str
    at: datetime


class WriteBack(Protocol):
    """One applicant tracking system. An implementation holds no state."""

    source: str
    kinds: frozenset[str]
    """The events that it is told of."""
    is_ordered: bool
    """Whether it is told only of what it ordered as an assessment."""

    def lacks(self, connection: Connection) -> str | None:
        """What the environment has to say besides; None where everything is there."""

    async def tell(self, connection: Connection, outcome: Outcome, told: Told, ordered: Assessment | None) -> None:
        """Writes an outcome back; safe to repeat as far as the system allows.

        Raises AtsUnavailableError for what may go better later, AtsRefusedError for what will not before somebody
        mends it, and GoneError where there is nothing to write to any more.
        """


class GoneError(Exception):
    """What would be written to is not there (any more)."""


@dataclass(frozen=True, slots=True)
class Test:
    """An assessment that can be ordered: a questionnaire."""

    id: str
    name: str


class Partner(Protocol):
    """The side that an applicant tracking system calls: which assessments there are, one ordered, how it stands."""

    source: str

    def listed(self, tests: Sequence[Test]) -> Any:
        """The answer to the question which assessments there are."""

    def order(self, body: Any, connection: Connection) -> AssessmentOrder:
        """What is ordered. Raises UnreadableOrderError."""

    def event(self, order: AssessmentOrder) -> bytes:
        """The event, in the source's own shape, that has the application's answers fetched."""

    def placed(self, assessment: Assessment) -> Any:
        """The answer to an order that was taken."""


class UnreadableOrderError(ValueError):
    """An order that cannot be taken; the message says why, and holds nothing of a candidate."""
