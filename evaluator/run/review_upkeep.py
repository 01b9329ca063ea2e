"""Keeps the review queue behind the runs: what was graded since is taken in, in small steps, by whoever is there."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from datetime import datetime

from evaluator.core.review_draw import DrawShares
from evaluator.errors import StoreError
from evaluator.store.store import Store

log = logging.getLogger(__name__)

_EVERY = 2.0  # seconds


class ReviewUpkeep:
    """Brings new grades of every run into the queue. Safe to run in several processes at once."""

    def __init__(self, store: Store, shares: DrawShares, now: Callable[[], datetime]) -> None:
        self._store = store
        self._shares = shares
        self._now = now
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None
        self._one_at_a_time = threading.Lock()

    def catch_up(self, seconds: float | None = None) -> bool:
        """Takes in what is new, for so long at most (None: all of it); whether nothing is left."""
        until = None if seconds is None else time.monotonic() + seconds
        with self._one_at_a_time:
            for unseen in self._store.intake.unseen():
                while self._store.intake.step(unseen, self._shares, self._time):
                    if self._ended.is_set() or (until is not None and time.monotonic() > until):
                        return False
        return True

    def start(self) -> None:
        """Goes on catching up in a thread, until `stop`."""
        self._thread = threading.Thread(target=self._work, name="review-upkeep", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Ends the thread after the step that it is in."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join()

    def _work(self) -> None:
        while not self._ended.is_set():
            try:
                self.catch_up()
            except StoreError as error:
                # Locked or away for a moment: what was not taken in is taken in the next time.
                log.warning("the review queue could not be brought up to date: %s", error.message)
            self._ended.wait(_EVERY)

    def _time(self) -> str:
        return self._now().isoformat(timespec="seconds")
