"""Submissions through workers: graded once, told of in order, never kept waiting by a spreadsheet."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from standardwebhooks.webhooks import Webhook

from evaluator.core.inbox_event import NewEvent
from evaluator.core.submission import NewSubmission, Submission, SubmittedAnswer
from evaluator.store.store import Store, open_store
from tests.cli.grading_command import QUESTIONS, started, write_table
from tests.cli.test_control_reading import GoodAnswers, PoorAnswers
from tests.durable.conftest import WorkerProcess
from tests.model_server import ModelServer
from tests.webhook_receiver import WebhookReceiver

StartWorker = Callable[..., WorkerProcess]
SECRET = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
TEXT = "I would split by time: train on 2022 and test on 2023."
QUESTIONNAIRE = "ml_engineer_screen"


def submission_of(candidate: str, text: str = "I would split by time, as in case number {}.") -> NewSubmission:
    answers = tuple(SubmittedAnswer(each, text.format(f"{candidate}-{each}")) for each in QUESTIONS)
    return NewSubmission("api", candidate, candidate, QUESTIONNAIRE, answers)


def standard_event(candidate: str) -> NewEvent:
    """An event as the door for Standard Webhooks keeps it."""
    data = {"candidate_id": candidate, "answers": [{"question_id": each, "answer": TEXT} for each in QUESTIONS]}
    body = json.dumps({"type": "submission.created", "timestamp": "2026-01-01T00:00:00Z", "data": data}).encode()
    return NewEvent(
        tenant="default", source="standard", event_id="msg_1", id_is_signed=True,
        content_sha256=hashlib.sha256(body).hexdigest(), kind="submission.created", purpose="submit", body=body,
        headers={"webhook-id": "msg_1"}, candidate_id=candidate,
    )  # fmt: skip


def settled(store: Store, submission_id: str, seconds: float = 90) -> Submission:
    """The submission, once nothing is to be done with it any more."""
    until = time.monotonic() + seconds
    while True:
        found = store.submissions.find(submission_id)
        assert found is not None
        if found.state in ("complete", "set_aside", "erased"):
            return found
        assert time.monotonic() < until, f"still {found.state}"
        time.sleep(0.1)


def test_a_submission_is_graded_and_told_of(address: str, worker: StartWorker, monkeypatch: pytest.MonkeyPatch) -> None:
    """Handed in twice, graded once; the event is signed, tells levels with evidence, and no verdict."""
    with WebhookReceiver(answers=(500,)) as receiver:
        monkeypatch.setenv("EVALUATOR_WEBHOOK_URLS", receiver.url)
        monkeypatch.setenv("EVALUATOR_WEBHOOK_SECRETS", SECRET)
        monkeypatch.setenv("EVALUATOR_WEBHOOK_PRIVATE", "1")
        monkeypatch.setenv("EVALUATOR_PUBLIC_URL", "https://review.example.com")
        with open_store(address) as store:
            first = store.submissions.submit(submission_of("c1"))
            again = store.submissions.submit(submission_of("c1"))
            assert (first.id, first.is_new, again.id, again.is_new) == (first.id, True, first.id, False)
            process = worker(address, "--grader", "baseline")
            found = settled(store, first.id)
            grades = store.submissions.grades(found)
            got = receiver.wait_for(2, seconds=60)
            assert process.terminate()[0] == 0
    assert (found.state, len(grades)) == ("complete", len(QUESTIONS))
    assert got[0][0]["webhook-id"] == got[1][0]["webhook-id"], "what failed is sent again, under the same id"
    headers, body = got[-1]
    said = Webhook(SECRET).verify(body, headers)
    assert said["type"] in ("submission.graded", "submission.needs_review")
    assert said["data"]["candidate_id"] == "c1"
    assert said["data"]["review_url"].startswith("https://review.example.com/runs/")
    assert [each["question_id"] for each in said["data"]["answers"]] == sorted(QUESTIONS)
    assert "reject" not in body.decode().lower()
    assert "band" not in body.decode()


def test_a_spreadsheet_keeps_no_candidate_waiting(tmp_path: Path, server_database: str, worker: StartWorker) -> None:
    """While workers have a long run, a submission that comes in is graded before most of the rest."""
    write_table(tmp_path / "a.csv", 120)
    with ModelServer(wait=0.2) as server, open_store(server_database) as store:
        model = ("--grader", "openai:m", "--prompt", "levels", "--base-url", server.address, "--yes")
        process = started("grade", "a.csv", *model, "--workers", "--store", server_database, cwd=tmp_path)
        worker(server_database, "--grader", "openai:m", "--base-url", server.address, "--concurrency", "4")
        server.wait_for(20, seconds=90)
        before = server.served
        found = settled(store, store.submissions.submit(submission_of("urgent")).id)
        passed = server.served - before
        process.kill()
        process.communicate()
    assert found.state == "complete"
    assert passed < 200, "of 600 answers that were there before it"


def test_a_candidate_who_is_erased_meanwhile_leaves_nothing(address: str, worker: StartWorker) -> None:
    """Erased while it waits: it is not graded, and nobody is told of it."""
    with ModelServer(wait=0.5) as server, open_store(address) as store:
        made = store.submissions.submit(submission_of("gone"))
        worker(address, "--grader", "openai:m", "--base-url", server.address)
        while (found := store.submissions.find(made.id)) is not None and found.state in ("received", "queued"):
            time.sleep(0.05)
        store.erase_candidate("gone")
        other = settled(store, store.submissions.submit(submission_of("stays")).id)
        assert other.state == "complete"
        time.sleep(2)
        erased = store.submissions.find(made.id)
        assert erased is not None
        assert (erased.state, erased.candidate_id) == ("erased", "")
        assert store.submissions.grades(erased) == []
        assert [event.candidate_id for event in store.outbox.made()] in ([], ["stays"])


def test_an_event_in_the_inbox_becomes_a_graded_submission(
    address: str, worker: StartWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker settles what the doors kept: mapped, graded, complete."""
    with open_store(address) as store:
        received = store.inbox.receive(standard_event("c7"))
        monkeypatch.setenv("EVALUATOR_STANDARD_SECRETS", SECRET)
        worker(address, "--grader", "baseline")
        until = time.monotonic() + 90
        while (event := store.inbox.find(received.id)) is not None and event.state == "received":
            assert time.monotonic() < until
            time.sleep(0.1)
        assert event is not None
        assert event.state == "mapped", json.dumps([event.reason, list(event.detail or ())])
        assert event.submission is not None
        assert settled(store, event.submission).state == "complete"


@pytest.mark.parametrize(("setting", "state", "asked"), [("1", "passed", 2), ("0", None, 1)], ids=["on", "off"])
def test_a_submission_that_meets_the_bar_has_its_control_reading(
    tmp_path: Path, worker: StartWorker, monkeypatch: pytest.MonkeyPatch, setting: str, state: str | None, asked: int
) -> None:
    """As a table's answers have; EVALUATOR_CONTROL_READING leaves it out."""
    monkeypatch.setenv("EVALUATOR_CONTROL_READING", setting)
    address = str(tmp_path / "service.sqlite3")
    with GoodAnswers() as server, open_store(address) as store:
        worker(address, "--grader", "openai:m", "--base-url", server.address)
        found = settled(store, store.submissions.submit(submission_of("c1")).id)
        grades = store.submissions.grades(found)
    assert {each.band for each in grades} == {"meets_bar"}
    assert {each.provenance.control_reading for each in grades} == {state}
    assert set(server.asked.values()) == {asked}


@pytest.mark.parametrize(("option", "is_asked"), [((), True), (("--no-control-below-bar",), False)], ids=["on", "off"])
def test_an_option_leaves_out_what_a_setting_asks_for(
    tmp_path: Path, worker: StartWorker, monkeypatch: pytest.MonkeyPatch, option: tuple[str, ...], *, is_asked: bool
) -> None:
    """EVALUATOR_CONTROL_BELOW_BAR has every grade read again, but for a worker that is told not to."""
    monkeypatch.setenv("EVALUATOR_CONTROL_BELOW_BAR", "1")
    address = str(tmp_path / "service.sqlite3")
    with PoorAnswers() as server, open_store(address) as store:
        worker(address, "--grader", "openai:m", "--base-url", server.address, *option)
        found = settled(store, store.submissions.submit(submission_of("c1")).id)
        grades = store.submissions.grades(found)
    assert {each.band for each in grades} == {"below_bar"}
    assert {each.provenance.control_reading is not None for each in grades} == {is_asked}
