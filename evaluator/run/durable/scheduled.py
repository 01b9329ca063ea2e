"""Scheduled work: what is due is done by one worker, once, however many there are; what was missed, once and late."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial

from evaluator.errors import EvaluatorError, StoreError
from evaluator.run.durable.patience import insist, pause
from evaluator.store.schedule_shelf import Job, JobOutcome, ScheduledRun, ScheduleShelf

_LOOK = 2.0  # seconds between two looks for what is due
_RINGS_WITHIN = timedelta(minutes=1)
_KEPT = timedelta(days=400)  # that the store remembers what came of it

logger = logging.getLogger("evaluator.scheduled")

Do = Callable[[ScheduledRun], Awaitable[JobOutcome | None]]
"""Does what is due; None: it wrote down itself what came of it. Cancelled where the worker ends, and then done anew by
another."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """What is done when. `cron`: five fields, in UTC; None: never."""

    name: str
    cron: str | None
    do: Do


class Scheduled:
    """One worker's part in the scheduled work of a store. When it is to be done says who started last."""

    def __init__(self, shelf: ScheduleShelf, schedules: Mapping[str, Schedule], worker: str) -> None:
        self._shelf = shelf
        self._schedules = schedules
        self._worker = worker

    @property
    def crons(self) -> Mapping[str, str | None]:
        """When what is done, by name; None: never."""
        return {name: each.cron for name, each in self._schedules.items()}

    def begin(self) -> None:
        """Says when what is due; what was due while nobody worked is due now, once. Blocks."""
        now = datetime.now(UTC)
        for name, each in self._schedules.items():
            if each.cron is None:
                self._shelf.unset(name)
            else:
                self._make_up(name, now)
                self._shelf.set(name, each.cron, next_after(each.cron, now))

    def due(self, name: str, at: datetime) -> None:
        """The clock says that something is due. Called in a thread, by every worker's clock."""
        now = max(at, datetime.now(UTC))
        self._shelf.due(name, lambda _: at, lambda job: next_after(job.cron, now))

    def tidy(self) -> None:
        """What workers that are not on the roll any more were at is done by another, and what the clock did not ring
        for, such as what came due while it was being started; old times go. Blocks.
        """
        now = datetime.now(UTC)
        self._shelf.hand_back_from_others()
        for name in self._schedules:
            self._make_up(name, now - _RINGS_WITHIN)
        self._shelf.forget(now - _KEPT)

    def _make_up(self, name: str, until: datetime) -> None:
        """What was to be done by then and was not is due now, once."""

        def missed(job: Job) -> datetime | None:
            return _last_before(job.cron, until) if datetime.fromisoformat(job.next_at) <= until else None

        job = self._shelf.find(name)
        if job is not None and missed(job) is not None:  # else nothing has to be locked
            self._shelf.due(name, missed, lambda job: next_after(job.cron, until))

    async def run(self, leaving: asyncio.Event) -> None:
        """Does what is due until `leaving` is set; what is under way then is given up, and waits for another."""
        while not leaving.is_set():
            try:
                run = await asyncio.to_thread(self._shelf.claim, list(self._schedules), self._worker)
                if run is not None:
                    await self._carry_out(run, leaving)
                    continue
            except StoreError as error:
                logger.warning("store away", extra={"worker": self._worker, "reason": error.message})
            await pause(leaving, _LOOK)

    async def _carry_out(self, run: ScheduledRun, leaving: asyncio.Event) -> None:
        said = {"worker": self._worker, "job": run.name, "due": run.due_at}
        logger.info("scheduled work begins", extra=said)
        doing = asyncio.ensure_future(self._schedules[run.name].do(run))
        left = asyncio.ensure_future(leaving.wait())
        try:
            await asyncio.wait({doing, left}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            left.cancel()
            doing.cancel()
            # However it ends: what goes wrong over giving it up came of it, and does not end the worker.
            await asyncio.wait({doing})
        if doing.cancelled():
            await asyncio.to_thread(self._shelf.hand_back, run)
        elif (outcome := _outcome_of(doing)) is not None:
            await insist(partial(self._shelf.finish, run.name, run.due_at, run.owner, outcome), leaving)
        now = await insist(partial(self._shelf.look_up, run.name, run.due_at), leaving)
        if now is None or now.state in ("waiting", "running"):
            logger.info("scheduled work is left to another", extra=said)
            return
        level = logging.INFO if now.state == "done" else logging.WARNING
        logger.log(level, "scheduled work ended", extra=said | {"state": now.state, "came_of_it": now.said})


def _outcome_of(done: asyncio.Future[JobOutcome | None]) -> JobOutcome | None:
    error = done.exception()
    if error is None:
        return done.result()
    if isinstance(error, EvaluatorError):
        return JobOutcome("failed", error.message)
    # The worker's border: what nobody foresaw is told without what it says.
    logger.error("unforeseen", exc_info=error)
    return JobOutcome("failed", f"Something nobody foresaw happened: {type(error).__name__}.")


def next_after(cron: str, now: datetime) -> datetime:
    """When it is due next, in UTC."""
    from croniter import croniter  # here: only workers have it

    found: datetime = croniter(cron, now).get_next(datetime)
    return found


def _last_before(cron: str, now: datetime) -> datetime:
    from croniter import croniter

    found: datetime = croniter(cron, now).get_prev(datetime)
    return found
