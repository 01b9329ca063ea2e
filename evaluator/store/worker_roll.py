"""The roll of workers: each says that it is alive, and sees who else is, by no clock but its own."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import delete, select

from evaluator.store.database import Database
from evaluator.store.schema import workers

BEAT = 2.0
"""Seconds between two signs of life."""
SILENCE = 15.0
"""Seconds without a sign of life after which a worker counts as dead."""
_LISTENED = 2 * BEAT  # seconds between two looks that count at most: while the store is away nobody can be heard


@dataclass(frozen=True, slots=True)
class WorkerRecord:
    """A worker as the store has it. `beats` grows while it lives; `graded`: answers since it started."""

    id: str
    host: str
    process: int
    version: str
    state: str
    beats: int
    graded: int
    started_at: str
    heard_at: str


class WorkerRoll:
    """All workers of one store."""

    def __init__(self, database: Database, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._database = database
        self._now = now

    def enter(self, worker: str, version: str) -> None:
        """A worker starts. Safe to say again, where it is not known whether it was heard."""
        now = self._now().isoformat(timespec="seconds")
        row = WorkerRecord(worker, this_host(), os.getpid(), version, "working", 0, 0, now, now)
        with self._database.writing() as connection:
            connection.execute(delete(workers).where(workers.c.id == worker))
            connection.execute(workers.insert(), asdict(row))

    def beat(self, worker: str, *, graded: int, draining: bool) -> list[WorkerRecord]:
        """A sign of life. Returns everybody on the roll. Whoever was struck off, after too long a silence, is not on
        it and has to enter anew.
        """
        with self._database.writing() as connection:
            connection.execute(
                workers.update()
                .where(workers.c.id == worker)
                .values(
                    beats=workers.c.beats + 1,
                    graded=graded,
                    state="draining" if draining else "working",
                    heard_at=self._now().isoformat(timespec="seconds"),
                )
            )
            return [WorkerRecord(**row) for row in connection.execute(select(workers)).mappings()]

    def all(self) -> list[WorkerRecord]:
        """Everybody on the roll."""
        with self._database.reading() as connection:
            return [WorkerRecord(**row) for row in connection.execute(select(workers)).mappings()]

    def leave(self, worker: str) -> None:
        """A worker ends, or is found dead."""
        with self._database.writing() as connection:
            connection.execute(delete(workers).where(workers.c.id == worker))


class Watch:
    """Who is alive, as one process sees it: a worker whose count has not grown for `SILENCE` seconds in which this
    process looked, by its own clock, is dead. No clocks of two machines are compared.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._looked: float | None = None
        self._seen: dict[str, tuple[int, float]] = {}  # beats, and seconds of silence since

    def look(self, roll: Mapping[str, WorkerRecord]) -> set[str]:
        """Takes in the roll; the ids of the dead."""
        now = self._clock()
        listened = 0.0 if self._looked is None else min(_LISTENED, now - self._looked)
        self._looked = now
        before, self._seen = self._seen, {}
        for worker, record in roll.items():
            count, silent = before.get(worker, (record.beats, 0.0))
            self._seen[worker] = (record.beats, silent + listened if record.beats == count else 0.0)
        return {worker for worker, (_, silent) in self._seen.items() if silent > SILENCE or _is_gone(roll[worker])}


def this_host() -> str:
    """The name of this computer, with that of the space of process numbers, which containers may have of their own."""
    space = Path("/proc/self/ns/pid")
    try:
        return f"{socket.gethostname()} {space.readlink()}"
    except OSError:  # not on Linux
        return socket.gethostname()


def _is_gone(record: WorkerRecord) -> bool:
    """Whether a process of this computer has ended: no need to wait for its silence."""
    if record.host != this_host() or os.name == "nt":  # there, no signal only asks
        return False
    try:
        os.kill(record.process, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False  # it is there, and another user's
    return False
