"""What people decided about candidates: appended; the last one stands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, func, select

from evaluator.core.review import CandidateDecision
from evaluator.store.database import Database
from evaluator.store.review_schema import candidate_decisions
from evaluator.store.sealed_bytes import sealed_one
from evaluator.store.stored_text import stored_text


@dataclass(frozen=True, slots=True)
class Decision:
    """One decision on one candidate of a run."""

    decision: CandidateDecision
    user_id: str
    at: str
    note: str


class CandidateDecisions:
    """The decisions of one store."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def append(self, run: int, candidate_id: str, made: Decision) -> None:
        """One more decision, committed when this returns."""
        candidate_id = stored_text(candidate_id)
        row = {
            "run": run,
            "candidate_id": candidate_id,
            "decision": made.decision,
            "user_id": made.user_id,
            "at": made.at,
        }
        with self.database.writing() as connection:
            note = sealed_one(connection, candidate_id, made.note.encode("utf-8", "surrogatepass"))
            connection.execute(candidate_decisions.insert(), {**row, "note": note})

    def of(self, run: int, candidate_id: str) -> list[Decision]:
        """Every decision on one candidate, the last one last."""
        query = (
            select(candidate_decisions)
            .where(candidate_decisions.c.run == run, candidate_decisions.c.candidate_id == stored_text(candidate_id))
            .order_by(candidate_decisions.c.number)
        )
        with self.database.reading() as connection:
            return [_decision(row) for row in connection.execute(query)]

    def standing(self, run: int, candidate_ids: Sequence[str]) -> Mapping[str, Decision]:
        """The decision that stands, by candidate; those without one are left out."""
        last = (
            select(func.max(candidate_decisions.c.number))
            .where(candidate_decisions.c.run == run, candidate_decisions.c.candidate_id.in_(candidate_ids))
            .group_by(candidate_decisions.c.candidate_id)
        )
        query = select(candidate_decisions).where(candidate_decisions.c.number.in_(last))
        with self.database.reading() as connection:
            return {row.candidate_id: _decision(row) for row in connection.execute(query)}


def _decision(row: Row[Any]) -> Decision:
    return Decision(row.decision, row.user_id, row.at, row.note.decode("utf-8", "surrogatepass"))
