"""Scheduled work as the store keeps it: what is done when, each time that it was due, and what came of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from sqlalchemy import Connection, RowMapping, delete, select, text, update

from evaluator.store.database import Database
from evaluator.store.many_rows import insert_into
from evaluator.store.outbox import announce_of_grader
from evaluator.store.schedule_schema import scheduled_jobs, scheduled_runs
from evaluator.store.schema import workers

RunState = Literal["waiting", "running", "done", "alarm", "failed"]
"""`alarm`: it was done, and somebody should look at what came of it."""

MOST_TRIES = 3
"""Workers that may end over one time, until it counts as failed."""
_ENDED: tuple[RunState, ...] = ("done", "alarm", "failed")
_TELLING = 7_260_115_321  # any number, the same in every version of this program: who holds it says what to tell


@dataclass(frozen=True, slots=True)
class Job:
    """What is done again and again; `cron` has five fields and is in UTC."""

    name: str
    cron: str
    next_at: str
    set_at: str


@dataclass(frozen=True, slots=True)
class ScheduledRun:
    """One time that a job was due. `said`: what came of it, in a sentence."""

    name: str
    due_at: str
    state: RunState
    owner: str | None
    tries: int
    started_at: str | None
    ended_at: str | None
    said: str | None
    is_reference: bool


@dataclass(frozen=True, slots=True)
class Alarm:
    """Why somebody should look. `reasons`: what each is about, in a word or two by which it is known again; `body`:
    what others are told, JSON.
    """

    reasons: tuple[str, ...]
    body: bytes


@dataclass(frozen=True, slots=True)
class JobOutcome:
    """What came of it. Of a canary: `told_apart` is a hash of what was measured by what, `body` the evaluation."""

    state: Literal["done", "alarm", "failed"]
    said: str
    told_apart: str | None = None
    body: bytes | None = None
    is_reference: bool = False
    alarm: Alarm | None = None


@dataclass(frozen=True, slots=True)
class JobStatus:
    """A job with the last time that it ended, and the one that is under way or waits; one that is off has no `job`."""

    name: str
    job: Job | None
    last: ScheduledRun | None
    now: ScheduledRun | None


class ScheduleShelf:
    """All scheduled work of one store. Any number of processes may use it at once."""

    def __init__(self, database: Database, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._database = database
        self._now = now

    def find(self, name: str) -> Job | None:
        """A job that is on."""
        with self._database.reading() as connection:
            row = connection.execute(select(scheduled_jobs).where(scheduled_jobs.c.name == name)).mappings().first()
        return None if row is None else Job(**row)

    def set(self, name: str, cron: str, next_at: datetime) -> None:
        """Turns a job on, or says when it is due next."""
        row = {"name": name, "cron": cron, "next_at": _text(next_at), "set_at": _text(self._now())}
        with self._database.writing() as connection:
            insert = insert_into(connection.dialect.name, scheduled_jobs).values(row)
            changed = {"cron": row["cron"], "next_at": row["next_at"]}
            connection.execute(insert.on_conflict_do_update(index_elements=["name"], set_=changed))

    def unset(self, name: str) -> None:
        """Turns a job off; what came of earlier times stays."""
        with self._database.writing() as connection:
            connection.execute(delete(scheduled_jobs).where(scheduled_jobs.c.name == name))
            waits = (scheduled_runs.c.name == name) & (scheduled_runs.c.state == "waiting")
            connection.execute(delete(scheduled_runs).where(waits))

    def due(self, name: str, at: Callable[[Job], datetime | None], next_at: Callable[[Job], datetime]) -> None:
        """A job that is on is due at `at` (None: it is not), next at `next_at`. Once for each time, whoever says so,
        and however often. An earlier time that still waits is given up, and so is one that is told of after a later
        one: one is enough.
        """
        with self._database.writing() as connection:
            # Held: nobody turns it off, or gives it another time, in between.
            this = scheduled_jobs.c.name == name
            row = connection.execute(select(scheduled_jobs).where(this).with_for_update()).mappings().first()
            job = None if row is None else Job(**row)
            moment = None if job is None else at(job)
            if job is None or moment is None:
                return
            _put(connection, name, _text(moment))
            connection.execute(update(scheduled_jobs).where(this).values(next_at=_text(next_at(job))))

    def claim(self, names: Collection[str], worker: str) -> ScheduledRun | None:
        """The oldest that waits, for this worker alone; None where nothing does."""
        waits = (scheduled_runs.c.state == "waiting") & scheduled_runs.c.name.in_(list(names))
        # Looked at first without a lock on writing: as a rule there is nothing.
        with self._database.reading() as connection:
            found = connection.execute(select(scheduled_runs).where(waits).order_by(scheduled_runs.c.due_at)).mappings()
            row = found.first()
        if row is None:
            return None
        this = _this(row["name"], row["due_at"])
        taken = {"state": "running", "owner": worker, "tries": row["tries"] + 1, "started_at": _text(self._now())}
        with self._database.writing() as connection:
            mine = connection.execute(update(scheduled_runs).where(this, waits).values(taken)).rowcount
        return _run({**row, **taken}) if mine else None

    def finish(self, name: str, due_at: str, owner: str | None, outcome: JobOutcome) -> bool:
        """What came of it, with the event that tells others of an alarm; False where it is another's by now."""
        this = _this(name, due_at) & _RUNNING & (scheduled_runs.c.owner == owner)
        with self._database.writing() as connection:
            news = self._news(connection, name, outcome)
            ended = update(scheduled_runs).where(this).values(self._ended(outcome))
            if not connection.execute(ended).rowcount:
                return False
            self._tell(connection, news)
            return True

    def add_finished(self, name: str, at: datetime, outcome: JobOutcome) -> None:
        """A time that was asked for by hand, with the event that tells others of an alarm."""
        row = {"name": name, "tries": 1, "started_at": _text(at), **self._ended(outcome)}
        with self._database.writing() as connection:
            insert = insert_into(connection.dialect.name, scheduled_runs).on_conflict_do_nothing()
            insert = insert.returning(scheduled_runs.c.due_at)
            news = self._news(connection, name, outcome)
            # Times are told apart by their second: one that ended in the same is no reason to lose this one.
            while connection.execute(insert.values(row | {"due_at": _text(at)})).first() is None:
                at += timedelta(seconds=1)
            self._tell(connection, news)

    def _tell(self, connection: Connection, news: Alarm | None) -> None:
        if news is not None:
            announce_of_grader(connection, news.body, self._now())

    def _news(self, connection: Connection, name: str, outcome: JobOutcome) -> Alarm | None:
        """Its alarm, where that is about anything that was not told since all was well the last time. Of two that end
        at once one comes second.
        """
        if outcome.alarm is None:
            return None
        if not self._database.is_sqlite:
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _TELLING})
        same = (scheduled_runs.c.name == name) & (scheduled_runs.c.told_apart == outcome.told_apart)
        asked = select(scheduled_runs.c.state, scheduled_runs.c.reasons).where(
            same, scheduled_runs.c.state.in_(("done", "alarm"))
        )
        told: set[str] = set()
        for row in connection.execute(asked.order_by(scheduled_runs.c.ended_at.desc(), scheduled_runs.c.due_at.desc())):
            if row.state == "done":
                break
            told.update(json.loads(row.reasons or "[]"))
        return outcome.alarm if set(outcome.alarm.reasons) - told else None

    def look_up(self, name: str, due_at: str) -> ScheduledRun | None:
        """One time that a job was due."""
        with self._database.reading() as connection:
            row = connection.execute(select(scheduled_runs).where(_this(name, due_at))).mappings().first()
        return None if row is None else _run(row)

    def hand_back(self, run: ScheduledRun) -> None:
        """It was not done, and waits for another worker; what has ended meanwhile stays so."""
        with self._database.writing() as connection:
            this = _this(run.name, run.due_at) & (scheduled_runs.c.owner == run.owner)
            connection.execute(
                update(scheduled_runs).where(this, _RUNNING).values(state="waiting", tries=run.tries - 1)
            )

    def hand_back_from_others(self) -> None:
        """What workers that are not on the roll any more were at waits for another; what ends them again and again has
        failed.
        """
        # The roll is read by the statement itself: who entered it since, and took something, keeps that.
        theirs = _RUNNING & scheduled_runs.c.owner.not_in(select(workers.c.id))
        with self._database.reading() as connection:
            if connection.execute(select(scheduled_runs.c.name).where(theirs).limit(1)).first() is None:
                return
        failed = JobOutcome("failed", f"{MOST_TRIES} workers ended while they were at it.")
        with self._database.writing() as connection:
            too_often = theirs & (scheduled_runs.c.tries >= MOST_TRIES)
            connection.execute(update(scheduled_runs).where(too_often).values(self._ended(failed)))
            connection.execute(update(scheduled_runs).where(theirs).values(state="waiting"))

    def statuses(self) -> tuple[JobStatus, ...]:
        """Every job that is on or ever was."""
        with self._database.reading() as connection:
            return statuses_of(connection)

    def history(self, name: str, limit: int = 50) -> list[ScheduledRun]:
        """The times that a job was due, the newest first."""
        asked = select(scheduled_runs).where(scheduled_runs.c.name == name).order_by(scheduled_runs.c.due_at.desc())
        with self._database.reading() as connection:
            return [_run(row) for row in connection.execute(asked.limit(limit)).mappings()]

    def reference(self, name: str, told_apart: str) -> bytes | None:
        """The evaluation that later ones of the same are held beside."""
        asked = select(scheduled_runs.c.body).where(
            scheduled_runs.c.name == name, scheduled_runs.c.told_apart == told_apart, scheduled_runs.c.is_reference
        )
        with self._database.reading() as connection:
            body: bytes | None = connection.scalar(asked.order_by(scheduled_runs.c.due_at.desc()).limit(1))
        return body

    def make_reference(self, name: str) -> ScheduledRun | None:
        """The last one that was measured is what later ones are held beside; None where nothing was."""
        measured = (scheduled_runs.c.name == name) & scheduled_runs.c.body.is_not(None)
        with self._database.writing() as connection:
            newest = select(scheduled_runs).where(measured).order_by(scheduled_runs.c.due_at.desc()).limit(1)
            row = connection.execute(newest).mappings().first()
            if row is None:
                return None
            same = measured & (scheduled_runs.c.told_apart == row["told_apart"])
            connection.execute(update(scheduled_runs).where(same).values(is_reference=False))
            accepted = {"is_reference": True, "state": "done"}
            connection.execute(update(scheduled_runs).where(_this(name, row["due_at"])).values(accepted))
        return _run({**row, **accepted})

    def forget(self, before: datetime) -> None:
        """Old times go, but for what later ones are held beside."""
        old = (scheduled_runs.c.due_at < _text(before)) & ~scheduled_runs.c.is_reference
        with self._database.writing() as connection:
            connection.execute(delete(scheduled_runs).where(old, scheduled_runs.c.state.in_(_ENDED)))

    def _ended(self, outcome: JobOutcome) -> dict[str, Any]:
        return {
            "state": outcome.state,
            "said": outcome.said,
            "told_apart": outcome.told_apart,
            "body": outcome.body,
            "is_reference": outcome.is_reference,
            "reasons": None if outcome.alarm is None else json.dumps(outcome.alarm.reasons),
            "ended_at": _text(self._now()),
        }


def statuses_of(connection: Connection) -> tuple[JobStatus, ...]:
    """Every job that is on or ever was."""
    jobs = {row["name"]: Job(**row) for row in connection.execute(select(scheduled_jobs)).mappings()}
    names = {*jobs, *connection.scalars(select(scheduled_runs.c.name).distinct())}
    return tuple(
        JobStatus(
            name,
            jobs.get(name),
            _newest(connection, name, _ENDED),
            _newest(connection, name, ("running", "waiting")),
        )
        for name in sorted(names)
    )


def _put(connection: Connection, name: str, due_at: str) -> None:
    of_job = scheduled_runs.c.name == name
    by_clock = scheduled_runs.c.owner.is_not(None) | (scheduled_runs.c.state == "waiting")
    later = select(scheduled_runs.c.name).where(of_job, by_clock, scheduled_runs.c.due_at > due_at).limit(1)
    if connection.execute(later).first() is not None:
        return
    row = {"name": name, "due_at": due_at, "state": "waiting", "tries": 0, "is_reference": False}
    insert = insert_into(connection.dialect.name, scheduled_runs).values(row)
    connection.execute(insert.on_conflict_do_nothing())
    waits = of_job & (scheduled_runs.c.due_at < due_at) & (scheduled_runs.c.state == "waiting")
    connection.execute(delete(scheduled_runs).where(waits))


def _newest(connection: Connection, name: str, states: Collection[RunState]) -> ScheduledRun | None:
    asked = select(scheduled_runs).where(scheduled_runs.c.name == name, scheduled_runs.c.state.in_(states))
    row = connection.execute(asked.order_by(scheduled_runs.c.due_at.desc()).limit(1)).mappings().first()
    return None if row is None else _run(row)


_RUNNING = scheduled_runs.c.state == "running"


def _this(name: str, due_at: str) -> Any:
    return (scheduled_runs.c.name == name) & (scheduled_runs.c.due_at == due_at)


def _run(row: RowMapping | dict[str, Any]) -> ScheduledRun:
    return ScheduledRun(**{name: row[name] for name in ScheduledRun.__slots__})


def _text(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds")
