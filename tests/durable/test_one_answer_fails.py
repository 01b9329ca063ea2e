"""One answer of a submission cannot be graded, for good: the others are, and everybody is told which one, and why."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook

from evaluator.core.submission import NewSubmission, SubmittedAnswer
from tests.cli.grading_command import evaluator
from tests.conftest import completion
from tests.durable.conftest import WorkerProcess
from tests.durable.test_submissions import QUESTIONNAIRE, SECRET, settled
from tests.model_server import ModelServer
from tests.service.conftest import service
from tests.webhook_receiver import WebhookReceiver

GOOD = "I would split by time: train on 2022 and test on 2023, and watch the share of missing values each day."
POISON = "This answer makes the model reply with something else, whatever it is asked and however often that is done."


class BreakingServer(ModelServer):
    """Replies as the schema asks, but to one answer, whose first `spoilt` replies are not what was asked for."""

    def __init__(self, spoilt: float = math.inf) -> None:
        super().__init__()
        self.spoilt = spoilt
        self.poisoned = 0

    async def _reply(self, asked: dict[str, Any]) -> dict[str, Any]:
        if POISON in asked["messages"][-1]["content"]:
            self.poisoned += 1
            if self.poisoned <= self.spoilt:
                return completion({"criteria": {}})
        said: dict[str, Any] = as_asked(asked["response_format"]["json_schema"]["schema"])
        return completion(said)


def as_asked(schema: dict[str, Any]) -> Any:
    """The least that fits a schema."""
    if "enum" in schema:
        return schema["enum"][0]
    if "anyOf" in schema:
        return as_asked(schema["anyOf"][0])
    kind = schema.get("type")
    if kind == "object":
        return {name: as_asked(each) for name, each in schema.get("properties", {}).items()}
    return {"array": [], "string": "", "boolean": False, "integer": schema.get("minimum", 0)}.get(str(kind))


def test_what_the_submission_the_event_and_the_status_say(
    tmp_path: Path, worker: Callable[..., WorkerProcess], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Complete, for a person: the answer is `ungraded` with its reason and has no score; the other one has its grade;
    no mean stands for both; nothing waits any more.
    """
    path = str(tmp_path / "store.sqlite3")
    answers = (SubmittedAnswer("degradation", GOOD), SubmittedAnswer("loan_features", POISON))
    with BreakingServer() as model, WebhookReceiver() as receiver, service(path) as running:
        monkeypatch.setenv("EVALUATOR_WEBHOOK_URLS", receiver.url)
        monkeypatch.setenv("EVALUATOR_WEBHOOK_SECRETS", SECRET)
        monkeypatch.setenv("EVALUATOR_WEBHOOK_PRIVATE", "1")
        made = running.store.submissions.submit(NewSubmission("api", "k", "c1", QUESTIONNAIRE, answers))
        worker(path, "--grader", "openai:m", "--base-url", model.address)
        found = settled(running.store, made.id)
        ((headers, body),) = receiver.wait_for(1, seconds=90)
        with running.client() as client:
            reply = client.get(f"/v1/grades/{made.id}")
        status = running.store.status(datetime.now(UTC))
        shown = json.loads(evaluator("status", "--json", "--store", path, cwd=tmp_path).stdout)
    assert model.poisoned == 6, "three times, and once more three times, later"
    assert (found.state, found.reason) == ("complete", None)
    told = Webhook(SECRET).verify(body, headers)
    assert (told["type"], told["data"]["state"], told["data"]["needs_review"]) == (
        "submission.needs_review", "complete", True,
    )  # fmt: skip
    by_question = {each["question_id"]: each for each in told["data"]["answers"]}
    assert (by_question["degradation"]["status"], by_question["degradation"]["score"] is None) == ("graded", False)
    poisoned = by_question["loan_features"]
    assert (poisoned["status"], poisoned["score"], poisoned["criteria"]) == ("ungraded", None, [])
    assert poisoned["reason"].startswith("invalid_reply")
    assert "ungraded" in [flag["code"] for flag in poisoned["flags"]]
    assert reply.status_code == 200
    said = reply.json()
    assert (said["band"], said["needs_review"]) == (None, True)
    assert {each["question_id"]: each["status"] for each in said["grades"]} == {
        "degradation": "graded", "loan_features": "ungraded",
    }  # fmt: skip
    assert dict(status.submissions) == {"complete": 1}
    assert [lane.waiting for lane in status.lanes] == [0, 0]
    assert status.failing == ()
    assert (shown["submissions"], shown["failing"]) == ({"complete": 1}, [])


def test_replies_that_were_cut_off_for_a_while(tmp_path: Path, worker: Callable[..., WorkerProcess]) -> None:
    """Three replies in a row that cannot be read are no grade yet: the answer is asked about once more, later."""
    path = str(tmp_path / "store.sqlite3")
    with BreakingServer(spoilt=3) as model, service(path) as running:
        answers = (SubmittedAnswer("loan_features", POISON),)
        made = running.store.submissions.submit(NewSubmission("api", "k", "c1", QUESTIONNAIRE, answers))
        worker(path, "--grader", "openai:m", "--base-url", model.address)
        assert settled(running.store, made.id).state == "complete"
        with running.client() as client:
            (grade,) = client.get(f"/v1/grades/{made.id}").json()["grades"]
    assert (grade["status"], model.poisoned) == ("graded", 4)
