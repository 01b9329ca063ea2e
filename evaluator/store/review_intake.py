"""How graded answers come into the review queue: in steps, behind the run that writes them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, exists, func, or_, select

from evaluator.core.review import Action, EntryDetail, LogEntry, replay
from evaluator.core.review_draw import DrawShares, draw, is_audited
from evaluator.core.review_urgency import Urgency, urgency_of
from evaluator.store.database import Database
from evaluator.store.many_rows import ManyRows, Parameters, insert_into
from evaluator.store.review_arrivals import take_arrivals
from evaluator.store.review_log import read_entries, write_entry
from evaluator.store.review_schema import review_arrivals, review_intake, review_items
from evaluator.store.schema import answers, grades, runs

_STEP = 1_000  # grades in one transaction
_STEP_ALONE = 100  # where everybody else who writes waits meanwhile, such as whoever delivers an event
_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Unseen:
    """A run with grades that were not looked at yet."""

    run: int
    run_id: str
    question_set: bytes


class ReviewIntake:
    """Brings the queue of one store up to date. Any number of processes may do it at once."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def unseen(self) -> list[Unseen]:
        """The runs that have grades which were not looked at yet, the newest first."""
        last = select(func.max(grades.c.number)).where(grades.c.run == runs.c.number).scalar_subquery()
        has_arrivals = exists().where(review_arrivals.c.run == runs.c.number)
        query = (
            select(runs.c.number, runs.c.id, runs.c.question_set)
            .outerjoin(review_intake, review_intake.c.run == runs.c.number)
            .where(or_(last > func.coalesce(review_intake.c.seen, 0), has_arrivals))
            .order_by(runs.c.number.desc())
        )
        with self.database.reading() as connection:
            return [Unseen(row.number, row.id, row.question_set) for row in connection.execute(query)]

    def step(self, unseen: Unseen, shares: DrawShares, now: Callable[[], str]) -> bool:
        """Looks at the next grades of a run; whether there are more."""
        most = _STEP_ALONE if self.database.is_sqlite else _STEP
        with self.database.writing() as connection:
            seen = _lock(connection, unseen.run)
            arrived = take_arrivals(connection, unseen.run, most)
            if arrived:
                _Window(connection, unseen, grades.c.number.in_(arrived), shares, now()).take_in()
            next_ones = (
                select(grades.c.number)
                .where(grades.c.run == unseen.run, grades.c.number > seen)
                .order_by(grades.c.number)
                .limit(most)
            )
            numbers = list(connection.scalars(next_ones))
            if numbers:
                upto = numbers[-1]
                is_new = and_(grades.c.number > seen, grades.c.number <= upto)
                window = _Window(connection, unseen, is_new, shares, now())
                window.take_in()
                connection.execute(review_intake.update().where(review_intake.c.run == unseen.run).values(seen=upto))
        return most in (len(numbers), len(arrived))


@dataclass(frozen=True, slots=True)
class _Window:
    """Some new grades of a run, in one transaction; `is_new` says which."""

    connection: Connection
    unseen: Unseen
    is_new: ColumnElement[bool]
    shares: DrawShares
    now: str

    def take_in(self) -> None:
        """Makes items of those that need a person or are drawn; notes new grades of answers that have an item."""
        standing = self._standing()
        known = self._known([row.item for row in standing if row.item is not None])
        wanted = [row for row in standing if row.answer_id in known or self._is_wanted(row)]
        bodies = self._bodies([row.number for row in wanted])
        advance_at = float(json.loads(self.unseen.question_set)["rubric"]["advance_at"])
        new = []
        for row in wanted:
            grade = json.loads(bodies[row.number])
            urgency = urgency_of(grade, advance_at)
            if row.answer_id in known:
                item = known[row.answer_id]
                if item.grade != row.number:
                    self._regraded(item, row, grade, urgency)
                elif item.flags != urgency.flags:
                    self._changed(item, row, grade, urgency, "flagged", is_wanted=True)
            else:
                new.append(self._item(row, grade, urgency))
        _ITEM.carry_out(self.connection, [tuple(each[name] for name in _ITEM_COLUMNS) for each in new])

    def _is_wanted(self, row: Row[Any]) -> bool:
        return bool(row.needs_review) or (
            row.status == "graded" and is_audited(self.unseen.run_id, row.answer_id, self.shares)
        )

    def _standing(self) -> Sequence[Any]:
        """The grades of the window that stand, whose answer each is of, and the item of that; not their bodies."""
        # A look-up for each: for a join or a list of answers PostgreSQL goes through all items of the run, as long as
        # it has not counted a table that grows.
        is_of = and_(review_items.c.run == grades.c.run, review_items.c.answer_id == grades.c.answer_id)
        item = select(review_items.c.id).where(is_of).scalar_subquery().label("item")
        query = (
            select(
                grades.c.number,
                grades.c.answer_id,
                grades.c.status,
                grades.c.needs_review,
                answers.c.candidate_id,
                answers.c.question_id,
                item,
            )
            .join(
                answers,
                and_(
                    answers.c.run == grades.c.run,
                    answers.c.answer_id == grades.c.answer_id,
                    answers.c.grade == grades.c.number,
                ),
            )
            .where(grades.c.run == self.unseen.run, self.is_new)
            .order_by(grades.c.number)
        )
        return self.connection.execute(query).all()

    def _known(self, items: Sequence[int]) -> Mapping[str, Row[Any]]:
        found = {}
        for start in range(0, len(items), _AT_ONCE):
            some = review_items.c.id.in_(items[start : start + _AT_ONCE])
            # Held: who decides on one of them now writes the entry before ours, or after it.
            query = select(review_items).where(some).order_by(review_items.c.id).with_for_update()
            found.update({row.answer_id: row for row in self.connection.execute(query)})
        return found

    def _bodies(self, numbers: Sequence[int]) -> Mapping[int, bytes]:
        found: dict[int, bytes] = {}
        for start in range(0, len(numbers), _AT_ONCE):
            query = select(grades.c.number, grades.c.body).where(
                grades.c.run == self.unseen.run, grades.c.number.in_(numbers[start : start + _AT_ONCE])
            )
            found.update({row.number: row.body for row in self.connection.execute(query)})
        return found

    def _item(self, row: Row[Any], grade: Mapping[str, Any], urgency: Urgency) -> dict[str, Any]:
        drawn = draw(self.unseen.run_id, row.answer_id, self.shares, needs_review=bool(row.needs_review))
        return {
            "run": self.unseen.run,
            "answer_id": row.answer_id,
            "candidate_id": row.candidate_id,
            "question_id": row.question_id,
            **_of_grade(row.number, grade, urgency),
            # Without levels there is nothing to hide; two people may label it all the same.
            "blind": drawn.blind,
            "needed": drawn.needed,
            "state": "open",
            "version": 0,
            "labels": 0,
            "entered_at": self.now,
        }

    def _regraded(self, item: Row[Any], row: Row[Any], grade: Mapping[str, Any], urgency: Urgency) -> None:
        """A later grade of an answer that has an item: what people said stands, and the log says what came."""
        is_wanted = bool(row.needs_review) or is_audited(self.unseen.run_id, row.answer_id, self.shares)
        self._changed(item, row, grade, urgency, "regraded", is_wanted=is_wanted)

    def _changed(
        self,
        item: Row[Any],
        row: Row[Any],
        grade: Mapping[str, Any],
        urgency: Urgency,
        action: Action,
        *,
        is_wanted: bool,
    ) -> None:
        """What people said of an item stands. `flagged`: it is the grade that they saw, with one more flag."""
        entries = read_entries(self.connection, item.run, item.answer_id)
        detail = EntryDetail(grade=row.number, needs_review=is_wanted)
        entry = LogEntry(self.now, "", action, item.run, item.answer_id, item.candidate_id, item.version + 1, detail)
        write_entry(self.connection, entry)
        review = replay([*entries, entry], item.needed)
        values = {**_of_grade(row.number, grade, urgency), "state": review.state, "version": review.version}
        self.connection.execute(review_items.update().where(review_items.c.id == item.id).values(**values))


def _of_grade(number: int, grade: Mapping[str, Any], urgency: Urgency) -> dict[str, Any]:
    return {
        "grade": number,
        "rank": urgency.rank,
        "why": urgency.why,
        "flags": urgency.flags,
        "score": grade.get("score"),
        "band": grade.get("band"),
        "spread": urgency.spread,
    }


def _items(dialect: str, rows: Parameters) -> Any:
    return insert_into(dialect, review_items).values(rows).on_conflict_do_nothing()


_ITEM_COLUMNS = (
    "run", "answer_id", "candidate_id", "question_id", "grade", "rank", "why", "flags", "score", "band", "spread",
    "blind", "needed", "state", "version", "labels", "entered_at",
)  # fmt: skip
_ITEM = ManyRows(_ITEM_COLUMNS, _items)


def _lock(connection: Connection, run: int) -> int:
    """How far the run's grades were looked at; nobody else goes on meanwhile."""
    insert = insert_into(connection.dialect.name, review_intake).values(run=run, seen=0)
    connection.execute(insert.on_conflict_do_nothing())
    seen = select(review_intake.c.seen).where(review_intake.c.run == run).with_for_update()
    return int(connection.execute(seen).scalar_one())
