"""Pairs of answers that are nearly the same, read for a page that shows both."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import and_, case, or_, select

from evaluator.core.answer import Answer
from evaluator.core.near_copy.found import MOST_NAMED
from evaluator.store.database import Database
from evaluator.store.near_copy_schema import near_copy_answers, near_copy_pairs
from evaluator.store.schema import answers, runs
from evaluator.store.stored_text import stored_text


@dataclass(frozen=True, slots=True)
class AlikeAnswer:
    """Another candidate's answer that is nearly the same, and the run (its id) that it is in."""

    answer: Answer
    run_id: str


class NearCopyPairs:
    """The pairs of one store."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, run: int, answer_id: str) -> list[AlikeAnswer]:
        """The answers that are nearly the same as this one and are still there, the closest first."""
        own = near_copy_answers.alias("own")
        other = near_copy_answers.alias("other")
        its = near_copy_pairs.c
        asked = (
            select(runs.c.id.label("run_id"), answers)
            .select_from(own)
            .join(near_copy_pairs, or_(its.earlier == own.c.number, its.later == own.c.number))
            .join(other, other.c.number == case((its.earlier == own.c.number, its.later), else_=its.earlier))
            .join(answers, and_(answers.c.run == other.c.run, answers.c.answer_id == other.c.answer_id))
            .join(runs, runs.c.number == other.c.run)
            .where(own.c.run == run, own.c.answer_id == stored_text(answer_id))
            .order_by(its.containment.desc(), other.c.number)
            .limit(MOST_NAMED)
        )
        with self._database.reading() as connection:
            return [
                AlikeAnswer(
                    Answer(
                        row.answer_id, row.candidate_id, row.question_id, row.body.decode("utf-8", "surrogatepass"),
                        row.absent, row.row,
                    ),
                    row.run_id,
                )
                for row in connection.execute(asked)
            ]  # fmt: skip
