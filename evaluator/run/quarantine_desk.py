"""The quarantine for people: what is held back and why, let try again, or erased; each on record."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from evaluator.core.account import Who
from evaluator.core.held_back import HeldBackReason, held_back_reason
from evaluator.core.inbox_event import InboxEvent
from evaluator.errors import NotThereError
from evaluator.store.store import Store


@dataclass(frozen=True, slots=True)
class HeldEvent:
    """An event that is held back. `questions`: those that could not be mapped, or what the source said."""

    number: int
    id: str
    tenant: str
    source: str
    kind: str
    candidate_id: str | None
    since: str
    reason: HeldBackReason
    questions: tuple[str, ...]


class QuarantineDesk:
    """The quarantine of one store. `now` gives the time in UTC."""

    def __init__(self, store: Store, now: Callable[[], datetime]) -> None:
        self._store = store
        self._now = now

    def counts(self) -> dict[str, int]:
        """How many events are held back, by source."""
        return dict(self._store.inbox.held())

    def page(self, source: str | None, after: int, limit: int) -> list[HeldEvent]:
        """A page of them, the oldest first; `after`: the number of the last one seen."""
        found = self._store.inbox.in_state("quarantined", source=source, after=after, limit=limit)
        return [_held(event) for event in found]

    def retry(self, who: Who, event_id: str) -> None:
        """Lets one event try again. Raises NotThereError where it is not held back any more."""
        if not self._store.inbox.replay([event_id]):
            raise _GONE
        self._note(who, "event replayed", event_id)

    def retry_all(self, who: Who, source: str | None) -> int:
        """Lets all of them (of a source) try again; how many there were."""
        count = self._store.inbox.replay_all(source)
        self._note(who, "events replayed", source or "", str(count))
        return count

    def erase(self, who: Who, event_id: str) -> None:
        """Empties an event for good. Raises NotThereError where it is not held back any more."""
        if not self._store.inbox.erase_held(event_id):
            raise _GONE
        self._note(who, "event erased", event_id)

    def _note(self, who: Who, action: str, about: str, detail: str = "") -> None:
        self._store.audit.append(self._now().isoformat(timespec="seconds"), who.user_id, action, about, detail)


_GONE = NotThereError("This event is not held back any more.", hint="Somebody else dealt with it.")


def _held(event: InboxEvent) -> HeldEvent:
    return HeldEvent(
        number=event.number,
        id=event.id,
        tenant=event.tenant,
        source=event.source,
        kind=event.kind,
        candidate_id=event.candidate_id,
        since=event.settled_at or event.received_at,
        reason=held_back_reason(event.reason),
        questions=event.detail,
    )
