"""The log of reviews, replayed, gives the state: whatever people did, on both databases."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from evaluator.core.account import Who
from evaluator.core.review import replay
from evaluator.core.review_draw import DrawShares
from evaluator.errors import InputError
from evaluator.run.review_desk import ReviewDesk
from evaluator.store.review_schema import review_items, review_labels, review_skips
from evaluator.store.review_shelf import labels_in
from evaluator.store.store import Store, open_store
from tests.graded_run import Given, begin_run, put_grades
from tests.store.reviewing import EVERYBODY, Clock, flagged, levels, reviewer, take_in

# What anybody may do next: who, what, and with which levels.
_STEP = st.tuples(
    st.sampled_from(["ann", "ben", "cat"]),
    st.sampled_from(["save", "confirm", "undo", "skip", "hand", "adjudicate", "explain", "regrade"]),
    st.integers(0, 4),
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(_STEP, max_size=12), double=st.booleans(), blind=st.booleans())
def test_replaying_the_log_gives_the_state(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, str, int]], double: bool, blind: bool
) -> None:
    """Whatever people did, allowed or refused: the tables say what the log adds up to, and no entry ever changes."""
    folder = tmp_path_factory.mktemp("replayed")
    with open_store(str(folder / "s.sqlite3")) as store:
        play(store, folder, steps, DrawShares(float(blind), float(double), 0))


def play(store: Store, folder: Path, steps: list[tuple[str, str, int]], shares: DrawShares) -> None:
    record = begin_run(store, str(folder))
    put_grades(store, record, flagged(1), finished=False)
    take_in(store, shares)
    desk = ReviewDesk(store, Clock())
    people = {name: reviewer(store, name) for name in ("ann", "ben", "cat")}
    item = desk.next_item(people["ann"], EVERYBODY)
    assert item is not None
    answer = store.reviews.item(item).answer_id
    written: list[object] = []
    for name, what, level in steps:
        who = people[name]
        version = store.reviews.item(item).version
        # What somebody may not do now is refused, and changes nothing.
        with contextlib.suppress(InputError):
            do(desk, who, item, version, what, level)
        if what == "regrade":
            put_grades(store, record, [Given("c0", flags=("near_bar",) if level % 2 else ())])
        take_in(store, shares)
        entries = store.review_log.of_item(record.number, answer)
        assert entries[: len(written)] == written
        written = list(entries)
        check_state(store, record.number, item)


def do(desk: ReviewDesk, who: Who, item: int, version: int, what: str, level: int) -> None:
    act: dict[str, Callable[[], object]] = {
        "save": lambda: desk.save(who, item, version, levels(level, level, 1), "other"),
        "confirm": lambda: desk.save(who, item, version, None),
        "undo": lambda: desk.undo(who, item),
        "skip": lambda: desk.skip(who, item),
        "hand": lambda: desk.hand(who, item, "ben"),
        "adjudicate": lambda: desk.adjudicate(who, item, version, levels(level, 1, 1), None, "so"),
        "explain": lambda: desk.explain(who, item, version, "other", "because"),
        "regrade": lambda: None,
    }
    act[what]()


def check_state(store: Store, run: int, item: int) -> None:
    """Every column and row that pages read is what the log adds up to."""
    with store.reviews.database.reading() as connection:
        row = connection.execute(select(review_items).where(review_items.c.id == item)).one()
        labels = connection.execute(select(review_labels).where(review_labels.c.run == run)).all()
        skips = set(connection.scalars(select(review_skips.c.user_id).where(review_skips.c.item == item)))
    entries = store.review_log.of_item(run, row.answer_id)
    review = replay(entries, row.needed)
    assert (row.state, row.version, row.labels) == (review.state, review.version, len(review.labels))
    assert row.assigned_to == review.assigned_to
    assert skips == review.skipped_by
    assert [entry.version for entry in entries] == list(range(1, len(entries) + 1))
    stored = {each.user_id: each for each in labels_in([each for each in labels if each.part == "label"])}
    assert stored == dict(review.labels)
    third = labels_in([each for each in labels if each.part == "adjudication"])
    assert third == ([review.adjudication] if review.adjudication else [])
    assert (row.final_levels is not None) == (review.final_levels is not None)


def test_replaying_the_log_gives_the_state_on_both_databases(store: Store, tmp_path: Path) -> None:
    """One long history, with everything in it."""
    steps = [
        ("ann", "save", 2), ("ann", "undo", 0), ("ann", "skip", 0), ("ben", "hand", 0), ("ben", "save", 4),
        ("ann", "save", 0), ("", "regrade", 1), ("cat", "adjudicate", 3), ("cat", "undo", 0), ("cat", "adjudicate", 2),
        ("", "regrade", 0), ("ben", "explain", 0),
    ]  # fmt: skip
    play(store, tmp_path, [(name or "ann", what, level) for name, what, level in steps], DrawShares(0, 1, 0))
