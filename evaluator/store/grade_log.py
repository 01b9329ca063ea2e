"""The log of a run: its answers and grades, appended as they come, and how far the run has come."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from sqlalchemy import Connection, func, select

from evaluator.core.answer import Answer
from evaluator.core.grade import Grade
from evaluator.core.redaction import Replacement
from evaluator.errors import StoreError
from evaluator.store.database import Database
from evaluator.store.grade_rows import GradeRow, write_grades
from evaluator.store.run_record import RunCounts
from evaluator.store.schema import answers, grades, runs
from evaluator.store.stored_text import stored_text
from evaluator.store.writer import Writer

_A_MOMENT = 0.01  # seconds


@dataclass(frozen=True, slots=True)
class _Progress:
    run: int
    writer: str
    counts: RunCounts


class GradeLogs:
    """What the logs of all runs share: the kinds of things that the store's writer writes for them."""

    def __init__(self, database: Database, writer: Writer) -> None:
        self.database = database
        self.writer = writer
        self.grades = writer.kind(write_grades, urgent=False)
        self.progress = writer.kind(_write_progress, urgent=False)


class GradeLog:
    """Takes one run's outcomes. One process at a time writes a run; the last one to open its log is the one."""

    def __init__(self, logs: GradeLogs, run: int, writer_name: str, now: Callable[[], datetime]) -> None:
        self._logs = logs
        self._run = run
        self._writer_name = writer_name
        with logs.database.reading() as connection:
            last = connection.scalar(select(func.max(grades.c.number)).where(grades.c.run == run))
        self._number = last or 0
        logs.writer.beat(self, partial(_beat, run=run, now=now))

    async def append(
        self,
        answer: Answer,
        grade: Grade,
        line: bytes,
        paid: tuple[int, float | None],
        replacements: tuple[Replacement, ...] = (),
    ) -> None:
        """Takes one outcome: it is written soon.

        `line`: the grade's line in grades.jsonl, without its end; `paid`: requests and dollars paid for it now;
        `replacements`: what was replaced before it was graded. Raises StoreError where something before it could not
        be written.
        """
        self._number += 1
        row = GradeRow(self._run, self._number, answer, grade, line, *paid, replacements)
        while self._logs.writer.is_full:
            # So much waits for the disk that memory would grow.
            await asyncio.sleep(_A_MOMENT)
        self._logs.writer.hand_in(self._logs.grades, row, len(line) + len(answer.text))

    def came_to(self, counts: RunCounts) -> None:
        """How far the run has come, for others to see. Raises StoreError as `append` does."""
        self._logs.writer.hand_in(self._logs.progress, _Progress(self._run, self._writer_name, counts), 16)

    async def flush(self) -> None:
        """Returns when everything is committed. Raises StoreError where it could not be."""
        await self._logs.writer.flush()

    def paid(self) -> tuple[int, float | None]:
        """Requests and dollars that the run paid so far; None where no price was known."""
        with self._logs.database.reading() as connection:
            total = select(func.sum(grades.c.paid_requests), func.sum(grades.c.paid_usd))
            requests, dollars = connection.execute(total.where(grades.c.run == self._run)).one()
        return int(requests or 0), None if dollars is None else float(dollars)

    def answers(self) -> StoredAnswers:
        """Which answers the log has by now."""
        with self._logs.database.reading() as connection:
            ids = connection.execution_options(yield_per=10_000).scalars(
                select(answers.c.answer_id).where(answers.c.run == self._run)
            )
            return StoredAnswers(ids)

    def close(self) -> None:
        """Nobody is told any more that this run is alive."""
        self._logs.writer.beat(self, None)


class StoredAnswers:
    """Which answers a log has: eight bytes each, so that a million take little memory.

    Two ids in 10^19 share a number; the one that is taken for the other would only be missing from the store's pages.
    """

    def __init__(self, ids: Iterator[str]) -> None:
        import numpy as np  # here: a run that begins anew has no use for it

        self._numbers = np.sort(np.fromiter(map(hash, ids), dtype=np.int64))

    def __contains__(self, answer_id: str) -> bool:
        number = hash(stored_text(answer_id))
        at = int(self._numbers.searchsorted(number))
        return at < len(self._numbers) and int(self._numbers[at]) == number


def _write_progress(connection: Connection, pending: Sequence[_Progress]) -> None:
    for last in {each.run: each for each in pending}.values():
        counts = last.counts
        changed = connection.execute(
            runs.update().where(runs.c.number == last.run, runs.c.writer == last.writer),
            {
                "graded": counts.graded,
                "not_answered": counts.not_answered,
                "ungraded": counts.ungraded,
                "to_review": counts.to_review,
                "cost_usd": counts.cost_usd,
                "paid_usd": counts.paid_usd,
                "heard_at": datetime.now(UTC).isoformat(timespec="seconds"),
            },
        )
        if not changed.rowcount:
            raise StoreError(
                "Another process took this run over, or deleted it: it is no longer written from here.",
                hint="See: evaluator runs list",
            )


def _beat(connection: Connection, run: int, now: Callable[[], datetime]) -> None:
    heard_at = now().isoformat(timespec="seconds")
    connection.execute(runs.update().where(runs.c.number == run), {"heard_at": heard_at})
