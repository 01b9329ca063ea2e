"""One worker's turn with a batch of answers: grade, write down as they come, hand back what has to wait."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol

from evaluator.core.reply import Failure
from evaluator.core.work import (
    MOST_DEATHS_OVER_ONE,
    MOST_TRIES,
    SET_ASIDE,
    WorkBatch,
    WorkItem,
    counts_as_try,
    is_worth_another_try,
)
from evaluator.errors import StoreError
from evaluator.run.durable.patience import insist
from evaluator.run.durable.room import Room
from evaluator.run.durable.run_graders import LentGrader
from evaluator.run.grade_answer import GradingOutcome, grade_answer, ungraded
from evaluator.run.grader import Grader
from evaluator.store.graded_rows import WorkOutcome

_GROUP = 25  # outcomes that are written together
_MOST_SECONDS = 0.5  # that an outcome waits for others


class BatchShelf(Protocol):
    """Where a kind of batch is kept. Its methods block, and raise StoreError."""

    def start(self, work_id: str, worker: str) -> WorkBatch | None: ...

    def begin(self, batch: WorkBatch, item: WorkItem) -> None: ...

    def let_be(self, batch: WorkBatch) -> None: ...

    def write(self, batch: WorkBatch, outcomes: Sequence[WorkOutcome]) -> None: ...

    def finish(self, batch: WorkBatch, *, failed: Sequence[int] = (), reason: str | None = None) -> bool: ...

    def hand_back(self, batch: WorkBatch) -> None: ...


@dataclass(slots=True)
class BatchResult:
    """How a turn ended. `graded` answers were written; `failed`: numbers of those whose failure counts against them;
    `reason`: why something is left, if it is.
    """

    graded: int = 0
    failed: list[int] = field(default_factory=list)
    reason: str | None = None
    store_failed: bool = False


async def grade_batch(
    batch: WorkBatch, lent: LentGrader, shelf: BatchShelf, leaving: asyncio.Event, room: Room
) -> BatchResult:
    """Grades what is in the batch and writes it. Once `leaving` is set nothing more is begun in a careful batch; what
    is in flight is finished. Cancelling gives up what is in flight. `room`: the worker's.
    """
    result, grader = BatchResult(), lent.grader
    if batch.is_careful:
        for item in batch.items:
            async with room.alone():
                if leaving.is_set():
                    result.reason = "the worker was told to end"
                    return result
                await _grade_carefully(batch, item, grader, shelf, result, leaving)
        return result

    async def take(group: list[tuple[WorkItem, GradingOutcome]]) -> None:
        settled = [_settled(item, outcome, grader, result) for item, outcome in group]
        await _write(batch, settled, shelf, result, leaving)

    async with room.together():
        await _in_groups(batch.items, lent, take)
    return result


async def _grade_carefully(
    batch: WorkBatch, item: WorkItem, grader: Grader, shelf: BatchShelf, result: BatchResult, leaving: asyncio.Event
) -> None:
    """Noted before: if this worker ends over it, the next ones know."""
    if item.deaths >= MOST_DEATHS_OVER_ONE:
        reason = f"{SET_ASIDE}: {item.deaths} workers ended while they graded it"
        outcome: WorkOutcome | None = WorkOutcome(item, ungraded(grader.pipeline, item.answer, reason))
    else:
        await insist(partial(shelf.begin, batch, item), leaving)
        outcome = _settled(item, await _outcome(grader, item), grader, result)
        if outcome is None:
            await insist(partial(shelf.let_be, batch), leaving)
    await _write(batch, [outcome], shelf, result, leaving)


async def _write(
    batch: WorkBatch,
    outcomes: Sequence[WorkOutcome | None],
    shelf: BatchShelf,
    result: BatchResult,
    leaving: asyncio.Event,
) -> None:
    written = [each for each in outcomes if each is not None]
    if written:
        await insist(lambda: shelf.write(batch, written), leaving)
        result.graded += len(written)


def _settled(item: WorkItem, outcome: GradingOutcome, grader: Grader, result: BatchResult) -> WorkOutcome | None:
    """What is to be written of an outcome; None where the answer is to be graded again later."""
    failure = outcome.failure
    grade = outcome.grade
    is_unfinished = grade.status == "ungraded" or grade.provenance.control_reading == "waits"
    if is_unfinished and failure is not None:
        result.store_failed |= failure.code == "store_failed"
        if counts_as_try(failure.code):
            result.failed.append(item.number)
        if is_worth_another_try(failure.code, item.tries):
            result.reason = f"{failure.code}: {failure.detail}"
            return None
        if item.tries + 1 >= MOST_TRIES and grade.status == "ungraded":
            said = f"{SET_ASIDE} after {item.tries + 1} failed tries, the last one with {grade.reason}"
            grade = ungraded(grader.pipeline, item.answer, said)
    replaced = outcome.redaction.replacements if outcome.redaction else ()
    return WorkOutcome(item, grade, outcome.paid.requests, outcome.paid_usd, replaced)


async def _in_groups(
    items: Sequence[WorkItem],
    lent: LentGrader,
    take: Callable[[list[tuple[WorkItem, GradingOutcome]]], Awaitable[None]],
) -> None:
    """Grades all, and has outcomes taken as they come, a few together; none waits long for company."""
    ready: asyncio.Queue[tuple[WorkItem, GradingOutcome]] = asyncio.Queue()

    async def one(item: WorkItem) -> None:
        async with lent.turns:
            ready.put_nowait((item, await _outcome(lent.grader, item)))

    grading = asyncio.gather(*(one(item) for item in items))
    left = len(items)
    try:
        while left:
            group = await _next_group(ready, min(_GROUP, left), grading)
            await take(group)
            left -= len(group)
        await grading
    finally:
        grading.cancel()
        with suppress(asyncio.CancelledError):
            await grading


async def _next_group(
    ready: asyncio.Queue[tuple[WorkItem, GradingOutcome]], most: int, grading: asyncio.Future[list[None]]
) -> list[tuple[WorkItem, GradingOutcome]]:
    """One outcome at least, unless grading ended with an error, which is raised."""
    group: list[tuple[WorkItem, GradingOutcome]] = []
    until: float | None = None
    while len(group) < most:
        if not ready.empty():
            group.append(ready.get_nowait())
            until = until or time.monotonic() + _MOST_SECONDS
            continue
        if grading.done() and grading.exception() is not None:
            await grading
        getting = asyncio.ensure_future(ready.get())
        left = None if until is None else max(0.0, until - time.monotonic())
        watched: set[asyncio.Future[Any]] = {getting} if grading.done() else {getting, grading}
        await asyncio.wait(watched, timeout=left, return_when=asyncio.FIRST_COMPLETED)
        if getting.done():
            group.append(getting.result())
            until = until or time.monotonic() + _MOST_SECONDS
            continue
        getting.cancel()
        if until is not None and time.monotonic() >= until:
            break
    return group


async def _outcome(grader: Grader, item: WorkItem) -> GradingOutcome:
    try:
        return await grade_answer(grader.pipeline, item.answer)
    except StoreError as error:
        failure = Failure("store_failed", error.message)
        return GradingOutcome(ungraded(grader.pipeline, item.answer, f"{failure.code}: {failure.detail}"), failure)
