"""Review items with what people decided about them: read whole, and decided on one at a time."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Row, delete, func, select

from evaluator.core.answer import Answer
from evaluator.core.grade import FlagCode
from evaluator.core.review import Action, EntryDetail, ItemReview, ItemState, LogEntry, ReviewLabel, replay
from evaluator.core.review_urgency import FLAG_BITS
from evaluator.errors import NotThereError
from evaluator.store.database import Database
from evaluator.store.decided import announce_decision
from evaluator.store.grade_rows import StoredGrade, read_answers
from evaluator.store.review_log import entries_of, read_entries, write_entry
from evaluator.store.review_schema import review_items, review_labels, review_skips
from evaluator.store.schema import answers
from evaluator.store.sealed_bytes import sealed_one
from evaluator.store.stored_text import stored_text

_HIGHEST = 2**63 - 1


@dataclass(frozen=True, slots=True)
class ReviewItem:
    """An item as its row has it; `grade` is the number of the grade that stands."""

    id: int
    run: int
    answer_id: str
    candidate_id: str
    question_id: str
    grade: int
    blind: bool
    needed: int
    state: ItemState
    version: int


@dataclass(slots=True)
class Case:
    """An item that somebody decides on, held against everybody else until the block ends."""

    item: ReviewItem
    stored: StoredGrade
    entries: list[LogEntry]
    connection: Connection
    review: ItemReview = field(init=False)

    def __post_init__(self) -> None:
        self.review = replay(self.entries, self.item.needed)

    def append(self, at: str, actor: str, action: Action, detail: EntryDetail) -> ItemReview:
        """Appends an entry; what follows from it is written with it."""
        item = self.item
        version = self.review.version + 1
        entry = LogEntry(at, actor, action, item.run, item.answer_id, item.candidate_id, version, detail)
        write_entry(self.connection, entry)
        self.entries.append(entry)
        before, self.review = self.review, replay(self.entries, item.needed)
        if [label.version for label in self.review.deciding] != [label.version for label in before.deciding]:
            announce_decision(self.connection, entry)
        _write_state(self.connection, item, self.review, at)
        return self.review


class ReviewShelf:
    """All items of one store."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def item(self, item_id: int) -> ReviewItem:
        """The item with this number. Raises NotThereError."""
        with self.database.reading() as connection:
            return _item(_row(connection, item_id))

    def of_answer(self, run: int, answer_id: str) -> ReviewItem | None:
        """The item of an answer; None where nobody has to look at it."""
        query = select(review_items).where(review_items.c.run == run, review_items.c.answer_id == answer_id)
        with self.database.reading() as connection:
            row = connection.execute(query).first()
        return _item(row) if row else None

    def read(self, item_id: int) -> tuple[ReviewItem, StoredGrade, list[LogEntry]]:
        """An item with its answer, the grade that stands, and its entries. Raises NotThereError."""
        with self.database.reading() as connection:
            item = _item(_row(connection, item_id))
            return item, _stored(connection, item), read_entries(connection, item.run, item.answer_id)

    @contextmanager
    def deciding(self, item_id: int) -> Iterator[Case]:
        """An item to decide on; all that is appended in the block is committed with its end, or nothing is."""
        with self.database.writing() as connection:
            item = _item(_row(connection, item_id, is_locked=True))
            entries = read_entries(connection, item.run, item.answer_id)
            yield Case(item, _stored(connection, item), entries, connection)

    def of_candidate(
        self, run: int, candidate_id: str
    ) -> tuple[list[StoredGrade], dict[str, ReviewItem], dict[str, list[LogEntry]]]:
        """A candidate's answers with their grades, and by answer id the items and their entries."""
        candidate_id = stored_text(candidate_id)
        with self.database.reading() as connection:
            stored = read_answers(connection, run, candidate_id=candidate_id)
            query = select(review_items).where(review_items.c.run == run, review_items.c.candidate_id == candidate_id)
            items = {row.answer_id: _item(row) for row in connection.execute(query)}
            return stored, items, entries_of(connection, run, list(items))

    def answer(self, run: int, answer_id: str) -> Answer:
        """One answer of a run. Raises NotThereError."""
        with self.database.reading() as connection:
            found = read_answers(connection, run, answer_id=answer_id)
        if not found:
            raise NotThereError("This answer was erased.")
        return found[0].answer(found[0].grade)

    def at_rows(self, run: int, question_id: str, rows: Sequence[int], code: FlagCode) -> list[Answer]:
        """The answers to a question that stand in these rows of the run's table, of those with this flag; by row."""
        query = (
            select(answers)
            .join(
                review_items, (review_items.c.run == answers.c.run) & (review_items.c.answer_id == answers.c.answer_id)
            )
            .where(
                review_items.c.run == run,
                review_items.c.question_id == question_id,
                review_items.c.flags.op("&")(FLAG_BITS[code]) != 0,
                answers.c.row.in_(list(rows)),
            )
            .order_by(answers.c.row)
        )
        with self.database.reading() as connection:
            return [
                Answer(
                    each.answer_id, each.candidate_id, each.question_id, each.body.decode("utf-8", "surrogatepass"),
                    each.absent, each.row,
                )
                for each in connection.execute(query)
            ]  # fmt: skip

    def candidate_number(self, candidate_id: str) -> int:
        """A number that stands for a candidate in every run: that of their first item."""
        query = select(func.min(review_items.c.id)).where(review_items.c.candidate_id == candidate_id)
        with self.database.reading() as connection:
            return int(connection.scalar(query) or 0)

    def has_candidate(self, run: int, candidate_id: str) -> bool:
        """Whether a candidate has an answer in a run."""
        candidate_id = stored_text(candidate_id)
        query = select(answers.c.answer_id).where(answers.c.run == run, answers.c.candidate_id == candidate_id)
        with self.database.reading() as connection:
            return connection.execute(query.limit(1)).first() is not None

    def rebuild(self, item_id: int) -> ItemReview:
        """Writes an item's state and labels anew from its log."""
        with self.deciding(item_id) as case:
            _write_state(case.connection, case.item, case.review, None)
            return case.review


def _row(connection: Connection, item_id: int, *, is_locked: bool = False) -> Row[Any]:
    query = select(review_items).where(review_items.c.id == item_id)
    # A number that no database holds is nobody's; asked for it, they would fail.
    is_possible = 0 < item_id <= _HIGHEST
    row = connection.execute(query.with_for_update() if is_locked else query).first() if is_possible else None
    if row is None:
        raise NotThereError("There is no such answer to review.", hint="Go back to the queue.")
    return row


def _item(row: Row[Any]) -> ReviewItem:
    return ReviewItem(
        id=row.id,
        run=row.run,
        answer_id=row.answer_id,
        candidate_id=row.candidate_id,
        question_id=row.question_id,
        grade=row.grade,
        blind=bool(row.blind),
        needed=row.needed,
        state=row.state,
        version=row.version,
    )


def _stored(connection: Connection, item: ReviewItem) -> StoredGrade:
    found = read_answers(connection, item.run, answer_id=item.answer_id)
    if not found:
        raise NotThereError("This answer was erased.", hint="Go back to the queue.")
    return found[0]


def _write_state(connection: Connection, item: ReviewItem, review: ItemReview, at: str | None) -> None:
    final = review.final_levels
    values: dict[str, Any] = {
        "state": review.state,
        "version": review.version,
        "labels": len(review.labels),
        "assigned_to": review.assigned_to,
        "final_levels": None if final is None else json.dumps(final, sort_keys=True),
    }
    if at is not None:
        values["changed_at"] = at
    connection.execute(review_items.update().where(review_items.c.id == item.id).values(**values))
    connection.execute(delete(review_skips).where(review_skips.c.item == item.id))
    if review.skipped_by:
        connection.execute(
            review_skips.insert(), [{"item": item.id, "user_id": user} for user in sorted(review.skipped_by)]
        )
    connection.execute(
        delete(review_labels).where(review_labels.c.run == item.run, review_labels.c.answer_id == item.answer_id)
    )
    parts = [(label, "label") for label in review.labels.values()]
    if review.adjudication is not None:
        parts.append((review.adjudication, "adjudication"))
    if parts:
        rows = [_label_row(connection, item, label, part) for label, part in parts]
        connection.execute(review_labels.insert(), rows)


def _label_row(connection: Connection, item: ReviewItem, label: ReviewLabel, part: str) -> dict[str, Any]:
    comment = label.comment.encode("utf-8", "surrogatepass") if label.comment else None
    return {
        "run": item.run,
        "answer_id": item.answer_id,
        "candidate_id": item.candidate_id,
        "question_id": item.question_id,
        "user_id": label.user_id,
        "part": part,
        "levels": json.dumps(label.levels, sort_keys=True),
        "blind": label.blind,
        "blind_levels": _json(label.blind_levels),
        "grade": label.grade,
        "grader_levels": _json(label.grader_levels),
        "reason": label.reason,
        "comment": None if comment is None else sealed_one(connection, item.candidate_id, comment),
        "saved_at": label.saved_at,
        "version": label.version,
    }


def _json(levels: dict[str, int] | None) -> str | None:
    return None if levels is None else json.dumps(levels, sort_keys=True)


def labels_in(rows: Sequence[Row[Any]]) -> list[ReviewLabel]:
    """Rows of `review_labels` as records."""
    return [
        ReviewLabel(
            user_id=row.user_id,
            levels=json.loads(row.levels),
            blind=bool(row.blind),
            grade=row.grade,
            grader_levels=None if row.grader_levels is None else json.loads(row.grader_levels),
            blind_levels=None if row.blind_levels is None else json.loads(row.blind_levels),
            reason=row.reason,
            comment=(row.comment or b"").decode("utf-8", "surrogatepass"),
            saved_at=row.saved_at,
            version=row.version,
        )
        for row in rows
    ]
