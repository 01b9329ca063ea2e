"""Near copies among answers that come one by one: both go to a person, once, and nobody is held against themselves."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import delete, func, select

from evaluator.core.grade import Grade
from evaluator.core.near_copy.found import MOST_NAMED
from evaluator.core.review_draw import DrawShares
from evaluator.core.work import WorkBatch
from evaluator.run.review_desk import ReviewDesk, Saved
from evaluator.run.review_reading import ReviewReading
from evaluator.store.graded_rows import WorkOutcome, write_outcomes
from evaluator.store.master_key import new_master_key
from evaluator.store.near_copies import Looked, NearCopies
from evaluator.store.near_copy_schema import near_copy_answers, near_copy_pairs, near_copy_shingles
from evaluator.store.privacy_schema import candidate_keys, store_keys
from evaluator.store.retention import Periods
from evaluator.store.store import Store, open_store
from tests.store.near_copying import (
    EDITED,
    TEXT,
    admit,
    grade,
    grade_of,
    hand_in,
    is_flagged,
    other,
    outcomes_of,
    submission,
    take,
)
from tests.store.reviewing import Clock, levels, reviewer, take_in


def count(store: Store, table) -> int:
    with store.runs.database.reading() as connection:
        return int(connection.scalar(select(func.count()).select_from(table)) or 0)


def without_flags(given: Grade) -> Grade:
    return given.model_copy(update={"flags": ()})


def test_a_copy_and_the_answer_that_it_is_like_both_go_to_a_person(store: Store) -> None:
    """The later one is flagged as it is graded; the earlier one, graded long ago, gains the flag, and keeps its
    levels. The words are those of a table's; no row, no person is named.
    """
    for place in range(10):
        grade(store, f"other{place}", other(place))
    first = grade(store, "ann")
    before = grade_of(store, first)
    second = grade(store, "bob", EDITED)
    assert [is_flagged(store, each) for each in (first, second)] == [True, True]
    assert without_flags(grade_of(store, first)) == without_flags(before)
    for name in (first, second):
        (flag,) = [each for each in grade_of(store, name).flags if each.code == "near_duplicate"]
        assert flag.severity == "review"
        assert flag.detail.startswith("Nearly the same text as another candidate's answer to this question. Compared")
        assert flag.rows is None
        assert not {"ann", "bob"} & set(flag.detail.replace(".", " ").split())
    others = [each.id for place in range(10) for each in store.submissions.of_candidate(f"other{place}")]
    assert not any(is_flagged(store, each) for each in others)
    (record,) = store.runs.all()
    assert record.counts.to_review == sum(each.grade.needs_review for each in store.runs.grades(record.number))


def test_both_texts_stand_on_the_page_of_either(store: Store) -> None:
    """Whoever reviews one of the two sees the other, whichever day's run it is in; those who left are not shown."""
    first = grade(store, "ann")
    hand_in(store, "bob", EDITED)
    admit(store, datetime(2026, 11, 27, 12, tzinfo=UTC))
    batch = take(store)
    store.work.write(batch, outcomes_of(batch))
    store.work.finish(batch)
    take_in(store)
    reading = ReviewReading(store, Clock())
    who = reviewer(store, "eve")
    seen = {}
    for run in store.runs.all():
        for candidate in ("ann", "bob"):
            for item in store.reviews.of_candidate(run.number, candidate)[1].values():
                opened = reading.open_item(who, item.id, held_until=None)
                seen[candidate] = [(each.answer.candidate_id, each.answer.text, each.run_id) for each in opened.alike]
                assert opened.item.why == "near_duplicate"
    earlier, later = sorted(each.id for each in store.runs.all())
    assert seen == {"ann": [("bob", EDITED, later)], "bob": [("ann", TEXT, earlier)]}
    assert is_flagged(store, first)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param({}, {"candidate": "ann", "key": "again"}, id="the same candidate hands in again"),
        pytest.param({"email": "Ann@example.org"}, {"email": "ann@example.org"}, id="the same person by e-mail"),
        pytest.param({}, {"tenant": "acme"}, id="a candidate of another tenant"),
        pytest.param({}, {"question": "fraud_framing"}, id="an answer to another question"),
    ],
)
def test_only_two_people_of_one_tenant_and_one_question_are_held_against_each_other(
    store: Store, first: dict[str, str], second: dict[str, str]
) -> None:
    names = [grade(store, **{"candidate": "ann", **first}), grade(store, **{"candidate": "bob", **second})]
    assert [is_flagged(store, each) for each in names] == [False, False]
    assert count(store, near_copy_pairs) == 0


def test_the_first_answers_to_a_question_are_not_all_alike(store: Store) -> None:
    """While little is known of what many say: ten answers that share phrases, and not more."""
    names = [grade(store, f"c{place}", other(place)) for place in range(10)]
    assert not any(is_flagged(store, each) for each in names)


def test_what_is_copied_by_many_names_a_few(store: Store) -> None:
    """A text that goes round: each copy is found, and what one costs does not grow with the others."""
    names = [grade(store, f"c{place}", TEXT.replace("90", str(90 + place))) for place in range(25)]
    assert all(is_flagged(store, each) for each in names)
    assert count(store, near_copy_pairs) <= MOST_NAMED * len(names)
    assert count(store, near_copy_shingles) < 20 * 16 * 2


def test_others_are_told_of_the_earlier_one_too(store: Store) -> None:
    """It was said to need nobody: now it does, once, however many copies come."""
    first = grade(store, "ann")
    told = [(each.kind, each.candidate_id) for each in store.outbox.made()]
    assert told == [("submission.graded", "ann")]
    for candidate in ("bob", "cyd"):
        grade(store, candidate, EDITED)
    told = [(each.kind, each.candidate_id) for each in store.outbox.made()]
    assert sorted(told[1:]) == [("submission.needs_review", name) for name in ("ann", "bob", "cyd")]
    assert submission(store, first).state == "complete"


@pytest.mark.parametrize("is_decided", [False, True], ids=["nobody looked", "somebody gave levels"])
def test_the_item_of_an_earlier_answer_says_what_was_found_since(store: Store, is_decided: bool) -> None:
    """It stays one item, more urgent now; what a person decided stands, and the log says what came after, once."""
    first = grade(store, "ann")
    take_in(store, DrawShares(0, 0, audit=1))
    (record,) = store.runs.all()
    (item,) = store.reviews.of_candidate(record.number, "ann")[1].values()
    eve, desk = reviewer(store, "eve"), ReviewDesk(store, Clock())
    if is_decided:
        assert isinstance(desk.save(eve, item.id, 0, levels(2, 2, 2)), Saved)
    for candidate in ("bob", "cyd"):
        grade(store, candidate, EDITED)
        take_in(store, DrawShares(0, 0, audit=1))
    (now,) = store.reviews.of_candidate(record.number, "ann")[1].values()
    assert (now.id, now.grade) == (item.id, item.grade)
    assert now.state == ("done" if is_decided else "open")
    opened = ReviewReading(store, Clock()).open_item(eve, item.id, held_until=None)
    assert opened.item.flags == ("near_duplicate",)
    assert sorted(each.answer.candidate_id for each in opened.alike) == ["bob", "cyd"]
    said = [each.action for each in store.review_log.of_item(record.number, f"{first}.degradation")]
    assert said == [*(["labelled"] if is_decided else []), "flagged"]
    if not is_decided:
        assert isinstance(desk.save(eve, item.id, opened.version, levels(2, 2, 2)), Saved)


def test_written_twice_found_once(store: Store) -> None:
    """Two workers that took the same submission, because one of them was thought dead."""
    grade(store, "ann")
    hand_in(store, "bob", EDITED)
    admit(store)
    batch = take(store, "one")
    again = store.work.start(batch.id, "other")
    assert again is not None
    store.work.write(batch, outcomes_of(batch))
    events = len(store.outbox.made())
    store.work.write(again, outcomes_of(again))
    assert store.work.finish(again)
    assert (count(store, near_copy_answers), count(store, near_copy_pairs)) == (2, 1)
    assert len(store.outbox.made()) == events + 1


def test_two_that_are_graded_at_the_same_moment_find_each_other(store: Store, reopen: Callable[[], Store]) -> None:
    """Neither was there when the other looked, and one is about to be written while the other wants to: that one waits,
    and finds it.
    """
    names = [hand_in(store, candidate, text) for candidate, text in (("ann", TEXT), ("bob", EDITED))]
    admit(store)
    batches = [take(store, worker) for worker in ("one", "other")]
    first, second = (outcomes_of(batch) for batch in batches)
    with reopen() as another, ThreadPoolExecutor(1) as pool:
        database = store.runs.database
        search = NearCopies(database, None)
        looked = search.look(batches[0], [each.item for each in first])
        with database.writing() as connection:
            settled = search.settle(connection, looked, batches[0].run, first)
            write_outcomes(connection, batches[0].run, settled)
            writing = pool.submit(another.work.write, batches[1], second)
            # Long enough to be through, if nothing held it up.
            assert wait([writing], timeout=1).not_done
        writing.result(timeout=60)
    assert [is_flagged(store, each) for each in names] == [True, True]
    assert count(store, near_copy_pairs) == 1


def test_what_was_written_since_the_look_is_found(store: Store) -> None:
    """Both had looked before either was written, and others had come before: whoever is second finds the first."""
    grade(store, "cyd", other(3))
    names = [hand_in(store, candidate, text) for candidate, text in (("ann", TEXT), ("bob", EDITED))]
    admit(store)
    graded = [(batch, outcomes_of(batch)) for batch in (take(store, "one"), take(store, "other"))]
    search = NearCopies(store.runs.database, None)
    looks = [search.look(batch, [each.item for each in outcomes]) for batch, outcomes in graded]
    for looked, (batch, outcomes) in zip(looks, graded, strict=True):
        write(store, search, looked, batch, outcomes)
    assert [is_flagged(store, each) for each in names] == [True, True]
    assert count(store, near_copy_pairs) == 1


@pytest.mark.parametrize(("gone", "said_next", "is_alike"), [(other(3), TEXT, True), (TEXT, other(3), False)])
def test_a_number_that_was_an_erased_answers_stands_for_the_next_one(
    store: Store, gone: str, said_next: str, is_alike: bool
) -> None:
    """The newest answer is erased between a look and its writing, and the next one has its number where the database
    gives numbers again: the next one is found, and nothing is said of it that was true of the erased one.
    """
    grade(store, "cyd", gone)
    second = hand_in(store, "bob", EDITED)
    admit(store)
    batch = take(store, "one")
    outcomes = outcomes_of(batch)
    search = NearCopies(store.runs.database, None)
    looked = search.look(batch, [each.item for each in outcomes])
    store.erase_candidate("cyd")
    first = grade(store, "ann", said_next)
    write(store, search, looked, batch, outcomes)
    assert is_flagged(store, first) == is_alike
    assert count(store, near_copy_pairs) == is_alike
    assert is_flagged(store, second) or not is_alike


def write(
    store: Store, search: NearCopies, looked: Mapping[int, Looked], batch: WorkBatch, outcomes: list[WorkOutcome]
) -> None:
    """Writes what was graded, after its look."""
    with store.runs.database.writing() as connection:
        write_outcomes(connection, batch.run, search.settle(connection, looked, batch.run, outcomes))


def test_an_erased_candidate_leaves_nothing(store: Store) -> None:
    """No sample, no pair; the other one's grade still says that there was something, and names nobody."""
    first = grade(store, "ann")
    second = grade(store, "bob", EDITED)
    half = count(store, near_copy_shingles)
    store.erase_candidate("ann")
    assert count(store, near_copy_answers) == 1
    assert count(store, near_copy_pairs) == 0
    assert 0 < count(store, near_copy_shingles) < half
    assert store.candidates() == ["bob"]
    assert is_flagged(store, second)
    (record,) = store.runs.all()
    assert store.near_copies.of(record.number, f"{second}.degradation") == []
    assert submission(store, first).state == "erased"
    assert not is_flagged(store, grade(store, "cyd", other(3)))


def test_deleting_a_run_and_retention_reach_the_samples(store: Store) -> None:
    """What is no longer kept is compared with nothing; a run that others were told of can be deleted, too."""
    grade(store, "ann")
    later = datetime.now(UTC) + timedelta(days=40)
    store.retention.apply(Periods(answers=30), later)
    assert (count(store, near_copy_answers), count(store, near_copy_shingles)) == (0, 0)
    assert not is_flagged(store, grade(store, "bob", EDITED))
    assert count(store, near_copy_answers) == 1
    (record,) = store.runs.all()
    store.runs.delete(record.number)
    assert store.outbox.made() == []
    assert (count(store, near_copy_answers), count(store, near_copy_shingles)) == (0, 0)


def test_samples_are_keyed(address: str) -> None:
    """Where the store is encrypted the key is wrapped, also one that was made before; what it hides is found still."""
    with open_store(address) as store:
        grade(store, "ann")
    key = new_master_key()
    with open_store(address, encryption_key=key) as store:
        store.encryption.encrypt()
        with store.runs.database.reading() as connection:
            kept = {row.name: row.master for row in connection.execute(select(store_keys))}
        assert kept["near_copies"] == kept["store"] is not None
        assert is_flagged(store, grade(store, "bob", EDITED))
    newer = new_master_key()
    with open_store(address, encryption_key=f"{newer},{key}") as store:
        store.encryption.rotate()
    with open_store(address, encryption_key=newer) as store:
        assert is_flagged(store, grade(store, "cyd", EDITED))


def test_somebody_who_cannot_be_read_any_more_holds_nobody_up(address: str) -> None:
    """Erased, and back with a backup without their key: others are graded, and compared with each other."""
    key = new_master_key()
    with open_store(address, encryption_key=key) as store:
        grade(store, "ann")
        second = grade(store, "bob", EDITED)
        with store.runs.database.writing() as connection:
            connection.execute(delete(candidate_keys).where(candidate_keys.c.candidate_id == "ann"))
    with open_store(address, encryption_key=key) as store:
        third = grade(store, "cyd", EDITED + " Indeed.")
        assert [is_flagged(store, each) for each in (second, third)] == [True, True]


def test_the_same_words_make_other_samples_in_another_store(tmp_path) -> None:
    """Nobody who has the numbers alone can try words until one fits."""
    found = []
    for name in ("one", "other"):
        with open_store(str(tmp_path / f"{name}.sqlite3")) as store:
            grade(store, "ann")
            with store.runs.database.reading() as connection:
                found.append(set(connection.scalars(select(near_copy_shingles.c.shingle))))
    assert found[0]
    assert not found[0] & found[1]
