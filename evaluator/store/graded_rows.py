"""Outcomes that workers write: grades and answers of a run, with the run's counts, each outcome once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, func, select

from evaluator.core.grade import Grade
from evaluator.core.redaction import Replacement
from evaluator.core.work import WorkItem
from evaluator.store.grade_rows import GradeRow, write_grades
from evaluator.store.review_arrivals import note_arrivals
from evaluator.store.schema import grades, runs


@dataclass(frozen=True, slots=True)
class WorkOutcome:
    """An answer's grade, and what was paid for it now."""

    item: WorkItem
    grade: Grade
    paid_requests: int = 0
    paid_usd: float | None = None
    replacements: tuple[Replacement, ...] = ()
    """What was replaced in the answer before it was graded."""


def write_outcomes(connection: Connection, run: int, outcomes: Sequence[WorkOutcome]) -> None:
    """Writes what is not there yet, and counts it. The numbers of the outcomes say what is there: two workers that
    took the same answer, because one of them was thought dead, leave one grade.
    """
    numbers = [each.item.number for each in outcomes]
    there = set(
        connection.scalars(select(grades.c.number).where(grades.c.run == run, grades.c.number.in_(numbers)))
    )  # fmt: skip
    new = [each for each in outcomes if each.item.number not in there]
    if not new:
        return
    write_grades(
        connection,
        [
            GradeRow(
                run, each.item.number, each.item.answer, each.grade, each.grade.model_dump_json().encode(),
                each.paid_requests, each.paid_usd, each.replacements,
            )
            for each in new
        ],
    )  # fmt: skip
    note_arrivals(connection, run, [each.item.number for each in new])
    paid = [each.paid_usd for each in new if each.paid_usd is not None]
    costs = [each.grade.provenance.cost_usd for each in new if each.grade.provenance.cost_usd is not None]

    def count(status: str) -> int:
        return sum(each.grade.status == status for each in new)

    changes: dict[str, Any] = {
        "graded": runs.c.graded + count("graded"),
        "not_answered": runs.c.not_answered + count("not_answered"),
        "ungraded": runs.c.ungraded + count("ungraded"),
        "to_review": runs.c.to_review + sum(each.grade.needs_review for each in new),
        "heard_at": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    if paid:
        changes["paid_usd"] = func.coalesce(runs.c.paid_usd, 0.0) + sum(paid)
    if costs:
        changes["cost_usd"] = func.coalesce(runs.c.cost_usd, 0.0) + sum(costs)
    connection.execute(runs.update().where(runs.c.number == run).values(changes))
