"""Who wrote an answer stays here: from every way in, nothing of it reaches the model."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from evaluator import Evaluator, Identity
from evaluator.ats.delivery import Delivery
from evaluator.ats.sources import SOURCES
from evaluator.run.doors import Doors
from evaluator.settings import read_ats_settings
from evaluator.store.store import Store, open_store
from evaluator.wiring_service import find_questionnaire, make_connections
from tests.ats.ats_server import Answer, AtsServer, ats_server
from tests.ats.signing import ANSWERS, SECRETS, Sent, dump, sign, submit_event
from tests.cli.grading_command import started
from tests.durable.conftest import WorkerProcess
from tests.durable.test_submissions import settled
from tests.model_server import ModelServer
from tests.service.conftest import service

StartWorker = Callable[..., WorkerProcess]
FIRST, LAST, EMAIL, PHONE = "Zyxomma", "Quillfeather", "zyx.q@example.org", "+49 151 23456789"
LINK = "https://linkedin.com/in/zyxq77"
MARKERS = (FIRST, LAST, EMAIL, "zyx.q", "23456789", "zyxq77")
SIGNED = f" I am {FIRST} {LAST}, {EMAIL}, {PHONE}, {LINK}. I split by time, as in case number 7."
TEXTS_SIGNED = {question: text + SIGNED for question, text in ANSWERS.items()}
KNOWN = Identity(names=(FIRST, LAST), emails=(EMAIL,), phones=(PHONE,), links=(LINK,))


class ReadingServer(ModelServer):
    """A model's endpoint that keeps what it reads."""

    def __init__(self) -> None:
        super().__init__()
        self.read: list[str] = []

    async def _reply(self, asked: dict[str, Any]) -> dict[str, Any]:
        self.read.append(json.dumps(asked, ensure_ascii=False))
        return await super()._reply(asked)


def sent_by(source: str) -> Sent:
    """An application with the candidate as the source's payloads name them; who signs their answers with it all."""
    sent = submit_event(source, answers=TEXTS_SIGNED)
    if source == "greenhouse":
        body = json.loads(sent.body)
        body["payload"]["application"]["candidate"] |= {
            "first_name": FIRST, "last_name": LAST, "email_addresses": [{"value": EMAIL, "type": "personal"}],
            "phone_numbers": [{"value": PHONE}], "social_media_addresses": [{"value": LINK}],
        }  # fmt: skip
        return sign(source, dump(body))
    if source == "workable":
        body = json.loads(sent.body)
        body["data"] |= {
            "name": f"{FIRST} {LAST}", "email": EMAIL, "phone": PHONE, "social_profiles": [{"url": LINK}],
        }  # fmt: skip
        return sign(source, dump(body))
    if source == "standard":
        body = json.loads(sent.body)
        body["data"]["identity"] = {"names": [FIRST, LAST], "emails": [EMAIL], "phones": [PHONE], "links": [LINK]}
        return sign(source, dump(body))
    return sent


def pages_of(server: AtsServer) -> None:
    """What the APIs give: the same answers, and the candidate where each of them names one."""
    known = {"primaryEmailAddress": {"value": EMAIL}, "primaryPhoneNumber": {"value": PHONE}}
    for answer in server.pages.values():
        written = json.dumps(answer.body)
        for text in ANSWERS.values():
            written = written.replace(json.dumps(text)[1:-1], json.dumps(text + SIGNED)[1:-1])
        answer.body = json.loads(written)
    server.pages["GET /v1/opportunities/42/applications/app-42"].body["data"] |= {
        "name": f"{FIRST} {LAST}", "email": EMAIL, "phone": {"type": "mobile", "value": PHONE}, "links": [LINK],
    }  # fmt: skip
    server.pages["GET /candidates/42"] = Answer(
        body={"firstName": FIRST, "lastName": LAST, "email": EMAIL, "phoneNumber": PHONE, "web": {"linkedin": LINK}}
    )
    person = {"name": f"{FIRST} {LAST}", "socialLinks": [{"url": LINK}], **known}
    server.pages["POST /candidate.info"] = Answer(body={"success": True, "results": person})


def test_nothing_of_who_wrote_it_reaches_the_model_from_any_source(
    tmp_path: Path, worker: StartWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pushed or fetched: names, e-mail, phone and links are placeholders in every request; when the answers are graded,
    who wrote them is not kept beside them any more.
    """
    path = str(tmp_path / "store.sqlite3")
    with ats_server() as api, ReadingServer() as model, open_store(path) as store:
        pages_of(api)
        for name, secret in SECRETS.items():
            monkeypatch.setenv(f"EVALUATOR_{name.upper()}_SECRETS", secret)
            monkeypatch.setenv(f"EVALUATOR_{name.upper()}_API_KEY", "key")
            monkeypatch.setenv(f"EVALUATOR_{name.upper()}_API_URL", api.url)
        monkeypatch.setenv("EVALUATOR_ATS_HOSTS", api.host)
        doors = Doors(make_connections(read_ats_settings(), find_questionnaire()), store.inbox)
        events = {}
        for name in SOURCES:
            sent = sent_by(name)
            delivery = Delivery(sent.headers, sent.body, datetime.now(UTC))
            answered = asyncio.run(doors.answer("default", name, delivery))
            events[name] = answered.event_id or ""
        worker(path, "--grader", "openai:m", "--base-url", model.address)
        for name, event in events.items():
            made = submission_of(store, event)
            assert settled(store, made).state == "complete", name
        assert len(model.read) >= len(ANSWERS)
        assert_nothing_told(model.read)
        assert names_kept(path) == 0


def submission_of(store: Store, event_id: str) -> str:
    """The submission that a worker made of an event."""
    until = time.monotonic() + 90
    while (event := store.inbox.find(event_id)) is not None and event.state == "received":
        assert time.monotonic() < until
        time.sleep(0.1)
    assert event is not None
    assert event.state == "mapped", (event.source, event.reason, event.detail)
    return event.submission or ""


def assert_nothing_told(read: list[str]) -> None:
    for request in read:
        assert [marker for marker in MARKERS if marker.lower() in request.lower()] == []
        assert "[NAME_1]" in request
        assert "[EMAIL_1]" in request


def names_kept(path: str) -> int:
    """How many rows of what waits, or waited, say who wrote it."""
    import sqlite3

    with sqlite3.connect(path) as database:
        rows = [
            database.execute(f"SELECT count(*) FROM {table} WHERE identity IS NOT NULL").fetchone()[0]
            for table in ("submissions", "work_answers")
        ]
    return sum(rows)


def test_nothing_of_who_wrote_it_reaches_the_model_from_programs(
    tmp_path: Path, worker: StartWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the JSON API and by the Python one; an id that is an e-mail address counts as one. The API never shows it.

    The worker's setting puts marks on the words, and placeholders have them too.
    """
    monkeypatch.setenv("EVALUATOR_SPOTLIGHT", "marks")
    path = str(tmp_path / "store.sqlite3")
    monkeypatch.setenv("EVALUATOR_STORE", path)
    answers = [{"question_id": question, "text": text} for question, text in TEXTS_SIGNED.items()]
    told = {"names": [f"{FIRST} {LAST}"], "phones": [PHONE], "links": [LINK]}

    async def hand_in() -> str:
        async with Evaluator.from_settings() as evaluator:
            return (await evaluator.submit("c2", TEXTS_SIGNED, identity=KNOWN)).id

    with ReadingServer() as model, service(path) as running, running.client() as client:
        said = client.post("/v1/submissions", json={"candidate_id": EMAIL, "answers": answers, "identity": told})
        assert said.status_code == 202, said.text
        many = {"submissions": [{"candidate_id": "c3", "answers": answers, "identity": told | {"emails": [EMAIL]}}]}
        batch = client.post("/v1/submissions/batch", json=many).json()
        made = [said.json()["id"], batch["results"][0]["id"], asyncio.run(hand_in())]
        worker(path, "--grader", "openai:m", "--base-url", model.address)
        for each in made:
            assert settled(running.store, each).state == "complete"
        assert len(model.read) >= len(answers)
        assert all("Each word that begins with" in each for each in model.read)
        assert_nothing_told(model.read)
        grades = client.get(f"/v1/grades/{made[1]}").text
        assert PHONE not in grades
        assert refused(client, {"names": [""]}) == 422
        assert refused(client, {"name": ["x"]}) == 422
    assert names_kept(path) == 0


def refused(client: httpx.Client, identity: Any) -> int:
    asked = {"candidate_id": "c9", "answers": [{"question_id": "fraud_framing", "text": "x"}], "identity": identity}
    return client.post("/v1/submissions", json=asked).status_code


@pytest.mark.parametrize(("redact", "spotlight"), [("identity", "off"), ("off", "off"), ("identity", "marks")])
def test_nothing_of_a_table_reaches_the_model_through_workers(
    tmp_path: Path, worker: StartWorker, redact: str, spotlight: str
) -> None:
    """`grade --workers` redacts as `grade` does, and as the command says; so it is with marks on words."""
    table = tmp_path / "a.csv"
    heading = "Candidate ID,First name,Last name,E-mail,Phone,LinkedIn,loan_features"
    row = f'c1,{FIRST},{LAST},{EMAIL},{PHONE},{LINK},"{TEXTS_SIGNED["loan_features"]}"'
    table.write_text(f"{heading}\n{row}\n", encoding="utf-8")
    path = str(tmp_path / "store.sqlite3")
    with ReadingServer() as model:
        model_options = (
            "--grader",
            "openai:m",
            "--base-url",
            model.address,
            "--yes",
            "--prompt",
            "levels",
            "--redact",
            redact,
            "--spotlight",
            spotlight,
        )
        command = started("grade", "a.csv", *model_options, "--workers", "--store", path, cwd=tmp_path)
        worker(path, "--base-url", model.address)
        said, errors = command.communicate(timeout=120)
        assert command.returncode == 0, said + errors
        assert model.read
        if redact == "identity":
            assert_nothing_told(model.read)
        else:
            assert FIRST in model.read[0]
        assert ("Each word that begins with" in model.read[0]) == (spotlight == "marks")
    assert names_kept(path) == 0
