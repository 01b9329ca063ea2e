"""What waits in the store, put into the queue in its turn; and what only one of the two knows of, put right."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

from evaluator.core.work import Lane
from evaluator.run.durable.admission import Admission
from evaluator.run.durable.queue import WorkQueue
from evaluator.store.store import Store

BULK, WEBHOOK, EVENT = "grade_chunk", "grade_submission", "settle_event"
TURNS = 1000
"""Turns of an event between two times that it is put into the inbox."""

_LANES: dict[Lane, str] = {"webhook": WEBHOOK, "bulk": BULK}
_QUEUED_AHEAD: dict[Lane, int] = {"webhook": 100, "bulk": 8}  # chunks in the queue for each worker
_TAKEN_IN = 200  # submissions, or events, in one look
_KEPT = timedelta(days=2)  # that the queue remembers what ended


class Feed:
    """One worker's part in filling the queue of a store; all of it blocks, and is safe to do by several at once."""

    def __init__(self, store: Store, queue: WorkQueue, admission: Admission | None, *, with_events: bool) -> None:
        """Without `admission` submissions, and without `with_events` events, are left to others."""
        self._store = store
        self._queue = queue
        self._admission = admission
        self._with_events = with_events
        self._events_put: dict[str, int] = {}

    def once(self) -> None:
        """Puts what waits into the queue, and not more than the workers will soon take."""
        if self._admission is not None:
            self._admission.take_in(_TAKEN_IN)
        if self._with_events:
            self._put_events()
        workers = max(1, len(self._store.workers.all()))
        for lane, kind in _LANES.items():
            self._put_lane(lane, kind, workers)

    def survey(self) -> None:
        """Puts back what the store says is in the queue and nobody has; forgets what ended long ago."""
        self._queue.take_up_mislaid(time.monotonic())
        for lane, kind in _LANES.items():
            said = {chunk.id: chunk for chunk in self._store.work.in_hand(lane)}
            for work_id in self._queue.unknown(kind, {chunk.id: chunk.turn for chunk in said.values()}, self._roll):
                self._store.work.put_back(said[work_id])
        if self._with_events:
            waiting = [each.id for each in self._store.work.events(_TAKEN_IN)]
            for event_id, turn in self._queue.stranded(EVENT, waiting, self._roll).items():
                self._queue.put(EVENT, event_id, turn + 1, 1)
        self._queue.tidy(_KEPT)
        self._store.work.forget_done(datetime.now(UTC) - _KEPT)

    def _roll(self) -> set[str]:
        return {each.id for each in self._store.workers.all()}

    def _put_events(self) -> None:
        waiting = {each.id: each.attempts for each in self._store.work.events(_TAKEN_IN)}
        for event_id, attempts in waiting.items():
            if self._events_put.get(event_id) != attempts:
                self._queue.put(EVENT, event_id, attempts * TURNS, 1)
        self._events_put = waiting

    def _put_lane(self, lane: Lane, kind: str, workers: int) -> None:
        work = self._store.work
        room = _QUEUED_AHEAD[lane] * workers - work.count_queued(lane)
        due = work.due(room, lane) if room > 0 else []
        for chunk in due:
            self._queue.put(kind, chunk.id, chunk.turn, chunk.priority)
        if due:
            work.queued(due)
