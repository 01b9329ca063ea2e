"""Reviewers of a store, and a clock that a test moves."""

from __future__ import annotations

from datetime import UTC, datetime

from evaluator.core.account import Who
from evaluator.core.review_draw import DrawShares
from evaluator.core.review_queue import QueueFilter
from evaluator.run.review_upkeep import ReviewUpkeep
from evaluator.store.store import Store
from tests.graded_run import CRITERIA, Given

NOTHING_DRAWN = DrawShares(0, 0, 0)
EVERYBODY = QueueFilter()


class Clock:
    """A time that goes on only where a test says so."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 26, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


def reviewer(store: Store, name: str, session: str | None = None) -> Who:
    """A reviewer in a browser of their own."""
    if store.users.get(name) is None:
        store.users.add(name, name, "reviewer", "2026-11-26T12:00:00+00:00")
    return Who(name, "reviewer", session or f"session of {name}")


def take_in(store: Store, shares: DrawShares = NOTHING_DRAWN) -> None:
    assert ReviewUpkeep(store, shares, Clock()).catch_up()


def levels(*given: int) -> dict[str, int]:
    return dict(zip(CRITERIA, given, strict=True))


def flagged(count: int) -> list[Given]:
    return [Given(f"c{n}", flags=("near_bar",), score=8.5 - n / 100) for n in range(count)]
