"""A grader that has workers do the work: answers go into the queue in chunks, grades come back through the store."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, Iterable, Iterator
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING

from evaluator.core.answer import Answer
from evaluator.core.reply import Usage
from evaluator.core.work import WorkItem
from evaluator.errors import UsageError
from evaluator.run.grade_answer import GradingOutcome, redacted, ungraded
from evaluator.run.grader import Grader
from evaluator.run.pipeline import fingerprint_of
from evaluator.store.grade_rows import StoredGrade
from evaluator.store.stored_text import stored_text

if TYPE_CHECKING:  # the command line makes one only for --workers
    from evaluator.store.work_shelf import WorkShelf
    from evaluator.store.work_watch import WorkWatch

_AHEAD = 20_000  # answers in the queue, at most: as many are held in memory
_LOOK = 0.5  # seconds between two looks for what is done
_STAYS = ("graded", "not_answered")
_GONE = "gone: it was deleted from the store while it was queued"


class QueuedGrader(Grader):
    """As the grader it is made from, but that `outcomes` only puts answers into the queue and waits for them.

    What the run has in the queue already, or graded, is not put there again: the same command goes on watching.
    """

    def __init__(self, grader: Grader, work: WorkShelf, watch: WorkWatch, *, chunk: int) -> None:
        # Whoever asks keeps the pace, and that is not this process.
        super().__init__(replace(grader.pipeline, pacers=()), concurrency=grader.concurrency)
        self._work = work
        self._watch = watch
        self._run = 0
        self._chunk = chunk
        self._number = 0
        self._leaving = False
        self._all_put = False

    def belongs_to(self, run: int) -> None:
        """Says which run (the number of its record) the answers are of; before anything is graded."""
        self._run, self._number = run, self._work.next_number(run)

    def leave(self) -> None:
        """Stops watching; the workers go on."""
        self._leaving = True

    async def outcomes(
        self,
        answers: AsyncIterable[Answer] | Iterable[Answer],
        *,
        concurrency: int | None = None,  # noqa: ARG002 the workers have their own
    ) -> AsyncGenerator[GradingOutcome, None]:
        """Each answer's outcome, chunk by chunk as workers finish them."""
        if isinstance(answers, AsyncIterable):
            raise UsageError("Answers for workers have to be at hand: give a list or an iterator.")
        every = iter(answers)
        waiting: dict[int, list[Answer]] = {}
        while True:
            for outcome in await asyncio.to_thread(self._put, every, waiting):
                yield outcome
            if self._leaving or (self._all_put and not waiting):
                return
            done = await asyncio.to_thread(self._watch.done, list(waiting))
            for chunk in done:
                for outcome in await asyncio.to_thread(self._outcomes_of, waiting.pop(chunk)):
                    yield outcome
            if not done:
                await asyncio.sleep(_LOOK)

    def _put(self, every: Iterator[Answer], waiting: dict[int, list[Answer]]) -> list[GradingOutcome]:
        """Fills the queue; returns what is graded already."""
        found: list[GradingOutcome] = []
        while not self._leaving and sum(map(len, waiting.values())) < _AHEAD:
            some = list(islice(every, self._chunk))
            if not some:
                self._all_put = True
                break
            queued = self._watch.pending(self._run, [each.answer_id for each in some])
            standing = {each.grade.answer_id: each for each in self._watch.grades_of(self._run, _ids(some))}
            new: list[Answer] = []
            for answer in some:
                self._require_gradable(answer)
                name = stored_text(answer.answer_id)
                if name in queued:
                    waiting.setdefault(queued[name], []).append(answer)
                elif name in standing and self._stands(answer, standing[name]):
                    found.append(_outcome(answer, standing[name]))
                else:
                    new.append(answer)
            if new:
                items = [WorkItem(number, answer) for number, answer in enumerate(new, start=self._number)]
                self._number += len(new)
                waiting[self._work.add(self._run, items)] = new
            if found:
                break
        return found

    def _stands(self, answer: Answer, stored: StoredGrade) -> bool:
        grade = stored.grade
        asked_now = fingerprint_of(self.pipeline, redacted(self.pipeline, answer).text, answer.question_id)
        return grade.status in _STAYS and grade.provenance.fingerprint == asked_now

    def _outcomes_of(self, done: list[Answer]) -> list[GradingOutcome]:
        stored = {each.grade.answer_id: each for each in self._watch.grades_of(self._run, _ids(done))}
        return [
            _outcome(answer, stored[name])
            if (name := stored_text(answer.answer_id)) in stored
            else GradingOutcome(ungraded(self.pipeline, answer, _GONE))
            for answer in done
        ]


def _ids(answers: Iterable[Answer]) -> list[str]:
    return [each.answer_id for each in answers]


def _outcome(answer: Answer, stored: StoredGrade) -> GradingOutcome:
    # The store writes out what a database's text cannot hold; here the ids are the table's again.
    grade = stored.grade.model_copy(update={"answer_id": answer.answer_id, "candidate_id": answer.candidate_id})
    return GradingOutcome(grade, paid=Usage(requests=stored.paid_requests), paid_usd=stored.paid_usd)
