"""The candidates of a run, with how many answers each has and what these came to."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, and_, case, func, select

from evaluator.store.database import Database
from evaluator.store.review_schema import review_items
from evaluator.store.schema import answers, grades


@dataclass(frozen=True, slots=True)
class CandidateLine:
    """A candidate: `score` is the mean of the grader's scores, None where no answer was graded."""

    candidate_id: str
    answers: int
    graded: int
    to_review: int
    score: float | None


@dataclass(frozen=True, slots=True)
class AnswerLine:
    """One answer of a candidate: the grader's score, and the levels that people settled on, where they did."""

    candidate_id: str
    score: float | None
    final_levels: dict[str, int] | None


class RunCandidates:
    """The candidates of the runs of one store."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def lines(self, run: int) -> list[CandidateLine]:
        """Every candidate of a run. It takes as long as the run has answers: a quarter of a second for 100,000."""
        query = (
            select(
                answers.c.candidate_id,
                func.count(),
                func.sum(case((grades.c.score.is_not(None), 1), else_=0)),
                func.sum(case((grades.c.needs_review, 1), else_=0)),
                func.avg(grades.c.score),
            )
            .join(grades, _standing())
            .where(answers.c.run == run)
            .group_by(answers.c.candidate_id)
        )
        with self.database.reading() as connection:
            return [CandidateLine(*row) for row in connection.execute(query)]

    def state(self, run: int) -> tuple[int, int]:
        """What changes whenever `lines` do: the last grade, and how many answers there are. Cheap."""
        last = select(func.coalesce(func.max(grades.c.number), 0)).where(grades.c.run == run).scalar_subquery()
        held = select(func.count()).where(answers.c.run == run).scalar_subquery()
        with self.database.reading() as connection:
            row = connection.execute(select(last, held)).one()
            return row[0], row[1]

    def answers_of(self, run: int, candidate_ids: Sequence[str]) -> list[AnswerLine]:
        """The answers of these candidates, for the score after review."""
        with self.database.reading() as connection:
            return _answers_of(connection, run, candidate_ids)


def _answers_of(connection: Connection, run: int, candidate_ids: Sequence[str]) -> list[AnswerLine]:
    query = (
        select(answers.c.candidate_id, grades.c.score, review_items.c.final_levels)
        .join(grades, _standing())
        .outerjoin(
            review_items, and_(review_items.c.run == answers.c.run, review_items.c.answer_id == answers.c.answer_id)
        )
        .where(answers.c.run == run, answers.c.candidate_id.in_(candidate_ids))
    )
    return [
        AnswerLine(row.candidate_id, row.score, json.loads(row.final_levels) if row.final_levels else None)
        for row in connection.execute(query)
    ]


def _standing() -> Any:
    """Joins an answer with the grade that stands."""
    return and_(grades.c.run == answers.c.run, grades.c.number == answers.c.grade)
