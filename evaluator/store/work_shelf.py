"""Chunks of answers that wait for workers: put there, taken, written down, handed back, done."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, Connection, RowMapping, ScalarSelect, delete, func, select, tuple_

from evaluator.core.submission import Submission
from evaluator.core.work import (
    MOST_DEATHS,
    MOST_DEATHS_OVER_ONE,
    Lane,
    WorkBatch,
    WorkItem,
    seconds_after_death,
    seconds_until_next,
)
from evaluator.store import work_submissions
from evaluator.store.database import Database
from evaluator.store.graded_rows import WorkOutcome, write_outcomes
from evaluator.store.keyring import Keyring
from evaluator.store.schema import grades, submissions, work_answers, work_chunks, workers
from evaluator.store.submission_rows import submission_record
from evaluator.store.work_rows import items_of, write_items

if TYPE_CHECKING:
    from evaluator.store.near_copies import NearCopies

_ID_BYTES = 10


@dataclass(frozen=True, slots=True)
class WaitingChunk:
    """A chunk that no worker has. `turn` says how often it was put into the queue before."""

    id: str
    turn: int
    priority: int


class WorkShelf:
    """The chunks of one store. `now` gives UTC."""

    def __init__(
        self,
        database: Database,
        keyring: Keyring | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._database = database
        self._keyring = keyring
        self._now = now

    @cached_property
    def _near_copies(self) -> NearCopies:
        from evaluator.store.near_copies import NearCopies  # here: it brings numpy, which only workers need

        return NearCopies(self._database, self._keyring)

    def admit(self, submission: int, lane: Lane, run: int, items: Sequence[WorkItem]) -> bool:
        """Takes a submission in, as a chunk of a run; False where it is no longer to be."""
        with self._database.writing() as connection:
            if not work_submissions.take_in(connection, submission, run):
                return False
            if items:
                self._insert(connection, run, items, lane, submission)
            else:
                work_submissions.complete(connection, submission, self._now())
            return True

    def add(self, run: int, items: Sequence[WorkItem]) -> int:
        """Puts a chunk of a run there; the items' numbers follow one another. Returns the chunk's number.

        A chunk's turn is after those of its own run, and not before what is about to be served: runs take turns, and
        a large one does not keep a small one waiting.
        """
        with self._database.writing() as connection:
            return self._insert(connection, run, items, "bulk", None)

    def _insert(
        self, connection: Connection, run: int, items: Sequence[WorkItem], lane: Lane, submission: int | None
    ) -> int:
        now = self._now().isoformat()
        row = {
            "id": f"chk_{secrets.token_hex(_ID_BYTES)}",
            "run": run,
            "lane": lane,
            "submission": submission,
            "priority": _turn(connection, run, lane),
            "answers": len(items),
            "first_grade": items[0].number,
            "state": "waiting",
            "turn": 0,
            "deaths": 0,
            "releases": 0,
            "due_at": now,
            "made_at": now,
        }
        number: int = connection.execute(work_chunks.insert().returning(work_chunks.c.number), row).scalar_one()
        write_items(connection, number, items)
        return number

    def submissions(self, limit: int) -> list[work_submissions.NewWork]:
        """Submissions to take in, in fair order."""
        return work_submissions.new_submissions(self._database, limit)

    def events(self, limit: int) -> list[work_submissions.WaitingEvent]:
        """Events in the inbox that nothing was made of yet."""
        return work_submissions.waiting_events(self._database, limit)

    def submission(self, number: int) -> Submission | None:
        """The submission of this number."""
        with self._database.reading() as connection:
            row = connection.execute(select(submissions).where(submissions.c.number == number)).mappings().first()
        return None if row is None else submission_record(row)

    def next_number(self, run: int) -> int:
        """The first number that no grade of the run has or will have."""
        with self._database.reading() as connection:
            given = connection.scalar(select(func.max(grades.c.number)).where(grades.c.run == run)) or 0
            last = func.max(work_chunks.c.first_grade + work_chunks.c.answers - 1)
            promised = connection.scalar(select(last).where(work_chunks.c.run == run)) or 0
        return max(given, promised) + 1

    def due(self, limit: int, lane: Lane = "bulk") -> list[WaitingChunk]:
        """Chunks of a lane that wait and whose time has come, those whose turn it is first."""
        wanted = (
            select(work_chunks.c.id, work_chunks.c.turn, work_chunks.c.priority)
            .where(
                work_chunks.c.lane == lane,
                work_chunks.c.state == "waiting",
                work_chunks.c.due_at <= self._now().isoformat(),
            )
            .order_by(work_chunks.c.priority)
            .limit(limit)
        )
        with self._database.reading() as connection:
            return [WaitingChunk(*row) for row in connection.execute(wanted)]

    def queued(self, chunks: Iterable[WaitingChunk]) -> None:
        """Says that these are in the queue; what was taken meanwhile stays as it is, also where it was handed back."""
        turns = [(chunk.id, chunk.turn) for chunk in chunks]
        same = tuple_(work_chunks.c.id, work_chunks.c.turn).in_(turns) & (work_chunks.c.state == "waiting")
        with self._database.writing() as connection:
            connection.execute(work_chunks.update().where(same).values(state="queued"))

    def count_queued(self, lane: Lane) -> int:
        """How many chunks of a lane are in the queue, not counting those that are being graded."""
        queued = select(func.count()).where(work_chunks.c.lane == lane, work_chunks.c.state == "queued")
        with self._database.reading() as connection:
            return connection.scalar(queued) or 0

    def start(self, chunk_id: str, worker: str) -> WorkBatch | None:
        """Takes a chunk for a worker; None where it is done or gone, or rests because a worker ended over one of its
        answers. Only what is not graded yet is in the batch.
        """
        with self._database.writing() as connection:
            asked = select(work_chunks).where(work_chunks.c.id == chunk_id).with_for_update()
            row = connection.execute(asked).mappings().first()
            if row is None or row["state"] == "done":
                return None
            of_chunk = work_chunks.update().where(work_chunks.c.number == row["number"])
            # Nobody handed it back: whoever had it last ended over it, or was stopped with it.
            is_left = row["state"] == "grading" and row["owner"] != worker
            deaths = row["deaths"] + is_left
            over_one = _add_death(connection, row) if is_left else 0
            if 0 < over_one < MOST_DEATHS_OVER_ONE:
                due = self._now() + timedelta(seconds=seconds_after_death(over_one))
                reason = "a worker ended while it graded one of the answers, and nothing else"
                resting = _AGAIN | {"deaths": deaths, "due_at": due.isoformat(), "reason": reason}
                connection.execute(of_chunk.values(resting))
                return None
            connection.execute(of_chunk, {"state": "grading", "owner": worker, "deaths": deaths, "alone": None})
            if row["submission"] is not None:
                work_submissions.begin(connection, row["submission"])
            items = items_of(connection, row["number"])
        return WorkBatch(row["id"], row["number"], row["run"], worker, items, deaths >= MOST_DEATHS, row["made_at"])

    def begin(self, batch: WorkBatch, item: WorkItem) -> None:
        """Notes that the worker grades an answer and nothing else: if it ends over it, the mark stays."""
        self._mark(batch, item.number)

    def let_be(self, batch: WorkBatch) -> None:
        """Takes the mark away: the answer is not written, and not in hand any more."""
        self._mark(batch, None)

    def _mark(self, batch: WorkBatch, number: int | None) -> None:
        with self._database.writing() as connection:
            connection.execute(work_chunks.update().where(_is_held(batch)).values(alone=number))

    def write(self, batch: WorkBatch, outcomes: Sequence[WorkOutcome]) -> None:
        """Writes grades and takes their answers off the chunk. What was erased meanwhile is not written."""
        looked = self._near_copies.look(batch, [each.item for each in outcomes])
        with self._database.writing() as connection:
            numbers = [each.item.number for each in outcomes]
            of_chunk = (work_answers.c.chunk == _still(batch), work_answers.c.number.in_(numbers))
            left = set(connection.scalars(delete(work_answers).where(*of_chunk).returning(work_answers.c.number)))
            written = [each for each in outcomes if each.item.number in left]
            write_outcomes(connection, batch.run, self._near_copies.settle(connection, looked, batch.run, written))
            connection.execute(
                work_chunks.update().where(work_chunks.c.id == batch.id), {"releases": 0, "reason": None}
            )

    def finish(self, batch: WorkBatch, *, failed: Sequence[int] = (), reason: str | None = None) -> bool:
        """Ends a worker's turn with a chunk: it is done, or waits to be tried again. Returns whether it is done.

        `failed`: numbers of answers whose failure counts against them; `reason`: why anything is left.
        """
        with self._database.writing() as connection:
            _add_tries(connection, batch, failed)
            left = connection.scalar(select(func.count()).where(work_answers.c.chunk == _still(batch)))
            now = self._now()
            of_chunk = work_chunks.update().where(work_chunks.c.id == batch.id, work_chunks.c.state != "done")
            if not left:
                connection.execute(of_chunk, {"state": "done", "done_at": now.isoformat()})
                submission = connection.scalar(select(work_chunks.c.submission).where(work_chunks.c.id == batch.id))
                if submission is not None:
                    work_submissions.complete(connection, submission, now)
                return True
            released = select(work_chunks.c.releases).where(work_chunks.c.id == batch.id)
            releases = connection.scalar(released) or 0
            due = now + timedelta(seconds=seconds_until_next(releases))
            changes = _AGAIN | {"due_at": due.isoformat(), "reason": reason, "releases": releases + 1}
            connection.execute(of_chunk.where(work_chunks.c.owner == batch.owner).values(changes))
            return False

    def hand_back(self, batch: WorkBatch) -> None:
        """Gives a chunk to others at once: this worker is about to end."""
        being_graded = _is_held(batch) & (work_chunks.c.state == "grading")
        with self._database.writing() as connection:
            connection.execute(work_chunks.update().where(being_graded).values(self._at_once()))

    def in_hand(self, lane: Lane) -> list[WaitingChunk]:
        """Chunks of a lane that are said to be in the queue, or with a worker that is not on the roll."""
        wanted = select(work_chunks.c.id, work_chunks.c.turn, work_chunks.c.priority)
        with self._database.reading() as connection:
            return [
                WaitingChunk(*row) for row in connection.execute(wanted.where(work_chunks.c.lane == lane, _IN_NO_HAND))
            ]

    def put_back(self, chunk: WaitingChunk) -> None:
        """Has a chunk put into the queue anew: the queue knows nothing of it. One that a worker has by now stays."""
        same = (work_chunks.c.id == chunk.id, work_chunks.c.turn == chunk.turn, _IN_NO_HAND)
        with self._database.writing() as connection:
            connection.execute(work_chunks.update().where(*same).values(self._at_once()))

    def forget_done(self, before: datetime) -> None:
        """Forgets chunks that were done before this moment; their grades stay."""
        gone = (work_chunks.c.state == "done") & (work_chunks.c.done_at < before.isoformat())
        with self._database.writing() as connection:
            connection.execute(delete(work_chunks).where(gone))

    def _at_once(self) -> dict[str, object]:
        return _AGAIN | {"due_at": self._now().isoformat()}


_IN_NO_HAND = (work_chunks.c.state == "queued") | (
    (work_chunks.c.state == "grading") & work_chunks.c.owner.not_in(select(workers.c.id))
)
_AGAIN: dict[str, object] = {"state": "waiting", "owner": None, "turn": work_chunks.c.turn + 1, "alone": None}


def _turn(connection: Connection, run: int, lane: Lane) -> int:
    """Start-time fair queueing: after the last of the same run, or what is served next, whichever is later."""
    waits = (work_chunks.c.lane == lane) & work_chunks.c.state.in_(("waiting", "queued"))
    served_next = connection.scalar(select(func.min(work_chunks.c.priority)).where(waits))
    own_last = connection.scalar(select(func.max(work_chunks.c.priority)).where(work_chunks.c.run == run, waits))
    return max(served_next or 0, own_last or 0) + 1


def _is_held(batch: WorkBatch) -> ColumnElement[bool]:
    return (work_chunks.c.id == batch.id) & (work_chunks.c.owner == batch.owner)


def _still(batch: WorkBatch) -> ScalarSelect[int]:
    """The number of a worker's chunk; none where its run was deleted: SQLite gives the number to another chunk."""
    return select(work_chunks.c.number).where(work_chunks.c.id == batch.id).scalar_subquery()


def _add_tries(connection: Connection, batch: WorkBatch, numbers: Sequence[int]) -> None:
    if numbers:
        connection.execute(
            work_answers.update()
            .where(work_answers.c.chunk == _still(batch), work_answers.c.number.in_(list(numbers)))
            .values(tries=work_answers.c.tries + 1)
        )


def _add_death(connection: Connection, chunk: RowMapping) -> int:
    """Counts a death against the answer that a worker graded alone when it ended; how many there are. 0 where it graded
    none so, or had written its grade.
    """
    alone = (work_answers.c.chunk == chunk["number"], work_answers.c.number == chunk["alone"])
    counted = work_answers.update().where(*alone).values(deaths=work_answers.c.deaths + 1)
    return connection.scalar(counted.returning(work_answers.c.deaths)) or 0
