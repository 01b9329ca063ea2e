"""The queue that workers share, on DBOS Transact: what is put there is run by one of them, and by another if it dies.

Only names and ids go in: a kind of work and which. What is to be done, and whether it is done, is in the store; the
queue can be lost and is filled anew from there. So one version of the queue serves all versions of this program: a new
kind of work gets a new name and a lane of its own, and an older worker, which does not listen there, leaves it alone.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import NullPool, create_engine, text

from evaluator.errors import SetupError, StoreError
from evaluator.store.address import StoreAddress, queue_file, server_arguments
from evaluator.store.failures import as_store_errors

CLOCK = "scheduled"
_APPLICATION = "screening-answer-evaluator"
_VERSION = "1"
_SCHEMA = "evaluator_work"
_LOCK_LOOK = 0.2  # seconds between two tries to be the one who starts
_OPEN = ("ENQUEUED", "DELAYED", "PENDING")
_ENDED = ("SUCCESS", "ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED")
_MOST_PRIORITY = 2**31 - 1
_STARTING = 7_260_115_319  # any number, the same for every worker: who holds it starts
_REVIVING = 7_260_115_320
_LONGEST_REVIVAL = 60  # seconds; whoever is cut off over it holds nobody up for longer
_AT_ONCE = 500
_ABOUT_TO = 10.0  # seconds within which work that was given out has begun, and what is over is known to be

Handler = Callable[[str, int], None]
"""Does one piece of work, given its id and turn. Called in a thread; safe to call twice."""


@dataclass(frozen=True, slots=True)
class LaneOfWork:
    """Where work of one kind waits; `at_once`: pieces that one worker takes at a time; `look`: seconds between two
    looks of a worker into it, each of which takes milliseconds of a processor even where nothing waits.
    """

    kind: str
    at_once: int
    look: float
    handler: Handler


@dataclass(frozen=True, slots=True)
class Clock:
    """What is due again and again: when, by name (five fields of cron, in UTC; None: never), and who is told.

    `due` is called in a thread, by one worker as a rule, and is safe to call twice.
    """

    crons: Mapping[str, str | None]
    due: Callable[[str, datetime], None]


class WorkQueue:
    """One worker's end of the queue. There is one in a process."""

    def __init__(
        self, address: StoreAddress, worker: str, lanes: Sequence[LaneOfWork], clock: Clock | None = None
    ) -> None:
        self._clock = clock
        self._address = address
        self._url = queue_url(address)
        self._worker = worker
        self._lanes = tuple(lanes)
        self._running: set[str] = set()
        self._mislaid: dict[str, float] = {}

    def start(self) -> None:
        """Begins to take work. Raises SetupError where DBOS is not installed, and StoreError, after which it may be
        begun anew.
        """
        dbos = _dbos()
        try:
            with as_store_errors(self._address):
                self._start(dbos)
        except StoreError:
            dbos.destroy(destroy_registry=True)
            raise

    def _start(self, dbos: Any) -> None:
        logging.getLogger("dbos").propagate = False
        dbos(
            config={
                "name": _APPLICATION,
                "system_database_url": self._url,
                "dbos_system_schema": _SCHEMA,
                "application_version": _VERSION,
                "executor_id": self._worker,
                "log_level": "ERROR",
                "enable_otlp": False,
                **self._engine_options(),
            }
        )
        for lane in self._lanes:
            self._register(dbos, lane)
        kinds = [lane.kind for lane in self._lanes]
        told = None if self._clock is None else _register_clock(dbos, self._clock)
        dbos.listen_queues([*kinds, CLOCK] if told else kinds)
        with _alone(self._address):
            dbos.launch()
        for lane in self._lanes:
            # Kept in the queue itself: how much one worker takes at a time is the same for all, as the last one said.
            dbos.register_queue(
                lane.kind,
                worker_concurrency=lane.at_once,
                polling_interval_sec=lane.look,
                on_conflict="always_update",
            )
        if self._clock is not None:
            _set(dbos, self._clock, told)

    def _engine_options(self) -> dict[str, Any]:
        if self._address.path is not None:
            return {}
        return {"db_engine_kwargs": {"connect_args": server_arguments(self._address.url)}}

    def put(self, kind: str, work_id: str, turn: int, priority: int, *, delay: float = 0.0) -> None:
        """Puts a piece of work there, for in `delay` seconds. The same `turn` of the same work is there once, however
        often it is put.
        """
        options: dict[str, Any] = {
            "workflow_name": kind,
            "queue_name": kind,
            "workflow_id": _name(kind, work_id, turn),
            "priority": min(max(1, priority), _MOST_PRIORITY),
            "app_version": _VERSION,
        }
        if delay:
            options["delay_seconds"] = delay
        with as_store_errors(self._address):
            _dbos().enqueue_workflow_with_options(options, work_id, turn)

    def revive(self, dead: Iterable[str]) -> int | None:
        """What these workers were at goes back into the queue. Returns how many pieces of work that was; None where
        another worker does the same just now: both would have them done.
        """
        with as_store_errors(self._address), _first(self._address) as is_first:
            if not is_first:
                return None
            return self._resume(
                _dbos().list_workflows(status="PENDING", executor_id=list(dead), load_input=False, load_output=False)
            )

    def take_up_mislaid(self, now: float) -> int:
        """What the queue says this worker is at, and it is not, goes back into the queue: the database went away when
        it had just been given out. It may be about to begin, or to be over: it is left for some seconds. `now`: seconds
        of a clock that nobody sets.
        """
        with as_store_errors(self._address):
            given = _dbos().list_workflows(
                status="PENDING", executor_id=self._worker, load_input=False, load_output=False
            )
            mislaid = {each.workflow_id for each in given} - self._running
            since = {name: self._mislaid.get(name, now) for name in mislaid}
            again = {name for name, first in since.items() if now - first >= _ABOUT_TO}
            self._mislaid = {name: first for name, first in since.items() if name not in again}
            return self._resume([each for each in given if each.workflow_id in again])

    def _resume(self, workflows: Iterable[Any]) -> int:
        by_lane: dict[str, list[str]] = {}
        for workflow in workflows:
            if workflow.queue_name is not None:
                by_lane.setdefault(workflow.queue_name, []).append(workflow.workflow_id)
        for lane, ids in by_lane.items():
            _dbos().resume_workflows(ids, queue_name=lane)
        return sum(map(len, by_lane.values()))

    def unknown(self, kind: str, work: Mapping[str, int], roll: Callable[[], Collection[str]]) -> list[str]:
        """Which of this work (its turn by its id) is neither waiting in the queue nor with a worker on the roll.

        The roll is read after the queue: a worker that entered it, and took work, in between is on it.
        """
        names = {_name(kind, work_id, turn): work_id for work_id, turn in work.items()}
        known: set[str] = set()
        every = list(names)
        for start in range(0, len(every), _AT_ONCE):
            with as_store_errors(self._address):
                found = _dbos().list_workflows(
                    workflow_ids=every[start : start + _AT_ONCE], load_input=False, load_output=False
                )
            workers = roll()
            known.update(each.workflow_id for each in found if _is_in_hand(each, workers))
        return [work_id for name, work_id in names.items() if name not in known]

    def stranded(self, kind: str, work: Iterable[str], roll: Callable[[], Collection[str]]) -> dict[str, int]:
        """Which of this work was put there, and neither waits nor is with a worker on the roll, which is read after the
        queue: its last turn, by its id.
        """
        found: dict[str, int] = {}
        with as_store_errors(self._address):
            open_now = _dbos().list_workflows(name=kind, status=list(_OPEN), load_input=False, load_output=False)
            workers = roll()
            in_hand = {_work_id(each) for each in open_now if _is_in_hand(each, workers)}
            for work_id in work:
                if work_id not in in_hand:
                    put = _dbos().list_workflows(
                        workflow_id_prefix=f"{kind}/{work_id}/", load_input=False, load_output=False
                    )
                    # Taken up, or over, since the look before.
                    workers = roll() if put else ()
                    if put and not any(_is_in_hand(each, workers) for each in put):
                        found[work_id] = max(int(each.workflow_id.rpartition("/")[2]) for each in put)
        return found

    def tidy(self, older_than: timedelta) -> None:
        """Forgets work that ended so long ago."""
        before = (datetime.now(UTC) - older_than).isoformat()
        dbos = _dbos()
        with as_store_errors(self._address):
            ended = dbos.list_workflows(
                status=list(_ENDED), completed_before=before, limit=_AT_ONCE, load_input=False, load_output=False
            )
            if ended:
                dbos.delete_workflows([each.workflow_id for each in ended])

    def stop(self, seconds: int) -> None:
        """Takes nothing more, and waits so long for what is being done. Blocks."""
        _dbos().destroy(workflow_completion_timeout_sec=seconds, destroy_registry=True)

    def _register(self, dbos: Any, lane: LaneOfWork) -> None:
        def work(work_id: str, turn: int) -> None:
            name = _name(lane.kind, work_id, turn)
            self._running.add(name)
            try:
                lane.handler(work_id, turn)
            finally:
                self._running.discard(name)

        work.__qualname__ = work.__name__ = lane.kind
        # How often is too often is for the store's record to say, which knows why.
        dbos.workflow(name=lane.kind, max_recovery_attempts=None)(work)


def queue_url(address: StoreAddress) -> str:
    """Where DBOS keeps its tables: a schema of its own in the store's PostgreSQL, a file beside the store's file."""
    if address.path is None:
        return address.url.render_as_string(hide_password=False)
    beside = queue_file(address.path)
    with contextlib.suppress(FileExistsError):
        os.close(os.open(beside, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    return f"sqlite:///{beside}"


@contextmanager
def _alone(address: StoreAddress) -> Iterator[None]:
    """One worker at a time makes the queue's tables. Whoever waits holds no transaction meanwhile: PostgreSQL makes
    indexes only when every transaction that began before has ended.
    """
    if address.path is not None:
        with _held(address.path):
            yield
        return
    engine = create_engine(
        address.url, poolclass=NullPool, isolation_level="AUTOCOMMIT", connect_args=server_arguments(address.url)
    )
    with engine.connect() as connection:
        while not connection.scalar(text("SELECT pg_try_advisory_lock(:key)"), {"key": _STARTING}):
            time.sleep(_LOCK_LOOK)
        yield


@contextmanager
def _first(address: StoreAddress) -> Iterator[bool]:
    """Whether this worker may revive what others had, while no other does."""
    if address.path is not None:
        with _held(address.path):
            yield True
        return
    engine = create_engine(address.url, poolclass=NullPool, connect_args=server_arguments(address.url))
    with engine.connect() as connection, connection.begin():
        connection.exec_driver_sql(f"SET LOCAL idle_in_transaction_session_timeout = '{_LONGEST_REVIVAL}s'")
        yield bool(connection.scalar(text("SELECT pg_try_advisory_xact_lock(:key)"), {"key": _REVIVING}))


@contextmanager
def _held(store: Path) -> Iterator[None]:
    """A lock of the system's on the store's file, beside the database's own."""
    if sys.platform == "win32":
        yield
        return
    import fcntl  # here: Windows has none

    with store.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _name(kind: str, work_id: str, turn: int) -> str:
    return f"{kind}/{work_id}/{turn}"


def _work_id(workflow: Any) -> str:
    return str(workflow.workflow_id.split("/")[1])


def _is_in_hand(workflow: Any, workers: Collection[str]) -> bool:
    """Whether a piece of work waits in the queue, or is with one of these workers."""
    if workflow.status == "PENDING":
        return workflow.executor_id in workers
    return workflow.status not in _ENDED


def _register_clock(dbos: Any, clock: Clock) -> Callable[[datetime, str], None]:
    def note_due(at: datetime, name: str) -> None:
        clock.due(name, at)

    note_due.__qualname__ = note_due.__name__
    told: Callable[[datetime, str], None] = dbos.workflow(name="note_due", max_recovery_attempts=None)(note_due)
    return told


def _set(dbos: Any, clock: Clock, told: Callable[[datetime, str], None] | None) -> None:
    """The clock is in the queue's tables, one for all workers. A time that passes while nobody works is not made up
    for there: the store knows of it.
    """
    dbos.register_queue(CLOCK, polling_interval_sec=1.0, on_conflict="always_update")
    on = {name: cron for name, cron in clock.crons.items() if cron is not None}
    dbos.apply_schedules([
        {"schedule_name": name, "workflow_fn": told, "schedule": cron, "context": name, "queue_name": CLOCK}
        for name, cron in on.items()
    ])  # fmt: skip
    for name in clock.crons.keys() - on.keys():
        dbos.delete_schedule(name)


def _dbos() -> Any:
    try:
        from dbos import DBOS
    except ModuleNotFoundError as error:
        raise SetupError(
            "Workers need parts that are not installed.", hint="pip install 'screening-answer-evaluator[service]'"
        ) from error
    return DBOS
