"""The labels that stand, for figures and for eval sets: read in pages, whatever many there are."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import and_, func, select

from evaluator.store.database import Database
from evaluator.store.review_schema import review_items, review_labels, review_log

_PAGE = 5_000


@dataclass(frozen=True, slots=True)
class StoredLabel:
    """One person's levels for one answer, as they stand. `part`: "adjudication" is the third person's."""

    run: int
    answer_id: str
    candidate_id: str
    question_id: str
    user_id: str
    part: Literal["label", "adjudication"]
    levels: dict[str, int]
    blind_levels: dict[str, int] | None
    grader_levels: dict[str, int] | None
    reason: str | None
    saved_at: str
    why: str
    needed: int


class ReviewLabels:
    """The labels of one store."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def newest_entry(self) -> int:
        """The number of the newest entry of the log: while it stays, so do the labels."""
        with self.database.reading() as connection:
            return int(connection.scalar(select(func.max(review_log.c.number))) or 0)

    def runs(self) -> list[int]:
        """The numbers of the runs in which somebody labelled something."""
        with self.database.reading() as connection:
            return sorted(connection.scalars(select(review_labels.c.run).distinct()))

    def of_run(self, run: int) -> Iterator[StoredLabel]:
        """The labels of one run, by answer."""
        after = ("", "", "")
        while True:
            page = self._page(run, after)
            yield from page
            if len(page) < _PAGE:
                return
            after = (page[-1].answer_id, page[-1].user_id, page[-1].part)

    def _page(self, run: int, after: tuple[str, str, str]) -> list[StoredLabel]:
        keys = (review_labels.c.answer_id, review_labels.c.user_id, review_labels.c.part)
        beyond = (keys[0] > after[0]) | and_(
            keys[0] == after[0], (keys[1] > after[1]) | and_(keys[1] == after[1], keys[2] > after[2])
        )
        query = (
            select(review_labels, review_items.c.why, review_items.c.needed)
            .join(
                review_items,
                and_(review_items.c.run == review_labels.c.run, review_items.c.answer_id == review_labels.c.answer_id),
            )
            .where(review_labels.c.run == run, beyond)
            .order_by(*keys)
            .limit(_PAGE)
        )
        with self.database.reading() as connection:
            return [
                StoredLabel(
                    run=row.run,
                    answer_id=row.answer_id,
                    candidate_id=row.candidate_id,
                    question_id=row.question_id,
                    user_id=row.user_id,
                    part=row.part,
                    levels=json.loads(row.levels),
                    blind_levels=None if row.blind_levels is None else json.loads(row.blind_levels),
                    grader_levels=None if row.grader_levels is None else json.loads(row.grader_levels),
                    reason=row.reason,
                    saved_at=row.saved_at,
                    why=row.why,
                    needed=row.needed,
                )
                for row in connection.execute(query)
            ]
