"""A worker: takes work from the queue, grades, writes down; sees who else works, and takes over from the dead."""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from evaluator.core.pace import PaceSettings
from evaluator.core.shares import share_of
from evaluator.core.tracing import Span, Tracer
from evaluator.core.work import CHUNK, Lane, WorkBatch, seconds_until_next
from evaluator.errors import AtsUnavailableError, EvaluatorError, StoreError
from evaluator.graders.pacers import Pacers
from evaluator.run.durable.admission import Admission
from evaluator.run.durable.batch_grading import BatchResult, BatchShelf, grade_batch
from evaluator.run.durable.courier import Courier
from evaluator.run.durable.feed import BULK, EVENT, TURNS, WEBHOOK, Feed
from evaluator.run.durable.patience import insist, insist_on, pause
from evaluator.run.durable.queue import Clock, LaneOfWork, WorkQueue
from evaluator.run.durable.room import Room
from evaluator.run.durable.run_graders import RunGraders, reason_of
from evaluator.run.durable.scheduled import Schedule, Scheduled
from evaluator.run.durable.traced import note_result, note_settled, traced_batch
from evaluator.run.intake import Intake
from evaluator.store.reachable import once_there
from evaluator.store.store import Store
from evaluator.store.worker_roll import BEAT, Watch, WorkerRecord

T = TypeVar("T")

_LOOK = 0.5  # seconds between two looks for what is to be put into the queue
_LOOK_OF_ONE = 0.4  # seconds, for submissions and events: short beside what a model takes
_LOOK_OF_BULK = 0.2  # seconds; a worker has few chunks at a time, and must not stand idle between them
_SUBMISSIONS_AT_ONCE = 32  # that one worker grades; a few answers each
_EVENTS_AT_ONCE = 16
_EVENT_TRIES = 12
_SURVEY = 20.0  # seconds between two comparisons of the store with the queue
_GIVES_UP_WITHIN = 10.0  # seconds more than draining takes: a canary in a process of its own is killed after ten
_ID_BYTES = 4

logger = logging.getLogger("evaluator.worker")


@dataclass(frozen=True, slots=True)
class WorkerOptions:
    """`limits` hold for all workers together; each takes a share. `drain`: seconds for what is in flight at the end."""

    limits: PaceSettings
    version: str
    drain: float
    tracer: Tracer | None = None


@dataclass(frozen=True, slots=True)
class ServiceWork:
    """What a worker does for the service beside grading; None: it leaves that to others."""

    admission: Admission | None = None
    intake: Intake | None = None
    courier: Courier | None = None
    schedules: Mapping[str, Schedule] | None = None


class Worker:
    """Works until it is told to end. One in a process."""

    def __init__(
        self,
        store: Store,
        graders: RunGraders,
        pacers: Pacers,
        options: WorkerOptions,
        service: ServiceWork | None = None,
    ) -> None:
        self._service = service or ServiceWork()
        self.id = f"wrk_{secrets.token_hex(_ID_BYTES)}"
        self._store = store
        self._graders = graders
        self._pacers = pacers
        self._options = options
        schedules = self._service.schedules
        self._scheduled = None if schedules is None else Scheduled(store.schedules, schedules, self.id)
        clock = None if self._scheduled is None else Clock(self._scheduled.crons, self._scheduled.due)
        self._queue = WorkQueue(store.address, self.id, self._lanes(), clock)
        with_events = self._service.intake is not None
        self._feed = Feed(store, self._queue, self._service.admission, with_events=with_events)
        self._watch = Watch(time.monotonic)
        self._room = Room()
        self.leaving = asyncio.Event()
        """Set once the worker is about to end."""
        self._survey_now = asyncio.Event()
        self._in_hand: set[asyncio.Task[None]] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self.graded = 0

    async def run(self, leaving: asyncio.Event) -> None:
        """Works until `leaving` is set; then finishes what is in flight, for `drain` seconds at most, and hands back
        the rest. Raises SetupError where it cannot begin.
        """
        self.leaving, self._loop = leaving, asyncio.get_running_loop()
        try:
            await self._begin()
            logger.info("worker started", extra={"worker": self.id})
            await self._mind(leaving)
        except StoreError:
            if not leaving.is_set():  # else it was told to end while it waited for the store
                raise
        finally:
            await self._graders.close()
            with suppress(StoreError):
                await asyncio.to_thread(self._store.workers.leave, self.id)
            logger.info("worker ended", extra={"worker": self.id, "graded": self.graded})

    async def _begin(self) -> None:
        """What comes before work. The store may go away in the midst of it, as later: it is waited for."""
        await self._once_there(partial(self._store.workers.enter, self.id, self._options.version))
        await self._join()
        if self._scheduled is not None:
            await self._once_there(self._scheduled.begin)
        await self._once_there(self._queue.start)

    async def _once_there(self, step: Callable[[], T]) -> T:
        def tell(error: StoreError) -> None:
            logger.warning("store away", extra={"worker": self.id, "reason": error.message})

        return await asyncio.to_thread(
            once_there, self._store.address, step, is_over=self.leaving.is_set, tell=tell, pause=time.sleep
        )

    def _lanes(self) -> Sequence[LaneOfWork]:
        held = max(1, -(-3 * self._options.limits.most // (2 * CHUNK)))
        work = self._store.work
        lanes = [
            LaneOfWork(WEBHOOK, _SUBMISSIONS_AT_ONCE, _LOOK_OF_ONE, partial(self._work, work, "webhook")),
            LaneOfWork(BULK, held, _LOOK_OF_BULK, partial(self._work, work, "bulk")),
        ]
        if self._service.intake is not None:
            lanes.append(LaneOfWork(EVENT, _EVENTS_AT_ONCE, _LOOK_OF_ONE, self._settle))
        return lanes

    async def _join(self) -> None:
        """Takes a share of the limits; the others have made room for it before anything is asked."""
        roll = {each.id: each for each in await self._once_there(self._store.workers.all)}
        self._take_share(roll, self._watch.look(roll))
        if len(roll) > 1:
            await asyncio.sleep(2 * BEAT)

    async def _mind(self, leaving: asyncio.Event) -> None:
        """All that goes on beside the work, until the worker is told to end, and while it drains."""
        work = [self._beat(), self._fill(), self._survey()]
        if self._service.courier is not None:
            work.append(self._service.courier.run(leaving, self.id))
        minding = [asyncio.create_task(each) for each in work]
        # Once it is told, it hands back what it is at, or says what came of it, and ends by itself.
        ending = [] if self._scheduled is None else [asyncio.create_task(self._scheduled.run(leaving))]
        minding += ending
        told = asyncio.create_task(leaving.wait())
        await asyncio.wait({told, *minding}, return_when=asyncio.FIRST_COMPLETED)
        leaving.set()  # also where one of them broke, which is raised below
        logger.info("worker drains", extra={"worker": self.id, "in_hand": len(self._in_hand)})
        draining = asyncio.create_task(self._drain())
        await asyncio.wait([draining, *ending], timeout=self._options.drain + _GIVES_UP_WITHIN)
        await draining
        for task in minding:
            task.cancel()
        for ended in await asyncio.gather(*minding, return_exceptions=True):
            if isinstance(ended, Exception):
                raise ended

    def _settle(self, event_id: str, turn: int) -> None:
        """In one of the queue's threads: has an event of the inbox settled; later once more, where the ATS is away."""
        intake = self._service.intake
        if intake is None or self._loop is None:
            raise AssertionError("only a worker with an intake listens to events")
        try:
            self._settle_or_put_off(intake, self._loop, event_id, turn)
        except StoreError:
            # While the worker ends, or where the event could not be put off: a survey finds that nobody has it.
            logger.warning("store away, event left", extra={"worker": self.id, "event": event_id})
        except Exception as error:  # the worker's border: an event that nobody foresaw waits for a person
            logger.exception("unforeseen", extra={"worker": self.id, "event": event_id})
            intake.give_up(event_id, f"unforeseen_{type(error).__name__}")

    def _settle_or_put_off(self, intake: Intake, loop: asyncio.AbstractEventLoop, event_id: str, turn: int) -> None:
        try:
            begun = time.time()
            settling = insist_on(partial(intake.settle, event_id), self.leaving)
            settled = asyncio.run_coroutine_threadsafe(settling, loop).result()
            note_settled(self._options.tracer, event_id, settled, begun)
        except AtsUnavailableError as error:
            if turn % TURNS >= _EVENT_TRIES:
                giving_up = insist(partial(intake.give_up, event_id, "ats_unavailable"), self.leaving)
                asyncio.run_coroutine_threadsafe(giving_up, loop).result()
                return
            wait = max(seconds_until_next(turn % TURNS), error.retry_after or 0.0)
            self._queue.put(EVENT, event_id, turn + 1, 1, delay=wait)

    def _work(self, shelf: BatchShelf, lane: Lane, work_id: str, _turn: int) -> None:
        """In one of the queue's threads: has a piece of work done by the event loop, and waits for it."""
        if self._loop is None:
            raise AssertionError("the queue starts after the loop is known")
        asyncio.run_coroutine_threadsafe(self._take(shelf, lane, work_id), self._loop).result()

    async def _take(self, shelf: BatchShelf, lane: Lane, work_id: str) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._in_hand.add(task)
        batch: WorkBatch | None = None
        try:
            batch = await insist(partial(shelf.start, work_id, self.id), self.leaving)
            if batch is not None:
                with traced_batch(self._options.tracer, batch, lane, self.id) as span:
                    await self._grade(batch, lane, shelf, span)
        except asyncio.CancelledError:
            # The worker ends before the work did: somebody else goes on with it.
            if batch is not None:
                with suppress(StoreError):
                    await asyncio.to_thread(shelf.hand_back, batch)
        except StoreError:
            # Only where the store is away while the worker ends: whoever finds it dead takes over.
            logger.warning("store away at the end", extra={"worker": self.id, "work": work_id})
        finally:
            if task is not None:
                self._in_hand.discard(task)

    async def _grade(self, batch: WorkBatch, lane: Lane, shelf: BatchShelf, span: Span | None) -> None:
        result = BatchResult()
        try:
            async with self._graders.lent(batch.run, lane) as lent:
                result = await grade_batch(batch, lent, shelf, self.leaving, self._room)
        except EvaluatorError as error:
            result.reason = reason_of(error)
            result.store_failed |= isinstance(error, StoreError)
        except Exception as error:  # the worker's border: what nobody foresaw must not take the worker with it
            logger.exception("unforeseen", extra={"worker": self.id, "work": batch.id})
            result.reason = f"unforeseen: {type(error).__name__}"
            result.failed = [item.number for item in batch.items]
        if result.store_failed:
            self._store.recover()
        self.graded += result.graded
        step = partial(shelf.finish, batch, failed=result.failed, reason=result.reason)
        is_done = await insist(step, self.leaving)
        said = {"worker": self.id, "work": batch.id, "graded": result.graded, "done": is_done}
        if span is not None:
            note_result(span, result)
        logger.info("batch", extra=said | ({"reason": result.reason} if result.reason else {}))

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(BEAT)
            try:
                await self._sign_of_life()
            except StoreError as error:
                logger.warning("store away", extra={"worker": self.id, "reason": error.message})

    async def _sign_of_life(self) -> None:
        roll = self._store.workers
        beat = partial(roll.beat, self.id, graded=self.graded, draining=self.leaving.is_set())
        found = {each.id: each for each in await asyncio.to_thread(beat)}
        if self.id not in found:
            await asyncio.to_thread(roll.enter, self.id, self._options.version)
        dead = self._watch.look(found) - {self.id}
        self._take_share(found, dead)
        if len(dead) > 0 and await asyncio.to_thread(self._take_over, dead):
            self._survey_now.set()

    def _take_over(self, dead: set[str]) -> bool:
        """What the dead had goes to whoever is there; only then are they struck off the roll. False where another
        worker is at it: if that one ends over it, there is a next time.
        """
        revived = self._queue.revive(dead)
        if revived is None:
            return False
        if self._service.courier is not None:
            self._service.courier.take_over(dead)
        for worker in dead:
            self._store.workers.leave(worker)
        logger.warning("workers died", extra={"worker": self.id, "dead": sorted(dead), "revived": revived})
        return True

    def _take_share(self, roll: dict[str, WorkerRecord], dead: set[str]) -> None:
        alive = [worker for worker, record in roll.items() if worker not in dead and record.state == "working"]
        self._pacers.change(share_of(self._options.limits, self.id, alive))

    async def _fill(self) -> None:
        while True:
            try:
                await asyncio.to_thread(self._feed.once)
            except StoreError as error:
                logger.warning("store away", extra={"worker": self.id, "reason": error.message})
            await asyncio.sleep(_LOOK)

    async def _survey(self) -> None:
        """Compares the store with the queue; closes what is idle."""
        while True:
            try:
                await asyncio.to_thread(self._survey_once)
            except StoreError as error:
                logger.warning("store away", extra={"worker": self.id, "reason": error.message})
            await self._graders.close_idle()
            await pause(self._survey_now, _SURVEY)
            self._survey_now.clear()

    def _survey_once(self) -> None:
        self._feed.survey()
        if self._scheduled is not None:
            self._scheduled.tidy()

    async def _drain(self) -> None:
        """Takes nothing more; waits for what is in flight, and then no longer."""
        stopping = asyncio.create_task(asyncio.to_thread(self._queue.stop, int(self._options.drain + _GIVES_UP_WITHIN)))
        _, late = await asyncio.wait({stopping}, timeout=self._options.drain)
        if late:
            for task in list(self._in_hand):
                task.cancel()
        await stopping
