"""Graders of the runs that a worker takes part in: made when they are needed, lent out, closed when they are idle."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from evaluator.core.run_manifest import RunManifest
from evaluator.core.work import Lane
from evaluator.errors import EvaluatorError, SetupError
from evaluator.run.grader import Grader
from evaluator.run.pipeline import calls_of, spec_of, spotlight_of
from evaluator.store.run_record import RunRecord

_IDLE = 600.0  # seconds

MakeGrader = Callable[[RunRecord, Lane], Grader]
"""The grader that a run was begun with. Raises EvaluatorError where this worker cannot make it."""


@dataclass(frozen=True, slots=True)
class LentGrader:
    """A grader, and how many answers it may hold at a time, whatever batch they are of."""

    grader: Grader
    turns: asyncio.Semaphore


@dataclass(slots=True)
class _Made:
    lent: LentGrader
    checked: asyncio.Lock = field(default_factory=asyncio.Lock)
    is_ready: bool = False
    users: int = 0
    last_used: float = 0.0


class RunGraders:
    """By run and lane. Used from one event loop; `find` blocks and is called in a thread."""

    def __init__(self, find: Callable[[int], RunRecord | None], make: MakeGrader) -> None:
        self._find = find
        self._make = make
        self._made: dict[tuple[int, Lane], _Made] = {}
        self._making = asyncio.Lock()

    @asynccontextmanager
    async def lent(self, run: int, lane: Lane) -> AsyncIterator[LentGrader]:
        """The grader of a run, checked. Raises EvaluatorError where this worker cannot grade this run as it was begun:
        the reason, and nothing was graded otherwise.
        """
        async with self._making:
            made = self._made.get((run, lane))
            if made is None:
                made = self._made[run, lane] = _Made(await self._new(run, lane))
        made.users += 1
        try:
            async with made.checked:
                if not made.is_ready:
                    await made.lent.grader.check()
                    made.is_ready = True
            yield made.lent
        finally:
            made.users -= 1
            made.last_used = time.monotonic()

    async def _new(self, run: int, lane: Lane) -> LentGrader:
        record = await asyncio.to_thread(self._find, run)
        if record is None:
            raise SetupError("The run of this work was deleted.")
        grader = await asyncio.to_thread(self._make, record, lane)
        different = differences(record.order.manifest, grader)
        if different:
            await grader.close()
            raise SetupError(f"This worker would grade otherwise than the run was begun: {'; '.join(different)}.")
        return LentGrader(grader, asyncio.Semaphore(grader.concurrency))

    async def close_idle(self) -> None:
        """Closes graders that nobody used for ten minutes."""
        before = time.monotonic() - _IDLE
        for key, made in list(self._made.items()):
            if not made.users and made.last_used < before:
                del self._made[key]
                await made.lent.grader.close()

    async def close(self) -> None:
        """Closes all."""
        while self._made:
            _, made = self._made.popitem()
            await made.lent.grader.close()


def differences(begun: RunManifest, grader: Grader) -> list[str]:
    """In what a grader is not the one that a run was begun with: another rubric or prompt behind the same name, say."""
    pipeline = grader.pipeline
    identity, hashes = pipeline.raters[0].identity, pipeline.hashes
    pairs = (
        ("grader", begun.grader, spec_of(pipeline.raters)),
        ("prompt", begun.prompt_sha256, identity.prompt_sha256),
        ("rubric", begun.rubric_sha256, hashes.rubric),
        ("questionnaire", begun.questionnaire_sha256, hashes.questionnaire),
        ("calls", begun.calls, calls_of(pipeline)),
        ("samples", begun.samples, pipeline.samples),
        ("spotlight", begun.spotlight, spotlight_of(pipeline)),
    )
    return [f"{name} ({then} then, {now} here)" for name, then, now in pairs if then != now]


def reason_of(error: EvaluatorError) -> str:
    """An error in one line, for a record."""
    return " ".join(str(error).split())
