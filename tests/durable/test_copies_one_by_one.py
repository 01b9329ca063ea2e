"""Submissions that copy each other, through workers: both go to a person, side by side, whatever dies meanwhile."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest
from sqlalchemy import select

from evaluator.core.submission import NewSubmission, SubmittedAnswer
from evaluator.store.near_copy_schema import near_copy_answers
from evaluator.store.schema import outbound
from evaluator.store.store import Store, open_store
from tests.durable.test_review_decided import events, told
from tests.durable.test_submissions import QUESTIONNAIRE, StartWorker, settled
from tests.model_server import ModelServer
from tests.store.near_copying import EDITED, QUESTION, TEXT, other
from tests.web.conftest import NO_DRAWS, Served, serve  # noqa: F401 a fixture

ASKED = (QUESTION, "fraud_framing")


def hand_in(store: Store, candidate: str, text: str) -> str:
    answers = tuple(SubmittedAnswer(*each) for each in zip(ASKED, (text, other(ord(candidate[0]) % 10)), strict=True))
    return store.submissions.submit(NewSubmission("api", candidate, candidate, QUESTIONNAIRE, answers)).id


def test_a_copied_submission_sends_both_candidates_to_a_person(
    address: str,
    worker: StartWorker,
    serve: Callable[..., Served],  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Handed in one after the other: others are told of the second, and once more of the first; the page of either
    shows both texts, what both say marked.
    """
    with told(address, worker, monkeypatch) as (store, receiver, _):
        names = [hand_in(store, "ann", TEXT)]
        settled(store, names[0])
        events(receiver, 1)
        names.append(hand_in(store, "bob", EDITED))
        settled(store, names[1])
        said = events(receiver, 3)
        site = serve(store, NO_DRAWS)
        site.site.upkeep.catch_up()
        eve = site.sign_in("eve")
        pages = []
        for name, candidate in zip(names, ("ann", "bob"), strict=True):
            found = store.submissions.find(name)
            assert found is not None
            assert found.run is not None
            item = store.reviews.of_answer(found.run, f"{name}.{QUESTION}")
            assert item is not None
            assert item.candidate_id == candidate
            pages.append(eve.get(f"/review/{item.id}").text)
    assert said[0]["type"] == "submission.graded"
    needs = Counter(each["data"]["submission_id"] for each in said if each["type"] == "submission.needs_review")
    assert needs == dict.fromkeys(names, 1)
    for event in said[1:]:
        (answer,) = [each for each in event["data"]["answers"] if each["question_id"] == QUESTION]
        assert [each["code"] for each in answer["flags"] if each["code"] == "near_duplicate"]
    for page in pages:
        assert "Beside the answer of" in page
        assert "To begin with, I would" in page
        assert page.count("whether both numbers measure the same thing") >= 3
        assert 'aria-label="The other answer"' in page


def test_a_worker_that_dies_neither_loses_a_copy_nor_finds_it_twice(address: str, worker: StartWorker) -> None:
    """Copies and originals are graded by two workers at the same time, one is killed in the midst of it."""
    with ModelServer(wait=0.5) as server, open_store(address) as store:
        model = ("--grader", "openai:m", "--base-url", server.address)
        names = []
        for place in range(6):
            text = f"{TEXT} I did so for {place} months."
            names += [
                hand_in(store, f"{place}a", text),
                hand_in(store, f"{place}b", text.replace("customer", "client")),
            ]
        first = worker(address, *model)
        worker(address, *model)
        server.wait_for(8, seconds=90)
        first.kill()
        for name in names:
            assert settled(store, name, seconds=120).state == "complete"
        flagged = [is_flagged_in(store, each) for each in names]
        (record,) = store.runs.all()
        with store.runs.database.reading() as connection:
            known = list(connection.scalars(select(near_copy_answers.c.answer_id)))
            needy = select(outbound.c.candidate_id).where(outbound.c.kind == "submission.needs_review")
            told_of = Counter(connection.scalars(needy))
    assert flagged == [True] * len(names)
    assert sorted(known) == sorted(f"{name}.{question}" for name in names for question in ASKED)
    assert record.counts.graded + record.counts.ungraded == len(known)
    assert sorted(told_of) == [f"{place}{each}" for place in range(6) for each in "ab"]
    assert set(told_of.values()) <= {1, 2, 3}, "when it is complete, and again where a copy of an answer came later"


def is_flagged_in(store: Store, name: str) -> bool:
    found = store.submissions.find(name)
    assert found is not None
    return any(
        flag.code == "near_duplicate"
        for grade in store.submissions.grades(found)
        if grade.question_id == QUESTION
        for flag in grade.flags
    )
