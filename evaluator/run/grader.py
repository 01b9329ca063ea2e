"""The grader: one answer, a stream of answers, or a table."""

from __future__ import annotations

import asyncio
import warnings
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Coroutine, Iterable
from contextlib import aclosing
from dataclasses import replace
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from evaluator.core.answer import Answer
from evaluator.core.grade import Grade
from evaluator.core.identity import Identity
from evaluator.core.questionnaire import Questionnaire
from evaluator.core.reply import FATAL, Failure
from evaluator.core.rubric import Rubric
from evaluator.errors import StoreError, TableError, UsageError
from evaluator.files.tables.answer_table import open_answer_frame
from evaluator.run.grade_answer import GradingOutcome, grade_answer, ungraded
from evaluator.run.pipeline import Pipeline

if TYPE_CHECKING:
    import pandas as pd

_AN_ANSWER = (
    'As in Answer(answer_id="a1", candidate_id="c1", question_id="…", text="…"); a text of "" says: left blank.'
)
_FIRST_ROW = 2  # a data frame's rows are counted as a sheet's, below the heading


class Grader:
    """Grades answers to one questionnaire.

    Made by `evaluator.make_grader`. Use it as an async context manager where the grader holds a server or
    connections (`local`, `openai:…`), so that they are let go:

        async with make_grader("baseline") as grader:
            grade = await grader.grade(answer)

    An answer that cannot be graded is a `Grade` with status `ungraded` and a reason; no method raises for what
    an answer, a model or a network does.
    """

    def __init__(self, pipeline: Pipeline, *, concurrency: int = 8) -> None:
        self._pipeline = pipeline
        self._concurrency = concurrency

    @property
    def pipeline(self) -> Pipeline:
        """What the grader was made of: question set, raters, samples."""
        return self._pipeline

    @property
    def concurrency(self) -> int:
        """How many answers `grade_many` holds at a time unless it is told otherwise."""
        return self._concurrency

    @property
    def rubric(self) -> Rubric:
        """The rubric that answers are held to."""
        return self._pipeline.question_set.rubric

    @property
    def questionnaire(self) -> Questionnaire:
        """The questions that answers belong to."""
        return self._pipeline.question_set.questionnaire

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def check(self) -> None:
        """Raises GraderSetupError where no answer could be graded: no server at the address, a wrong key."""
        for rater in self._pipeline.raters:
            await rater.check()

    async def close(self) -> None:
        """Lets go of servers and connections."""
        for rater in self._pipeline.raters:
            await rater.close()

    async def grade(self, answer: Answer) -> Grade:
        """The grade of one answer. Raises UsageError for a question that the questionnaire does not have, and for what
        is no `Answer` of texts.
        """
        self._require_gradable(answer)
        return (await self._outcome(answer)).grade

    async def grade_many(
        self, answers: AsyncIterable[Answer] | Iterable[Answer], *, concurrency: int | None = None
    ) -> AsyncGenerator[Grade, None]:
        """Grades as they become ready, each answer once; at most `concurrency` answers are held at a time.

        After a failure that every further request would share (a wrong key, an unknown model) no more are sent:
        the remaining answers come back ungraded, saying why. Raises UsageError at an answer that `grade` raises it for;
        what is in flight is then given up.
        """
        async with aclosing(self.outcomes(answers, concurrency=concurrency)) as outcomes:
            async for outcome in outcomes:
                yield outcome.grade

    async def outcomes(
        self, answers: AsyncIterable[Answer] | Iterable[Answer], *, concurrency: int | None = None
    ) -> AsyncGenerator[GradingOutcome, None]:
        """As `grade_many`, each grade with what was paid for it now: nothing where the ledger had the reply."""
        stopped: str | None = None
        async with _InFlight() as in_flight:
            async for answer in _as_async(answers):
                self._require_gradable(answer)
                if stopped is not None:
                    yield GradingOutcome(ungraded(self._pipeline, answer, f"not asked: {stopped}"))
                    continue
                in_flight.start(self._outcome(answer))
                while in_flight.count >= (concurrency or self._concurrency):
                    outcome = await in_flight.next_done()
                    stopped = stopped or _reason_to_stop(outcome)
                    yield outcome
            while in_flight.count:
                yield await in_flight.next_done()

    async def grade_frame(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Grades a long table: columns for the candidate's id, the question and the answer, headed as files may be.

        Returns a copy with the same index and order and these columns added: `status`, `reason`, `score`, `band`,
        `needs_review`, a column `level_<criterion>` for each criterion, and `grade` (the whole record). Where an
        answer is not graded, score and levels are missing (pandas NA), never 0. Raises TableError where the frame
        cannot be read, holds a column a question, or names an answer twice. Columns of these names are replaced. What
        was read otherwise than it stands there (a question's name that is nearly one of the questionnaire's) is a
        UserWarning.
        """
        import pandas as pd  # here: 78 MB and half a second that only callers with data frames should pay

        if not isinstance(frame, pd.DataFrame):
            raise UsageError(
                f"A data frame is graded, not {type(frame).__name__}.",
                hint="A file is read by pandas first, or graded by `evaluator grade`.",
            )
        table = open_answer_frame(frame, self.questionnaire.questions, duplicates="error")
        if table.layout != "long":
            raise TableError(
                "The data frame has a column a question; a grade needs a row of its own.",
                hint="Use frame.melt(id_vars='candidate_id', var_name='question_id', value_name='answer').",
            )
        rows = {answer.row: answer.answer_id for answer in table if answer.row is not None}
        wanted = range(_FIRST_ROW, _FIRST_ROW + len(frame))
        repeated = [str(row - _FIRST_ROW) for row in wanted if row not in rows]
        if repeated:
            raise TableError(
                f"These rows repeat an answer or hold none (counted from 0): {', '.join(repeated[:20])}.",
                hint="Leave them out first, as with frame.drop_duplicates(['candidate_id', 'question_id']).",
            )
        for note in table.notes_on_rows:
            warnings.warn(note, UserWarning, stacklevel=2)
        grades = {grade.answer_id: grade async for grade in self.grade_many(table)}
        ordered = [grades[rows[row]] for row in wanted]
        result = frame.copy()
        result["status"] = [grade.status for grade in ordered]
        result["reason"] = pd.array([grade.reason for grade in ordered], dtype="string")
        result["score"] = pd.array([grade.score for grade in ordered], dtype="Float64")
        result["band"] = pd.array([grade.band for grade in ordered], dtype="string")
        result["needs_review"] = [grade.needs_review for grade in ordered]
        for criterion in self.rubric.criteria:
            reached = [{each.id: each.level for each in grade.criteria}.get(criterion.id) for grade in ordered]
            result[f"level_{criterion.id}"] = pd.array(reached, dtype="Int64")
        result["grade"] = pd.Series(ordered, index=result.index, dtype="object")
        return result

    def counting_from(self, sample: int) -> Self:
        """The same grader, whose readings have other numbers: what it asks is asked anew, ledger or not."""
        return type(self)(replace(self._pipeline, first_sample=sample), concurrency=self._concurrency)

    async def _outcome(self, answer: Answer) -> GradingOutcome:
        """A store that fails stops the run as an endpoint does that fails: with its reason, and nothing lost."""
        try:
            return await grade_answer(self._pipeline, answer)
        except StoreError as error:
            failure = Failure("store_failed", error.message)
            return GradingOutcome(ungraded(self._pipeline, answer, f"{failure.code}: {failure.detail}"), failure)

    def _require_gradable(self, answer: Answer) -> None:
        if not isinstance(answer, Answer):
            raise UsageError(f"What is graded is an Answer, not {type(answer).__name__}.", hint=_AN_ANSWER)
        for name in ("answer_id", "candidate_id", "text"):
            value = getattr(answer, name)
            if not isinstance(value, str):
                raise UsageError(f"Answer.{name} has to be a text, not {type(value).__name__}.", hint=_AN_ANSWER)
        if not isinstance(answer.identity, Identity | None):
            raise UsageError(
                f"Answer.identity has to be an Identity, not {type(answer.identity).__name__}.",
                hint='As in Identity(names=("…",)).',
            )
        if answer.question_id not in self._pipeline.asked_of:
            known = list(self._pipeline.asked_of)
            raise UsageError(
                f"Question '{answer.question_id}' is not in questionnaire {self.questionnaire.id}.",
                hint=f"It has: {', '.join(known)}.",
            )


class _InFlight:
    """Answers being graded, taken out in the order in which they become ready.

    Taking one out costs the same however many there are (`asyncio.wait` looks at every one of them each time), and
    one that never becomes ready keeps no other.
    """

    def __init__(self) -> None:
        self._running: set[asyncio.Task[GradingOutcome]] = set()
        self._done: deque[asyncio.Task[GradingOutcome]] = deque()
        self._some_done = asyncio.Event()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Whatever is still in flight is given up, and what else failed is not said a second time."""
        running = list(self._running)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, *self._done, return_exceptions=True)

    @property
    def count(self) -> int:
        """Answers that were started and not yet taken out."""
        return len(self._running) + len(self._done)

    def start(self, grading: Coroutine[Any, Any, GradingOutcome]) -> None:
        task = asyncio.create_task(grading)
        self._running.add(task)
        task.add_done_callback(self._put_aside)

    def _put_aside(self, task: asyncio.Task[GradingOutcome]) -> None:
        self._running.discard(task)
        self._done.append(task)
        self._some_done.set()

    async def next_done(self) -> GradingOutcome:
        """The next that is ready, waited for if need be."""
        while not self._done:
            self._some_done.clear()
            await self._some_done.wait()
        return self._done.popleft().result()


def _reason_to_stop(outcome: GradingOutcome) -> str | None:
    failure = outcome.failure
    return f"{failure.code}: {failure.detail}" if failure is not None and failure.code in FATAL else None


async def _as_async(answers: AsyncIterable[Answer] | Iterable[Answer]) -> AsyncIterator[Answer]:
    if isinstance(answers, AsyncIterable):
        async for answer in answers:
            yield answer
    else:
        for answer in answers:
            yield answer
