"""The queue as queries: a page by its keys, counts, and the next item that nobody else has open."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, case, exists, func, literal, or_, select, tuple_

from evaluator.core.grade import Band
from evaluator.core.review import DRAWN, ItemState, Why
from evaluator.core.review_queue import QueueFilter
from evaluator.core.review_urgency import FLAG_BITS, SCREENING_FLAGS
from evaluator.store.database import Database
from evaluator.store.review_leases import Lease, take_lease
from evaluator.store.review_schema import review_items, review_labels, review_leases, review_log, review_skips
from evaluator.store.schema import runs


@dataclass(frozen=True, slots=True)
class QueueRow:
    """One item of the queue as the tables have it. `viewer_saw`: whoever looks was shown the grader's levels."""

    id: int
    run: int
    run_id: str
    answer_id: str
    candidate_id: str
    question_id: str
    rank: int
    why: Why
    flags: int
    score: float | None
    band: Band | None
    spread: float | None
    blind: bool
    needed: int
    state: ItemState
    labels: int
    assigned_to: str | None
    entered_at: str
    changed_at: str | None
    viewer_saw: bool


class ReviewQueue:
    """The queue of one store. `runs`: the numbers that a viewer is held to; None where they see every run."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def page(self, viewer: str, wanted: QueueFilter, after: tuple[int, int] | None, limit: int) -> Sequence[QueueRow]:
        """The next items after the keys (rank, id), most urgent first."""
        query = _filtered(_items_for(viewer), wanted)
        if after is not None:
            query = query.where(_beyond(*after))
        query = query.order_by(review_items.c.rank, review_items.c.id).limit(limit)
        with self.database.reading() as connection:
            return [_queue_row(row) for row in connection.execute(query)]

    def row(self, viewer: str, item: int) -> QueueRow | None:
        """One item."""
        with self.database.reading() as connection:
            row = connection.execute(_items_for(viewer).where(review_items.c.id == item)).first()
        return _queue_row(row) if row else None

    def counts(self, wanted: QueueFilter) -> tuple[Mapping[ItemState, int], Mapping[Why, int]]:
        """How many items there are by state, and how many of the open ones have each flag, or were only drawn.

        Whatever state or flag the filter wants.
        """
        query = select(review_items.c.state, review_items.c.flags, func.count().label("n"))
        query = _filtered(query, wanted, by_state=False, by_flag=False)
        by_state: dict[ItemState, int] = {}
        by_flag: dict[Why, int] = {}
        with self.database.reading() as connection:
            for row in connection.execute(query.group_by(review_items.c.state, review_items.c.flags)):
                by_state[row.state] = by_state.get(row.state, 0) + row.n
                codes: list[Why] = [code for code, bit in FLAG_BITS.items() if row.flags & bit]
                for code in (codes or [DRAWN]) if row.state == "open" else ():
                    by_flag[code] = by_flag.get(code, 0) + row.n
        return by_state, by_flag

    def done_since(self, since: str, user_id: str | None = None) -> int:
        """Answers that people labelled since then; of one person where `user_id` is given."""
        query = select(func.count()).select_from(review_labels).where(review_labels.c.saved_at >= since)
        if user_id is not None:
            query = query.where(review_labels.c.user_id == user_id)
        with self.database.reading() as connection:
            return int(connection.scalar(query) or 0)

    def reviewers(self) -> list[str]:
        """The ids of everybody who has labelled something."""
        with self.database.reading() as connection:
            return list(connection.scalars(select(review_labels.c.user_id).distinct()))

    def runs(self) -> list[int]:
        """The numbers of the runs that have items, the newest first."""
        # One look into the index a run: over all items it would read the whole of it.
        has_items = exists().where(review_items.c.run == runs.c.number)
        with self.database.reading() as connection:
            return list(connection.scalars(select(runs.c.number).where(has_items).order_by(runs.c.number.desc())))

    def take_next(self, viewer: str, wanted: QueueFilter, after_item: int | None, lease: Lease, now: str) -> int | None:
        """Leases the most urgent item that `viewer` may label and nobody else has open; None where there is none.

        What was handed to them comes first, then what is after `after_item`, then from the top again. Of an item that
        two people label, each gets it once. `lease` says whose and until when; its item is filled in.
        """
        with self.database.writing() as connection:
            start = None
            if after_item is not None:
                place = select(review_items.c.rank, review_items.c.id).where(review_items.c.id == after_item)
                start = connection.execute(place).first()
            for query in _in_turn(_takeable(viewer, wanted, lease, now), viewer, start):
                found = _locked(connection, query)
                if found is not None:
                    take_lease(connection, Lease(found, lease.session_id, lease.user_id, lease.until), now)
                    return found
        return None


def _locked(connection: Connection, query: Select[Any]) -> int | None:
    """The first item of the query, held until the transaction ends."""
    tried: list[int] = []
    while True:
        asked = query.where(review_items.c.id.not_in(tried)) if tried else query
        found = connection.execute(asked.with_for_update(skip_locked=True, of=review_items)).first()
        if found is None:
            return None
        # Whoever held it a moment ago may have leased or labelled it after this query began: now nobody else can.
        if connection.execute(query.where(review_items.c.id == found.id)).first() is not None:
            return int(found.id)
        tried.append(int(found.id))


def _in_turn(query: Select[Any], viewer: str, start: Any) -> list[Select[Any]]:
    ordered = query.order_by(review_items.c.rank, review_items.c.id).limit(1)
    elsewhere = ordered if start is None else ordered.where(review_items.c.id != start.id)
    turns = [elsewhere.where(review_items.c.assigned_to == viewer)]
    if start is not None:
        turns.append(ordered.where(_beyond(start.rank, start.id)))
    return [*turns, elsewhere]


def _takeable(viewer: str, wanted: QueueFilter, lease: Lease, now: str) -> Select[Any]:
    held = (
        select(func.count())
        .select_from(review_leases)
        .where(
            review_leases.c.item == review_items.c.id,
            review_leases.c.session_id != lease.session_id,
            review_leases.c.until > now,
        )
        .correlate(review_items)
        .scalar_subquery()
    )
    held_by_viewer = exists().where(
        review_leases.c.item == review_items.c.id,
        review_leases.c.user_id == viewer,
        review_leases.c.session_id != lease.session_id,
        review_leases.c.until > now,
    )
    labelled = exists().where(
        review_labels.c.run == review_items.c.run,
        review_labels.c.answer_id == review_items.c.answer_id,
        review_labels.c.user_id == viewer,
    )
    skipped = exists().where(review_skips.c.item == review_items.c.id, review_skips.c.user_id == viewer)
    query = select(review_items.c.id).where(
        review_items.c.state == "open",
        or_(review_items.c.assigned_to.is_(None), review_items.c.assigned_to == viewer),
        review_items.c.labels + held < review_items.c.needed,
        ~held_by_viewer,
        ~labelled,
        ~skipped,
    )
    return _filtered(query, wanted, by_state=False)


def _items_for(viewer: str) -> Select[Any]:
    saw = exists().where(
        review_log.c.run == review_items.c.run,
        review_log.c.answer_id == review_items.c.answer_id,
        review_log.c.actor == viewer,
        review_log.c.action.in_(("labelled", "adjudicated")),
    )
    # Only where there is something to hide is it asked whether it was shown.
    is_hidden = and_(review_items.c.blind, review_items.c.state == "open")
    return select(
        review_items,
        runs.c.id.label("run_id"),
        case((is_hidden, saw), else_=True).label("viewer_saw"),
    ).join(runs, runs.c.number == review_items.c.run)


def _beyond(rank: int, item: int) -> Any:
    # As a comparison of rows: both databases go into the index there, not to its beginning.
    return tuple_(review_items.c.rank, review_items.c.id) > tuple_(literal(rank), literal(item))


def _filtered(query: Select[Any], wanted: QueueFilter, *, by_state: bool = True, by_flag: bool = True) -> Select[Any]:
    if by_state and wanted.state is not None:
        query = query.where(review_items.c.state == wanted.state)
    if wanted.run is not None:
        query = query.where(
            review_items.c.run == select(runs.c.number).where(runs.c.id == wanted.run).scalar_subquery()
        )
    if wanted.question is not None:
        query = query.where(review_items.c.question_id == wanted.question)
    if wanted.candidate is not None:
        query = query.where(review_items.c.candidate_id == wanted.candidate)
    if by_flag and wanted.flag is not None:
        if wanted.flag not in SCREENING_FLAGS:
            # A filter by what the grade says would say it of answers whose grade is not shown yet.
            query = query.where(~and_(review_items.c.blind, review_items.c.state == "open"))
        if wanted.flag == "drawn":
            query = query.where(review_items.c.flags == 0)
        else:
            query = query.where(review_items.c.flags.bitwise_and(FLAG_BITS[wanted.flag]) != 0)
    if wanted.reviewer is not None:
        query = query.where(
            exists().where(
                review_labels.c.run == review_items.c.run,
                review_labels.c.answer_id == review_items.c.answer_id,
                review_labels.c.user_id == wanted.reviewer,
            )
        )
    return query


def _queue_row(row: Row[Any]) -> QueueRow:
    return QueueRow(
        id=row.id,
        run=row.run,
        run_id=row.run_id,
        answer_id=row.answer_id,
        candidate_id=row.candidate_id,
        question_id=row.question_id,
        rank=row.rank,
        why=row.why,
        flags=row.flags,
        score=row.score,
        band=row.band,
        spread=row.spread,
        blind=bool(row.blind),
        needed=row.needed,
        state=row.state,
        labels=row.labels,
        assigned_to=row.assigned_to,
        entered_at=row.entered_at,
        changed_at=row.changed_at,
        viewer_saw=bool(row.viewer_saw),
    )
