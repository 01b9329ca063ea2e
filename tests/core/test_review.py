"""What entries of the log add up to: who is done, who differs, what is final, and what can be taken back."""

from __future__ import annotations

import pytest

from evaluator.core.review import EntryDetail, LogEntry, conflicts, furthest_apart, last_undoable, replay


def log(*entries: tuple[str, str, EntryDetail]) -> list[LogEntry]:
    return [
        LogEntry(f"2026-11-26T10:00:{place:02}+00:00", actor, action, 1, "c1.q", "c1", place, detail)  # type: ignore[arg-type]
        for place, (actor, action, detail) in enumerate(entries, start=1)
    ]


def given(*levels: int, blind: bool = False) -> EntryDetail:
    return EntryDetail(
        levels=dict(zip("abc", levels, strict=True)), blind=blind, grader_levels={"a": 1, "b": 1, "c": 1}
    )


def test_an_answer_that_nobody_touched_is_open() -> None:
    """No entry, no label, nothing final."""
    review = replay([], needed=1)
    assert (review.state, review.version, review.final_levels) == ("open", 0, None)


def test_one_label_settles_an_answer_that_needs_one() -> None:
    """Its levels are final; a later person's overrule them, and both stay on record."""
    entries = log(("ann", "labelled", given(1, 2, 3)))
    assert replay(entries, 1).state == "done"
    assert replay(entries, 1).final_levels == {"a": 1, "b": 2, "c": 3}
    both = log(("ann", "labelled", given(1, 2, 3)), ("ben", "labelled", given(0, 0, 0)))
    assert replay(both, 1).final_levels == {"a": 0, "b": 0, "c": 0}
    assert list(replay(both, 1).labels) == ["ann", "ben"]


@pytest.mark.parametrize(
    ("second", "state", "final"),
    [
        ((1, 2, 3), "done", (1, 2, 3)),
        ((2, 2, 2), "done", (2, 2, 3)),  # 1.5 and 2.5 go up, as between samples of a grader
        ((3, 2, 3), "adjudicate", None),
    ],
)
def test_two_blind_labels_settle_it_within_a_level_and_need_a_third_beyond(
    second: tuple[int, int, int], state: str, final: tuple[int, int, int] | None
) -> None:
    """More than one level apart on any criterion goes to adjudication."""
    entries = log(("ann", "labelled", given(1, 2, 3, blind=True)), ("ben", "labelled", given(*second, blind=True)))
    review = replay(entries, 2)
    assert review.state == state
    assert review.final_levels == (dict(zip("abc", final, strict=True)) if final else None)


def test_the_third_persons_levels_are_final() -> None:
    """Whatever the two said; taking it back opens the adjudication again."""
    entries = log(
        ("ann", "labelled", given(0, 0, 0, blind=True)),
        ("ben", "labelled", given(3, 3, 3, blind=True)),
        ("cat", "adjudicated", given(2, 2, 2)),
    )
    assert replay(entries, 2).final_levels == {"a": 2, "b": 2, "c": 2}
    undone = log(
        *((each.actor, each.action, each.detail) for each in entries), ("cat", "undone", EntryDetail(undoes=3))
    )
    assert replay(undone, 2).state == "adjudicate"


def test_what_is_said_after_the_grade_was_shown_is_not_blind_but_the_blind_levels_are_kept() -> None:
    """Agreement rests on the first; what counts for the candidate is the second."""
    entries = log(("ann", "labelled", given(0, 0, 0, blind=True)), ("ann", "labelled", given(2, 2, 2)))
    label = replay(entries, 1).labels["ann"]
    assert (label.blind, label.blind_levels, label.levels) == (
        False,
        {"a": 0, "b": 0, "c": 0},
        {"a": 2, "b": 2, "c": 2},
    )


def test_a_blind_label_that_is_undone_cannot_be_given_blind_again() -> None:
    """Saving it showed the grader's levels: the person saw."""
    entries = log(("ann", "labelled", given(0, 0, 0, blind=True)), ("ann", "undone", EntryDetail(undoes=1)))
    review = replay(entries, 1)
    assert (review.state, dict(review.labels), review.saw) == ("open", {}, frozenset({"ann"}))


def test_only_the_last_entry_can_be_taken_back_and_only_by_its_author() -> None:
    """Not after somebody else acted; the program's own entries do not count as somebody."""
    entries = log(("ann", "labelled", given(1, 1, 1)), ("", "regraded", EntryDetail(grade=2, needs_review=True)))
    assert last_undoable(entries, "ann") == entries[0]
    assert last_undoable(entries, "ben") is None
    later = log(("ann", "labelled", given(1, 1, 1)), ("ben", "labelled", given(2, 2, 2)))
    assert last_undoable(later, "ann") is None
    assert last_undoable(later, "ben") == later[1]


def test_a_later_grade_loses_no_review() -> None:
    """What a person said stands; an answer that nobody looked at leaves the queue when its new grade needs nobody."""
    calm = EntryDetail(grade=2, needs_review=False)
    assert replay(log(("", "regraded", calm)), 1).state == "withdrawn"
    assert replay(log(("ann", "labelled", given(1, 1, 1)), ("", "regraded", calm)), 1).state == "done"
    back = log(("", "regraded", calm), ("", "regraded", EntryDetail(grade=3, needs_review=True)))
    assert replay(back, 1).state == "open"


def test_the_other_ones_blind_label_is_no_conflict_and_a_colleagues_decision_is() -> None:
    """Two who label apart do not wait for each other; anything else that came since is shown first."""
    blind = log(("ann", "labelled", given(1, 1, 1, blind=True)))
    assert conflicts(blind, 0, "ben", needed=2) == []
    assert conflicts(blind, 0, "ben", needed=1) == blind
    assert conflicts(blind, 1, "ben", needed=1) == []
    assert conflicts(blind, 0, "ann", needed=1) == []
    regraded = log(("", "regraded", EntryDetail(grade=2, needs_review=True)))
    assert conflicts(regraded, 0, "ben", needed=2) == regraded


def test_how_far_people_are_apart() -> None:
    """The largest difference on any criterion."""
    assert furthest_apart([{"a": 0, "b": 2}, {"a": 1, "b": 0}]) == 2
    assert furthest_apart([{"a": 3}]) == 0
