"""The rows of reviews that go with a run when it is deleted."""

from __future__ import annotations

from sqlalchemy import Connection, delete, select

from evaluator.store.account_schema import run_access
from evaluator.store.review_schema import (
    candidate_decisions,
    review_arrivals,
    review_intake,
    review_items,
    review_labels,
    review_leases,
    review_log,
    review_skips,
)


def delete_reviews(connection: Connection, run: int) -> None:
    """Deletes everything that people decided about a run, before the run itself goes."""
    of_run = select(review_items.c.id).where(review_items.c.run == run)
    for by_item in (review_skips, review_leases):
        connection.execute(delete(by_item).where(by_item.c.item.in_(of_run)))
    for table in (
        review_items,
        review_labels,
        review_log,
        candidate_decisions,
        review_intake,
        review_arrivals,
        run_access,
    ):
        connection.execute(delete(table).where(table.c.run == run))
