"""The one thread that writes to a store: what is pending is committed together, so that a commit costs little."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from evaluator.errors import StoreError
from evaluator.store.database import Database, is_gone
from evaluator.store.failures import gave_way, store_error

Write = Callable[[Connection], None]
Item = TypeVar("Item")

_HEARTBEAT = 30.0  # seconds


@dataclass(frozen=True, slots=True)
class Grouping:
    """How long things wait for company. `urgent` (seconds) holds for what somebody waits for, `patient` for the
    rest; `most_urgent` and `most_patient` of them, or `most_bytes`, wait no longer.
    """

    urgent: float = 0.008
    most_urgent: int = 64
    patient: float = 0.25
    most_patient: int = 256
    most_bytes: int = 8 << 20


class Pending(Generic[Item]):
    """Things of one kind that wait for the writer; `write` is called in its thread, with its transaction."""

    def __init__(self, write: Callable[[Connection, list[Item]], None], *, urgent: bool) -> None:
        self.write = write
        self.urgent = urgent
        self.items: list[Item] = []
        self.bytes = 0

    def take(self) -> Write | None:
        """Everything pending, as one step of a transaction."""
        if not self.items:
            return None
        items, self.items, self.bytes = self.items, [], 0
        return lambda connection: self.write(connection, items)


@dataclass(slots=True)
class _Due:
    """What is to be written now, and who waits for it."""

    steps: list[Write] = field(default_factory=list)
    is_patient: bool = False
    waiting: list[asyncio.Future[None]] = field(default_factory=list)


class Writer:
    """Takes items from event loops, writes them in its own thread and its own transactions.

    A failure is raised where somebody waits. Where it took things that nobody waits for, it is raised (`failure`) from
    then on wherever anything more is handed in: what comes after a gap is not written.
    """

    def __init__(self, database: Database, grouping: Grouping) -> None:
        self._database = database
        self._grouping = grouping
        self._kinds: list[Pending[Any]] = []
        self._waiting: list[asyncio.Future[None]] = []
        self._since: dict[bool, float] = {}
        self._flushing = False
        self._closing = False
        self._heartbeats: dict[object, Write] = {}
        self._wake = threading.Condition(threading.Lock())
        self._thread: threading.Thread | None = None
        self.failure: StoreError | None = None

    def kind(self, write: Callable[[Connection, list[Item]], None], *, urgent: bool) -> Pending[Item]:
        """A kind of things to write; kinds are written in the order in which they were made."""
        made = Pending(write, urgent=urgent)
        self._kinds.append(made)
        return made

    def beat(self, who: object, write: Write | None) -> None:
        """`write` is carried out every half minute, while nothing else happens, until it is None."""
        with self._wake:
            if write is None:
                self._heartbeats.pop(who, None)
            else:
                self._heartbeats[who] = write

    async def written(self, kind: Pending[Item], item: Item, size: int) -> None:
        """Returns when the item is committed. Raises StoreError where it could not be."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._add(kind, item, size, future)
        await future

    def hand_in(self, kind: Pending[Item], item: Item, size: int) -> None:
        """Has the item written soon. Raises StoreError where something before it could not be."""
        self._add(kind, item, size, None)

    @property
    def is_full(self) -> bool:
        """Whether so much is pending that whoever hands in should wait."""
        return sum(kind.bytes for kind in self._kinds) > self._grouping.most_bytes

    async def flush(self) -> None:
        """Returns when everything handed in so far is committed. Raises StoreError where it could not be."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        with self._wake:
            self.raise_failure()
            self._start()
            self._flushing = True
            self._waiting.append(future)
            self._wake.notify()
        await future

    def close(self) -> None:
        """Writes what is pending and ends the thread."""
        with self._wake:
            self._closing = True
            self._wake.notify()
        if self._thread is not None:
            self._thread.join()

    def _add(self, kind: Pending[Item], item: Item, size: int, future: asyncio.Future[None] | None) -> None:
        with self._wake:
            if not kind.urgent:
                self.raise_failure()
            self._start()
            kind.items.append(item)
            kind.bytes += size
            if future is not None:
                self._waiting.append(future)
            first = kind.urgent not in self._since
            if first:
                self._since[kind.urgent] = time.monotonic()
            most = self._grouping.most_urgent if kind.urgent else self._grouping.most_patient
            if first or len(kind.items) == most or kind.bytes > self._grouping.most_bytes:
                self._wake.notify()

    def recover(self) -> None:
        """Takes things again after a failure. For whoever has what was lost done again."""
        with self._wake:
            self.failure = None

    def raise_failure(self) -> None:
        """Raises the StoreError that things handed in before met."""
        if self.failure is not None:
            raise self.failure

    def _start(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="store-writer", daemon=True)
            self._thread.start()

    def _work(self) -> None:
        connection: Connection | None = None
        due: _Due | None = None
        try:
            while (due := self._next()) is not None:
                error: StoreError | None = None
                try:
                    connection = self._commit(connection, due.steps)
                except SQLAlchemyError as failure:
                    connection, error = None, store_error(self._database.address, failure)
                except StoreError as failure:
                    error = failure
                if error is not None and due.is_patient:
                    self.failure = error
                _tell(due.waiting, error)
        finally:
            if connection is not None:
                connection.close()
            if due is not None:
                # Something nobody foresaw; it is shown by the thread's end. Nobody may wait for ever.
                with self._wake:
                    self.failure = StoreError(f"The writer of the store {self._database.address} ended unexpectedly.")
                    left, self._waiting = [*due.waiting, *self._waiting], []
                _tell(left, self.failure)

    def _commit(self, connection: Connection | None, steps: list[Write]) -> Connection:
        for last_try in (False, True):
            try:
                if connection is None:
                    connection = self._database.engine.connect().execution_options(writes=True)
                    self._database.spare(connection)
                with connection.begin():
                    for step in steps:
                        step(connection)
            except SQLAlchemyError as error:
                if connection is not None:
                    connection.close()
                connection = None
                # What is written twice is the same: a server that was started anew, or had others go first, gets it
                # once more.
                if last_try or not (isinstance(error, DBAPIError) and (is_gone(error) or gave_way(error))):
                    raise
            else:
                break
        if connection is None:
            raise AssertionError("either it was committed or it raised")
        return connection

    def _next(self) -> _Due | None:
        """Waits until something is due; None when everything is written and the store closes."""
        with self._wake:
            while True:
                now = time.monotonic()
                wait = self._seconds_left(now)
                if wait <= 0:
                    return self._take(now)
                if self._closing:
                    return self._take(now) if self._since else None
                heard = self._wake.wait(min(wait, _HEARTBEAT))
                if not heard and not self._since and self._heartbeats:
                    return _Due(list(self._heartbeats.values()))

    def _seconds_left(self, now: float) -> float:
        if self._flushing:
            return 0.0
        left = float("inf")
        for kind in self._kinds:
            most = self._grouping.most_urgent if kind.urgent else self._grouping.most_patient
            if len(kind.items) >= most or kind.bytes > self._grouping.most_bytes:
                return 0.0
        for urgent, since in self._since.items():
            left = min(left, since + (self._grouping.urgent if urgent else self._grouping.patient) - now)
        return left

    def _take(self, now: float) -> _Due:
        everything = self._flushing or self._closing or self.is_full
        patient_too = everything or (
            False in self._since
            and (
                now - self._since[False] >= self._grouping.patient
                or any(len(kind.items) >= self._grouping.most_patient for kind in self._kinds)
            )
        )
        due = _Due(is_patient=patient_too, waiting=self._waiting)
        self._waiting, self._flushing = [], False
        self._since.pop(True, None)
        if patient_too:
            self._since.pop(False, None)
        for kind in self._kinds:
            step = kind.take() if kind.urgent or patient_too else None
            if step is not None:
                due.steps.append(step)
        return due


def _tell(waiting: Iterable[asyncio.Future[None]], error: StoreError | None) -> None:
    """Wakes those who wait, each event loop once."""
    by_loop: dict[asyncio.AbstractEventLoop, list[asyncio.Future[None]]] = {}
    for future in waiting:
        by_loop.setdefault(future.get_loop(), []).append(future)
    for loop, futures in by_loop.items():
        try:
            loop.call_soon_threadsafe(_settle, futures, error)
        except RuntimeError:
            # The loop ended while its tasks waited: nobody is left to be told.
            if not loop.is_closed():
                raise


def _settle(futures: list[asyncio.Future[None]], error: StoreError | None) -> None:
    for future in futures:
        if future.done():  # cancelled meanwhile
            continue
        if error is None:
            future.set_result(None)
        else:
            future.set_exception(error)
