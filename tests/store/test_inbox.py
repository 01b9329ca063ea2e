"""Events are kept once, however often and in whatever order they are delivered, and leave the inbox once."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from evaluator.core.inbox_event import NewEvent, Received
from evaluator.core.submission import NewSubmission, SubmittedAnswer
from evaluator.errors import StoreError
from evaluator.store.store import Store


def event(event_id: str = "e1", body: bytes = b"{}", **changes: Any) -> NewEvent:
    said: dict[str, Any] = {"source": "ashby", "tenant": "default", "id_is_signed": True, "candidate_id": "ashby:1"}
    digest = hashlib.sha256(body).hexdigest()
    return NewEvent(
        **{**said, **changes}, event_id=event_id, content_sha256=digest, kind="k", purpose="submit", body=body
    )


def submission(candidate: str = "ashby:1", key: str = "k") -> NewSubmission:
    return NewSubmission("ashby", key, candidate, "ml_engineer_screen", (SubmittedAnswer("degradation", "a\0b\ud800"),))


def test_an_event_is_kept_word_for_word(store: Store) -> None:
    """Bytes that no text could hold, too."""
    body = bytes(range(256))
    received = store.inbox.receive(event(body=body, headers={"event-id": "e"}))
    kept = store.inbox.find(received.id)
    assert kept is not None
    assert (kept.body, kept.headers, kept.state, kept.candidate_id) == (body, {"event-id": "e"}, "received", "ashby:1")


def test_a_redelivery_is_known_by_its_id_or_by_its_content(store: Store) -> None:
    """Either is enough; another source or tenant is another matter."""
    first = store.inbox.receive(event("e1", b"one"))
    assert first.is_new
    for again in (event("e1", b"one"), event("e1", b"changed"), event("e9", b"one")):
        received = store.inbox.receive(again)
        assert (received.id, received.is_new) == (first.id, False)
    assert store.inbox.receive(event("e1", b"one", source="workable")).is_new
    assert store.inbox.receive(event("e1", b"one", tenant="acme")).is_new


def test_an_id_that_is_not_signed_cannot_hide_another_event(store: Store) -> None:
    """Greenhouse's id stands in a header that anybody could have changed: another body is another event."""
    first = store.inbox.receive(event("e1", b"one", id_is_signed=False))
    other = store.inbox.receive(event("e1", b"two", id_is_signed=False))
    assert other.is_new
    assert store.inbox.receive(event("e1", b"two", id_is_signed=False)).id == other.id != first.id


def test_events_without_an_id_are_told_apart_by_content(store: Store) -> None:
    """Two of them are two."""
    assert store.inbox.receive(event("", b"one")).is_new
    assert store.inbox.receive(event("", b"two")).is_new
    assert not store.inbox.receive(event("", b"one")).is_new


def test_the_same_event_from_many_threads_at_once_is_kept_once(store: Store) -> None:
    """One of them finds it new."""
    with ThreadPoolExecutor(8) as pool:
        received = list(pool.map(lambda n: store.inbox.receive(event(f"e{n % 4}", b"%d" % (n % 4))), range(40)))
    assert sum(each.is_new for each in received) == 4
    assert len({each.id for each in received}) == 4
    assert len(store.inbox.waiting()) == 4


def received_together(store: Store, events: Sequence[NewEvent]) -> list[Received | BaseException]:
    """What became of events that arrive at the same moment."""

    async def all_of_them() -> list[Received | BaseException]:
        arriving = (store.inbox.receive_with_others(each) for each in events)
        return await asyncio.gather(*arriving, return_exceptions=True)

    return asyncio.run(all_of_them())


def test_events_that_arrive_together_are_kept_once_each(store: Store) -> None:
    """As if each had come alone: the first of each is new, the others are told its id."""
    received = received_together(store, [event(f"e{n % 4}", b"%d" % (n % 4)) for n in range(40)])
    kept = [each for each in received if isinstance(each, Received)]
    assert len(kept) == 40
    assert sum(each.is_new for each in kept) == 4
    assert {each.id for each in kept} == set(store.inbox.waiting())
    assert not store.inbox.receive(event("e3", b"3")).is_new


def test_one_that_cannot_be_kept_takes_no_other_with_it(store: Store) -> None:
    """Whoever sent it is told; all others are kept."""
    broken = event("broken", b"broken", tenant=None)
    received = received_together(store, [*(event(f"e{n}", b"%d" % n) for n in range(5)), broken])
    assert [type(each) for each in received] == [Received] * 5 + [StoreError]
    assert len(store.inbox.waiting()) == 5


def test_an_event_makes_one_submission(store: Store) -> None:
    """In one transaction with its new state; a second one that tries is told that it came too late."""
    received = store.inbox.receive(event())
    made = store.inbox.make_submission(received.id, submission())
    assert made is not None
    assert store.inbox.make_submission(received.id, submission(key="another")) is None
    kept = store.inbox.find(received.id)
    assert kept is not None
    assert (kept.state, kept.submission) == ("mapped", made.id)
    found = store.submissions.find(made.id)
    assert found is not None
    assert [answer.text for answer in store.submissions.answers(found)] == ["a\0b\ud800"]
    assert [each.id for each in store.submissions.waiting()] == [made.id]


def test_threads_that_settle_one_event_make_one_submission(store: Store) -> None:
    """Whoever was first."""
    received = store.inbox.receive(event())
    with ThreadPoolExecutor(6) as pool:
        made = list(pool.map(lambda n: store.inbox.make_submission(received.id, submission(key=f"k{n}")), range(6)))
    assert len([each for each in made if each is not None]) == 1
    assert len(store.submissions.waiting()) == 1


def test_what_is_held_back_is_seen_and_waits_again(store: Store) -> None:
    """With the questions that it is about."""
    received = store.inbox.receive(event())
    assert store.inbox.settle(received.id, "quarantined", reason="unmapped_questions", detail=["Your GitHub?"])
    (held,) = store.inbox.in_state("quarantined")
    assert (held.id, held.reason, held.detail) == (received.id, "unmapped_questions", ("Your GitHub?",))
    assert store.inbox.counts() == {("ashby", "quarantined"): 1}
    assert store.inbox.replay([received.id, "evt_none"]) == 1
    assert store.inbox.waiting() == [received.id]
    assert store.inbox.in_state("quarantined") == []


def test_pages_of_the_quarantine_follow_each_other(store: Store) -> None:
    """By number, so that none is shown twice or left out."""
    for n in range(5):
        store.inbox.settle(store.inbox.receive(event(f"e{n}", b"%d" % n)).id, "quarantined", reason="no_answers")
    first = store.inbox.in_state("quarantined", limit=3)
    rest = store.inbox.in_state("quarantined", after=first[-1].number, limit=3)
    assert len({each.id for each in [*first, *rest]}) == 5


def test_merges_are_followed(store: Store) -> None:
    """a became b, b became c: who erases c erases all three; a circle ends."""
    for n, (goes, stays) in enumerate([("a", "b"), ("b", "c"), ("c", "b"), ("x", "y")]):
        merge = NewEvent(
            "default", "ashby", f"m{n}", True, f"{n}", "candidateMerge", "merge", b"{}", {}, goes, stays
        )  # fmt: skip
        store.inbox.receive(merge)
    assert sorted(store.inbox.merged_into("c")) == ["a", "b"]
    assert store.inbox.merged_into("a") == []


def test_events_of_a_system_that_is_away_keep_no_others_waiting(store: Store) -> None:
    """However many of them wait to be fetched: each connection's oldest comes in turn."""
    many = [store.inbox.receive(event(f"e{number}", str(number).encode())).id for number in range(30)]
    other = store.inbox.receive(event("z", b"z", source="lever")).id
    tenants = store.inbox.receive(event("y", b"y", tenant="acme")).id
    found = [each.id for each in store.work.events(10)]
    assert {other, tenants} <= set(found)
    assert [each for each in found if each in many] == many[:8], "in their order"
