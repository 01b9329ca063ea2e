"""Reviews in the store, on both databases: the queue, leases, decisions."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from evaluator.core.account import Who
from evaluator.core.review_draw import DrawShares
from evaluator.core.review_queue import QueueFilter
from evaluator.core.work import WorkItem
from evaluator.errors import NotAllowedError, NotThereError, UsageError
from evaluator.run.review_desk import Conflict, ReviewDesk, Saved
from evaluator.run.review_reading import ReviewReading
from evaluator.store.graded_rows import WorkOutcome, write_outcomes
from evaluator.store.store import Store, open_store
from tests.graded_run import Given, begin_run, grade_of, put_grades, put_run
from tests.store.reviewing import EVERYBODY, Clock, flagged, levels, reviewer, take_in


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def desk(store: Store, clock: Clock) -> ReviewDesk:
    return ReviewDesk(store, clock)


@pytest.fixture
def reading(store: Store, clock: Clock) -> ReviewReading:
    return ReviewReading(store, clock)


def test_the_queue_holds_what_needs_a_person_most_urgent_first(
    store: Store, reading: ReviewReading, tmp_path: Path
) -> None:
    """An attack, then a failure, then what is near the bar, nearer first; what needs nobody is not there."""
    put_run(
        store,
        [
            Given("far", flags=("near_bar",), score=8.0),
            Given("near", flags=("near_bar",), score=8.5),
            Given("fine"),
            Given("attack", flags=("injection_suspected",)),
            Given("failed", is_graded=False),
            Given("noted", notes=("too_short",)),
        ],
        str(tmp_path),
    )
    take_in(store)
    who = reviewer(store, "ann")
    page = reading.queue(who, EVERYBODY)
    assert [item.candidate_id for item in page.items] == ["attack", "failed", "near", "far"]
    assert [item.why for item in page.items] == ["injection_suspected", "ungraded", "near_bar", "near_bar"]
    counts = reading.counts(who, EVERYBODY)
    assert (counts.open, counts.done) == (4, 0)
    assert dict(counts.by_flag) == {"injection_suspected": 1, "ungraded": 1, "near_bar": 2}
    only = reading.queue(who, QueueFilter(flag="near_bar"))
    assert [item.candidate_id for item in only.items] == ["near", "far"]
    assert reading.queue(who, QueueFilter(question="degradation")).items == ()
    assert [item.candidate_id for item in reading.queue(who, QueueFilter(candidate="far")).items] == ["far"]


def test_pages_hold_every_item_once(store: Store, reading: ReviewReading, tmp_path: Path) -> None:
    """Also where many are as urgent as each other."""
    put_run(store, [Given(f"c{n}", flags=("red_flag",)) for n in range(25)], str(tmp_path))
    take_in(store)
    who = reviewer(store, "ann")
    seen: list[int] = []
    after = None
    while True:
        page = reading.queue(who, EVERYBODY, after, limit=7)
        seen += [item.id for item in page.items]
        after = page.after
        if after is None:
            break
    assert len(seen) == len(set(seen)) == 25


def test_a_run_that_is_still_written_is_followed(store: Store, reading: ReviewReading, tmp_path: Path) -> None:
    """What was graded since the last look comes in, once."""
    record = begin_run(store, str(tmp_path))
    put_grades(store, record, flagged(3), finished=False)
    take_in(store)
    put_grades(store, record, [Given("late", flags=("red_flag",))], finished=False)
    take_in(store)
    take_in(store)
    assert reading.counts(reviewer(store, "ann"), EVERYBODY).open == 4


def test_a_later_grade_loses_no_review_and_withdraws_what_nobody_touched(
    store: Store, desk: ReviewDesk, reading: ReviewReading, tmp_path: Path
) -> None:
    """A resume grades both again: the one that was reviewed stays so, the other needs nobody any more."""
    record = begin_run(store, str(tmp_path))
    put_grades(store, record, flagged(2), finished=False)
    take_in(store)
    ann = reviewer(store, "ann")
    item = desk.next_item(ann, EVERYBODY)
    assert item is not None
    reviewed = reading.open_item(ann, item, held_until=None).item.candidate_id
    assert isinstance(desk.save(ann, item, 0, levels(3, 3, 3), "too_strict", "see above"), Saved)
    put_grades(store, record, [Given(f"c{n}", levels=(1, 1, 1)) for n in range(2)])
    take_in(store)
    opened = reading.open_item(ann, item, held_until=None)
    assert (opened.item.state, opened.final_levels, opened.regraded_since) == ("done", levels(3, 3, 3), True)
    assert opened.grade is not None
    assert opened.grade.criteria[0].level == 1
    assert opened.mine is not None
    assert opened.mine.grader_levels == levels(2, 2, 1)
    withdrawn = reading.queue(ann, QueueFilter(state="withdrawn")).items
    assert [each.candidate_id for each in withdrawn] == [f"c{1 - int(reviewed[1:])}"]


def test_a_page_that_was_open_while_the_answer_was_graded_anew_is_told(
    store: Store, desk: ReviewDesk, tmp_path: Path
) -> None:
    """Levels that were given to another grade are not saved as if they had been given to this one."""
    record = begin_run(store, str(tmp_path))
    put_grades(store, record, flagged(1), finished=False)
    take_in(store)
    ann = reviewer(store, "ann")
    item = desk.next_item(ann, EVERYBODY)
    assert item is not None
    put_grades(store, record, flagged(1))
    take_in(store)
    said = desk.save(ann, item, 0, None)
    assert isinstance(said, Conflict)
    assert said.regraded
    assert isinstance(desk.save(ann, item, said.version, None), Saved)


def test_two_browsers_never_get_the_same_answer(address: str, tmp_path: Path) -> None:
    """Six browsers of five people empty a queue at once: each answer is labelled once."""
    with open_store(address) as store:
        put_run(store, flagged(30), str(tmp_path))
        take_in(store)
        people = [reviewer(store, f"r{n}") for n in range(5)] + [reviewer(store, "r0", "another browser of r0")]
        labelled: list[int] = []
        failures: list[BaseException] = []

        def work(who: Who) -> None:
            desk = ReviewDesk(store, lambda: datetime.now(UTC))
            try:
                while (item := desk.next_item(who, EVERYBODY)) is not None:
                    said = desk.save(who, item, 0, None)
                    assert isinstance(said, Saved), said
                    labelled.append(item)
            except BaseException as error:
                failures.append(error)

        threads = [threading.Thread(target=work, args=(who,)) for who in people]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=240)
        assert failures == []
        assert len(labelled) == len(set(labelled)) == 30


def test_an_answer_drawn_for_two_is_given_to_two_people_and_each_once(
    store: Store, desk: ReviewDesk, tmp_path: Path
) -> None:
    """Both at once, both blind; a third person is not asked."""
    put_run(store, flagged(1), str(tmp_path))
    take_in(store, DrawShares(0, 1, 0))
    ann, ben, cat = (reviewer(store, name) for name in ("ann", "ben", "cat"))
    item = desk.next_item(ann, EVERYBODY)
    assert item is not None
    assert desk.next_item(ben, EVERYBODY) == item
    assert desk.next_item(cat, EVERYBODY) is None
    first = desk.save(ann, item, 0, levels(2, 2, 2))
    assert isinstance(first, Saved)
    assert (first.state, first.revealed) == ("open", True)
    assert desk.next_item(ann, EVERYBODY) is None
    second = desk.save(ben, item, 0, levels(2, 2, 4))
    assert isinstance(second, Saved)
    assert second.state == "adjudicate"
    with pytest.raises(NotAllowedError, match="one of the two"):
        desk.adjudicate(ann, item, second.version, levels(2, 2, 3), None, "")
    settled = desk.adjudicate(cat, item, second.version, levels(2, 2, 3), "rubric_unclear", "between the two")
    assert isinstance(settled, Saved)
    assert settled.state == "done"


def test_a_blind_reviewer_is_told_nothing_of_the_grade_until_their_own_levels_are_saved(
    store: Store, desk: ReviewDesk, reading: ReviewReading, tmp_path: Path
) -> None:
    """Not on the answer, not in the queue, not with the candidate; an undone label does not make them blind again."""
    put_run(store, [Given("c1", flags=("near_bar", "hidden_characters"))], str(tmp_path))
    take_in(store, DrawShares(1, 0, 0))
    ann = reviewer(store, "ann")
    item = desk.next_item(ann, EVERYBODY)
    assert item is not None
    opened = reading.open_item(ann, item, held_until=desk.hold(ann, item))
    assert opened.blind
    assert (opened.grade, opened.entries, opened.others) == (None, (), ())
    assert [flag.code for flag in opened.safe_flags] == ["hidden_characters"]
    listed = reading.queue(ann, EVERYBODY).items[0]
    assert (listed.why, listed.score, listed.band, listed.flags) == (None, None, None, ("hidden_characters",))
    record = store.runs.find("0a1b2c3d")
    whole = reading.candidate(ann, record, "c1")
    assert (whole.standing, whole.score, whole.answers[0].grade) == (None, None, None)
    with pytest.raises(UsageError, match="nothing to confirm"):
        desk.save(ann, item, 0, None)
    assert isinstance(desk.save(ann, item, 0, levels(0, 0, 0)), Saved)
    assert reading.open_item(ann, item, held_until=None).grade is not None
    desk.undo(ann, item)
    again = reading.open_item(ann, item, held_until=None)
    assert not again.blind
    assert reading.open_item(reviewer(store, "ben"), item, held_until=None).blind


def test_a_lease_is_seen_by_others_and_ends_by_itself(
    store: Store, desk: ReviewDesk, reading: ReviewReading, clock: Clock, tmp_path: Path
) -> None:
    """Whoever comes later is told who has it; five minutes after the last sign of life it is free."""
    put_run(store, flagged(1), str(tmp_path))
    take_in(store)
    ann, ben = reviewer(store, "ann"), reviewer(store, "ben")
    item = desk.next_item(ann, EVERYBODY)
    assert item is not None
    assert desk.next_item(ben, EVERYBODY) is None
    assert desk.hold(ben, item) is None
    seen = reading.open_item(ben, item, held_until=None)
    assert seen.lease is not None
    assert (seen.lease.name, seen.can_save, seen.cannot_because) == ("ann", False, "ann has this answer open.")
    assert reading.queue(ben, EVERYBODY).items[0].held_by == "ann"
    clock.now += timedelta(minutes=4)
    assert desk.hold(ann, item) is not None
    clock.now += timedelta(minutes=4)
    assert desk.next_item(ben, EVERYBODY) is None
    clock.now += timedelta(minutes=2)
    assert desk.next_item(ben, EVERYBODY) == item
    late = desk.save(ann, item, 0, None)
    assert isinstance(late, Saved)
    assert isinstance(desk.save(ben, item, 0, None), Conflict)


def test_skipping_leaves_it_to_others_and_handing_puts_it_first_for_one(
    store: Store, desk: ReviewDesk, tmp_path: Path
) -> None:
    """Who skipped is not asked again; who it was handed to is asked before anything more urgent, and nobody else is."""
    put_run(store, flagged(3), str(tmp_path))
    take_in(store)
    ann, ben = reviewer(store, "ann"), reviewer(store, "ben")
    first = desk.next_item(ann, EVERYBODY)
    assert first is not None
    desk.skip(ann, first)
    assert desk.next_item(ann, EVERYBODY) not in (None, first)
    last = reading_last(store)
    desk.hand(ann, last, "ben", "you know this system")
    assert desk.next_item(ben, EVERYBODY) == last
    desk.release(ben, last)
    assert last not in {desk.next_item(reviewer(store, "cat"), EVERYBODY) for _ in range(2)}
    store.users.add("rita", "rita", "recruiter", "2026-11-26T12:00:00+00:00")
    with pytest.raises(NotThereError, match="no such reviewer"):
        desk.hand(ann, first, "rita")


def reading_last(store: Store) -> int:
    return ReviewReading(store, Clock()).queue(reviewer(store, "ann"), EVERYBODY).items[-1].id


def test_a_deleted_run_takes_its_reviews_with_it(store: Store, desk: ReviewDesk, tmp_path: Path) -> None:
    """Nothing points to what is not there, and other runs' reviews stay."""
    first = put_run(store, flagged(2), str(tmp_path))
    put_run(store, flagged(1), str(tmp_path), "ffff0000")
    take_in(store)
    ann = reviewer(store, "ann")
    item = desk.next_item(ann, QueueFilter(run="0a1b2c3d"))
    assert item is not None
    desk.save(ann, item, 0, None)
    store.users.share_run(first.number, "ann", "", "2026-11-26T12:00:00+00:00")
    store.runs.delete(first.number)
    assert store.review_log.of_item(first.number, "c0.loan_features") == []
    assert store.review_labels.runs() == []
    assert desk.next_item(ann, EVERYBODY) is not None


def test_grades_that_workers_commit_in_any_order_all_come_into_the_queue_once(
    store: Store, reading: ReviewReading, tmp_path: Path
) -> None:
    """A later number may be committed first, and the same outcome may be written twice."""
    record = begin_run(store, str(tmp_path))

    def write(*numbers: int) -> None:
        outcomes = [
            WorkOutcome(WorkItem(number, each.answer), grade_of(each))
            for number in numbers
            for each in [Given(f"w{number}", flags=("near_bar",))]
        ]
        with store.reviews.database.writing() as connection:
            write_outcomes(connection, record.number, outcomes)

    write(5000, 5001)
    take_in(store)
    write(1000, 5001, 3000)
    take_in(store)
    take_in(store)
    ann = reviewer(store, "ann")
    items = reading.queue(ann, EVERYBODY).items
    assert sorted(item.candidate_id for item in items) == ["w1000", "w3000", "w5000", "w5001"]
    assert all(store.review_log.of_item(record.number, item.answer_id) == [] for item in items)
