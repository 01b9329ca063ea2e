"""What is done by the clock: once for all workers, made up for where it was missed, and seen when it went wrong."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from dbos import DBOSClient
from dbos._error import DBOSException
from sqlalchemy.exc import DBAPIError
from standardwebhooks.webhooks import Webhook

from benchmarks.mock.answer_text import answer_in
from benchmarks.mock.filled_schema import fill
from evaluator.run.durable.queue import queue_url
from evaluator.run.durable.scheduled import Schedule, Scheduled
from evaluator.store.schedule_shelf import JobStatus, ScheduledRun
from evaluator.store.store import Store, open_store
from tests.cli.grading_command import evaluator
from tests.conftest import completion
from tests.durable.conftest import WorkerProcess
from tests.durable.nightly import AT, NIGHTLY
from tests.durable.test_submissions import SECRET
from tests.model_server import ModelServer
from tests.webhook_receiver import WebhookReceiver

StartWorker = Callable[..., WorkerProcess]
ANSWERS = 10


class Strictness(ModelServer):
    """A model whose levels are lower once it is `strict`, as when a provider changes it without a word."""

    strict = False

    async def _reply(self, asked: dict[str, Any]) -> dict[str, Any]:
        answer = answer_in(json.dumps(asked["messages"]).encode())
        self.asked[answer] += 1
        await asyncio.sleep(self.wait)
        filled = self._filled(fill(asked["response_format"]["json_schema"]["schema"]), answer)
        with self.moved:
            self.served += 1
            self.moved.notify_all()
        return completion(filled)

    def _filled(self, said: Any, answer: str, name: str = "") -> Any:
        """Every check met, or none, with the beginning of the answer as the words it rests on."""
        if isinstance(said, dict):
            return {key: self._filled(value, answer, key) for key, value in said.items()}
        if name == "red_flags":
            return []
        if name == "evidence":
            return [] if self.strict else [" ".join(answer.split("\n")[0].split()[:6])]
        return not self.strict if name == "met" else said


@pytest.fixture
def policy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Records of erasures go after 30 days."""
    (tmp_path / "retention.yaml").write_text("logs: 30\n", encoding="utf-8")
    monkeypatch.setenv("EVALUATOR_RETENTION_AT", AT)
    monkeypatch.setenv("EVALUATOR_RETENTION_POLICY", str(tmp_path / "retention.yaml"))


def job(store: Store, name: str) -> JobStatus:
    return next(each for each in store.schedules.statuses() if each.name == name)


def until(condition: Callable[[], object], seconds: float = 240) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come to pass"
        time.sleep(0.1)


def fire(address: str, name: str) -> None:
    """What the clock does when it is time."""
    with open_store(address) as store:
        client = DBOSClient(
            system_database_url=queue_url(store.address),
            dbos_system_schema="evaluator_work",
            application_name="screening-answer-evaluator",
        )
    try:
        client.trigger_schedule(name)
    finally:
        client.destroy()


@pytest.mark.usefixtures("policy")
def test_what_was_missed_is_made_up_for_once(address: str, worker: StartWorker) -> None:
    """Three nights without a worker, then two that start together: it is done once, and the next time is said."""
    now = datetime.now(UTC)
    with open_store(address) as store:
        store.schedules.set("retention", NIGHTLY, now - timedelta(days=3))
        workers = [worker(address, "--grader", "baseline") for _ in range(2)]
        until(lambda: job(store, "retention").last is not None)
        codes = [each.terminate()[0] for each in workers]
        (done,) = store.schedules.history("retention")
        found = store.schedules.find("retention")
    assert codes == [0, 0]
    assert (done.state, done.said, done.tries) == ("done", "Nothing was old enough.", 1)
    assert timedelta() <= now - datetime.fromisoformat(done.due_at) <= timedelta(days=1)
    assert found is not None
    assert now < datetime.fromisoformat(found.next_at) <= now + timedelta(days=1)


@pytest.mark.usefixtures("policy")
def test_the_clock_rings_for_one_of_the_workers(address: str, worker: StartWorker) -> None:
    """Through the queue's own schedules; a schedule that is new makes up for nothing."""
    with open_store(address) as store:
        workers = [worker(address, "--grader", "baseline") for _ in range(2)]
        until(lambda: len(store.workers.all()) == 2)
        until(lambda: store.schedules.find("retention") is not None)
        assert store.schedules.history("retention") == []
        until(lambda: _fires(address, "retention"))
        until(lambda: job(store, "retention").last is not None)
        assert [each.terminate()[0] for each in workers] == [0, 0]
        assert [each.state for each in store.schedules.history("retention")] == ["done"]


def _fires(address: str, name: str) -> bool:
    try:
        fire(address, name)
    except (DBOSException, DBAPIError):  # no worker has set it yet, or made the queue's tables
        return False
    return True


def test_a_canary_that_drifts_is_seen(
    server_database: str, worker: StartWorker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first one is the measure, lower levels are told in the status, in the counts for Prometheus, in the log and
    to the address of all tenants, once for two nights; who accepts them has a new measure. Nothing of an answer is
    told.
    """
    monkeypatch.setenv("EVALUATOR_CANARY_AT", NIGHTLY)
    monkeypatch.setenv("EVALUATOR_CANARY_LIMIT", str(ANSWERS))
    with (
        open_store(server_database) as store,
        Strictness() as server,
        WebhookReceiver(answers=(503,)) as receiver,
        WebhookReceiver() as of_tenant,
    ):
        monkeypatch.setenv("EVALUATOR_WEBHOOK_URLS", receiver.url)
        monkeypatch.setenv("EVALUATOR_WEBHOOK_URLS__ACME", of_tenant.url)
        monkeypatch.setenv("EVALUATOR_WEBHOOK_SECRETS", SECRET)
        monkeypatch.setenv("EVALUATOR_WEBHOOK_PRIVATE", "1")
        options = ("--grader", "openai:m", "--base-url", server.address)
        working = worker(server_database, *options)
        until(lambda: _fires(server_database, "canary"))
        until(lambda: job(store, "canary").last is not None)
        first = store.schedules.history("canary")[0]
        server.strict = True
        for night in (2, 3):
            time.sleep(1.1)  # the queue knows a ring by its second
            fire(server_database, "canary")
            until(lambda: len([each for each in store.schedules.history("canary") if each.ended_at]) == night)  # noqa: B023 it is waited for here
        until(lambda: store.outbox.counts() == {"delivered": 1, "made": 0})
        _, said = working.terminate()
        second = store.schedules.history("canary")[1]
        got = receiver.wait_for(2, seconds=0)
        assert of_tenant.got == []
    assert (first.state, first.is_reference) == ("done", True)
    assert f"{ANSWERS} of {ANSWERS} graded" in (first.said or "")
    assert (second.state, second.is_reference) == ("alarm", False)
    assert "levels are lower than they were, by " in (second.said or "")
    assert all(server.asked[answer] >= 2 for answer in server.asked)  # asked anew, no reply of the first time
    warned = [line for line in said if line["level"] == "warning" and line["logger"] == "evaluator.scheduled"]
    assert [(line["job"], line["state"]) for line in warned] == [("canary", "alarm")] * 2
    assert len({headers["webhook-id"] for headers, _ in got}) == 1, "the first try was answered 503"
    event = Webhook(SECRET).verify(got[1][1], got[1][0])
    assert event["type"] == "grader.drifted"
    assert event["data"]["reasons"][0].keys() == {"code", "scope", "said", "before", "now"}
    assert "levels_lower" in [reason["code"] for reason in event["data"]["reasons"]]
    assert event["data"]["said"] == second.said
    assert (event["data"]["grader"], event["data"]["graded"]) == ("openai:m", ANSWERS)
    assert event["data"]["quadratic_kappa"]["now"]["value"] < event["data"]["quadratic_kappa"]["reference"]["value"]
    assert event["data"]["mean_shift"]["high"] < 0
    assert not any(" ".join(answer.split()[:4]) in got[1][1].decode() for answer in server.asked if answer)
    shown = evaluator("status", "--store", server_database, cwd=tmp_path).stdout
    assert "LOOK: 10 of 10 graded" in shown
    assert max(map(len, shown.splitlines())) <= 80
    listed = evaluator("canary", "list", "--store", server_database, cwd=tmp_path).stdout.splitlines()
    assert [line[18:27].strip() for line in listed] == ["DRIFTED", "DRIFTED", "reference"]
    assert evaluator("canary", "accept", "--store", server_database, cwd=tmp_path).returncode == 0
    assert "LOOK" not in evaluator("status", "--store", server_database, cwd=tmp_path).stdout


def _in_the_midst_of_a_canary(worker: StartWorker, address: str, server: ModelServer) -> WorkerProcess:
    """A worker that has asked, and waits for the replies."""
    first = worker(address, "--grader", "openai:m", "--base-url", server.address)
    until(lambda: _fires(address, "canary"))
    until(lambda: server.asked)
    return first


def test_another_worker_does_what_a_killed_one_was_at(
    server_database: str, worker: StartWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`kill -9` in the midst of a canary: it is measured once, by the other."""
    monkeypatch.setenv("EVALUATOR_CANARY_AT", NIGHTLY)
    monkeypatch.setenv("EVALUATOR_CANARY_LIMIT", str(ANSWERS))
    with open_store(server_database) as store, Strictness(wait=3600) as server:
        first = _in_the_midst_of_a_canary(worker, server_database, server)
        first.kill()
        server.wait = 0.0
        worker(server_database, "--grader", "openai:m", "--base-url", server.address)
        until(lambda: job(store, "canary").last is not None)
        (run,) = store.schedules.history("canary")
    assert (run.state, run.tries) == ("done", 2)


def test_a_worker_that_is_told_to_end_hands_its_canary_back(
    server_database: str, worker: StartWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the midst of it: it waits for another worker at once, and the try does not count."""
    monkeypatch.setenv("EVALUATOR_CANARY_AT", NIGHTLY)
    monkeypatch.setenv("EVALUATOR_CANARY_LIMIT", str(ANSWERS))
    with open_store(server_database) as store, Strictness(wait=3600) as server:
        first = _in_the_midst_of_a_canary(worker, server_database, server)
        code, said = first.terminate()
        (run,) = store.schedules.history("canary")
    assert (code, run.state, run.tries) == (0, "waiting", 0)
    assert "scheduled work is left to another" in [line["said"] for line in said]


def test_what_no_setting_names_any_more_is_off(address: str, worker: StartWorker) -> None:
    """And a worker without a grader leaves it as it is."""
    with open_store(address) as store:
        store.schedules.set("retention", NIGHTLY, datetime.now(UTC) + timedelta(hours=1))
        idle = worker(address)
        until(lambda: len(store.workers.all()) == 1)
        idle.terminate()
        assert store.schedules.find("retention") is not None
        working = worker(address, "--grader", "baseline")
        until(lambda: store.schedules.find("retention") is None)
        assert working.terminate()[0] == 0


def test_a_policy_with_mistakes_stops_the_start(tmp_path: Path) -> None:
    """Before anything is deleted by it; with the line."""
    (tmp_path / "retention.yaml").write_text("replys: 30\nanswers: 0\n", encoding="utf-8")
    done = evaluator(
        "worker", "--grader", "baseline", cwd=tmp_path, EVALUATOR_RETENTION_POLICY="retention.yaml"
    )  # fmt: skip
    assert done.returncode == 2
    assert "retention.yaml:1: replys: unknown key" in done.stderr
    assert "retention.yaml:2: answers: " in done.stderr
    done = evaluator("settings", "check", cwd=tmp_path, EVALUATOR_RETENTION_AT="25:00")
    assert "EVALUATOR_RETENTION_AT: has to be a time such as 02:30, or five fields" in done.stderr
    done = evaluator("settings", "check", cwd=tmp_path, EVALUATOR_RETENTION_AT="02:30")
    assert "EVALUATOR_RETENTION_AT: says when, and nothing says for how long" in done.stderr


def test_work_that_breaks_over_being_given_up_does_not_end_the_worker(tmp_path: Path) -> None:
    """It counts as failed, with the kind of what happened, and is not left as if somebody were at it."""

    async def breaks(_: ScheduledRun) -> None:
        begun.set()
        try:
            await asyncio.sleep(3600)
        finally:
            raise ProcessLookupError("who was to be told had ended by itself")

    async def work() -> None:
        working = asyncio.create_task(scheduled.run(leaving))
        await begun.wait()
        leaving.set()
        await working

    begun, leaving = asyncio.Event(), asyncio.Event()
    with open_store(str(tmp_path / "store.sqlite3")) as store:
        scheduled = Scheduled(store.schedules, {"canary": Schedule("canary", NIGHTLY, breaks)}, "wrk_1")
        scheduled.begin()
        scheduled.due("canary", datetime.now(UTC))
        asyncio.run(work())
        last = job(store, "canary").last
        assert last is not None
        assert (last.state, "ProcessLookupError" in str(last.said)) == ("failed", True)
