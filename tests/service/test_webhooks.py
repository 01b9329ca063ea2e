"""Deliveries over real sockets: what comes in, what is refused, and what the source is answered."""

from __future__ import annotations

import contextlib
import json
import socket
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from tests.ats.signing import Sent, dump, erase_event, ping_event, sign, submit_event
from tests.service.conftest import Running, service
from tests.store.conftest import new_database

NAMES = ["ashby", "greenhouse", "lever", "smartrecruiters", "standard", "workable"]


@pytest.mark.parametrize("source", NAMES)
def test_a_delivery_is_kept_and_answered_as_the_source_wants_it(running: Running, source: str) -> None:
    """Byte for byte; the second time it is known."""
    sent = submit_event(source, "1001", event_id=f"kept-{source}")
    answered = running.ring(sent)
    assert answered.status_code == (202 if source == "smartrecruiters" else 200)
    assert answered.json()["status"] == "received"
    kept = running.store.inbox.find(answered.json()["id"])
    assert kept is not None
    assert (kept.body, kept.source, kept.state) == (sent.body, source, "received")
    again = running.ring(sent)
    assert (again.status_code, again.json()) == (answered.status_code, {**answered.json(), "status": "duplicate"})


@pytest.mark.parametrize("source", NAMES)
def test_what_is_forged_old_or_changed_stays_outside(running: Running, source: str) -> None:
    """It is told no more than that, and nothing of it is kept."""
    before = sum(running.store.inbox.counts().values())
    secret = "whsec_Zm9yZ2VkIHNlY3JldA==" if source == "standard" else "forged"
    forged = submit_event(source, "1002", event_id=f"forged-{source}", secret=secret)
    assert running.ring(forged).status_code == 401
    if source in ("lever", "smartrecruiters", "standard"):
        old = submit_event(source, "1002", event_id=f"old-{source}", at=datetime.now(UTC) - timedelta(days=2))
        assert running.ring(old).status_code == 401
    if source != "lever":
        genuine = submit_event(source, "1002", event_id=f"changed-{source}")
        changed = Sent(source, genuine.headers, genuine.body.replace(b"1002", b"1003"))
        refused = running.ring(changed)
        assert refused.status_code == 401
        assert refused.headers["content-type"] == "application/problem+json"
        assert "1003" not in refused.text
    assert sum(running.store.inbox.counts().values()) == before


@pytest.mark.parametrize("source", ["greenhouse", "lever", "ashby", "standard"])
def test_a_test_event_is_answered(running: Running, source: str) -> None:
    """So that the webhook can be saved at the source."""
    answered = running.ring(ping_event(source))
    assert (answered.status_code, answered.json()) == (200, {"status": "test"})


def test_a_subscription_of_smartrecruiters_is_activated(running: Running) -> None:
    """By a POST with no body and no signature, whose secret comes back."""
    answered = httpx.post(f"{running.url}/webhooks/smartrecruiters", headers={"X-Hook-Secret": "4jn8fs9011jj8"})
    assert (answered.status_code, answered.headers["x-hook-secret"]) == (200, "4jn8fs9011jj8")


def test_a_deletion_is_an_event_like_any_other(running: Running) -> None:
    """It waits its turn, behind the application that it is about."""
    answered = running.ring(erase_event("workable", "1004"))
    kept = running.store.inbox.find(answered.json()["id"])
    assert kept is not None
    assert (kept.purpose, kept.candidate_id) == ("erase", "workable:1004")


def test_tenants_have_secrets_of_their_own(running: Running) -> None:
    """And one's does not open the other's door."""
    own = submit_event("ashby", "1005", event_id="acme-1", secret="secret-of-acme")
    answered = running.ring(own, "ashby/acme")
    assert answered.status_code == 200
    kept = running.store.inbox.find(answered.json()["id"])
    assert kept is not None
    assert (kept.tenant, kept.candidate_id) == ("acme", "@acme/ashby:1005")
    assert running.ring(own).status_code == 401
    for path in ("ashby/other", "workable/acme", "nowhere", "ashby/..", "ashby/ACME"):
        assert running.ring(own, path).status_code == 404, path


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("application/json", 200),
        ("application/json; charset=utf-8", 200),
        ("APPLICATION/JSON", 200),
        ("text/plain", 415),
        ("application/x-www-form-urlencoded", 415),
        ("", 415),
    ],
)
def test_a_delivery_says_that_it_is_json(running: Running, kind: str, status: int) -> None:
    """Anything else is not what a source sends."""
    sent = submit_event("workable", "1006", event_id=f"kind {kind}").with_header("content-type", kind)
    assert running.ring(sent).status_code == status


@pytest.mark.parametrize("body", [b"{not json", b'{"action": 1, "action": 2}', b"\xff\xfe", b"[]", b""])
def test_a_genuine_body_without_a_meaning_waits_for_a_person(running: Running, body: bytes) -> None:
    """The source is answered that we have it; the bytes are kept."""
    answered = running.ring(sign("ashby", body))
    assert (answered.status_code, answered.json()["status"]) == (200, "quarantined")
    kept = running.store.inbox.find(answered.json()["id"])
    assert kept is not None
    assert (kept.state, kept.reason, kept.body) == ("quarantined", "unreadable", body)


def test_a_huge_body_is_refused_whether_or_not_it_says_so(running: Running) -> None:
    """Before it is read to its end."""
    huge = dump({"action": "surveySubmit", "data": "x" * 5_200_000})
    assert running.ring(sign("ashby", huge)).status_code == 413

    def pieces() -> object:
        for _ in range(200):
            yield b"x" * 100_000

    sent = sign("ashby", b"{}")
    try:
        answered = httpx.post(f"{running.url}/webhooks/ashby", headers=sent.headers, content=pieces(), timeout=30)
        assert answered.status_code in (400, 413)
    except httpx.TransportError:
        pass  # the connection was closed while we were sending, which is an answer too
    assert running.ring(ping_event("ashby")).status_code == 200


def test_a_slow_sender_holds_nobody_up(running: Running) -> None:
    """Senders that never finish are cut off; meanwhile others are served."""
    host, port = urlsplit(running.url).hostname, urlsplit(running.url).port
    assert port is not None
    slow = []
    head = f"POST /webhooks/ashby HTTP/1.1\r\nHost: {host}:{port}\r\nContent-Type: application/json\r\n"
    for _ in range(60):
        connection = socket.create_connection((str(host), port), timeout=60)
        connection.sendall(f"{head}Content-Length: 1000\r\n\r\n{{".encode())
        slow.append(connection)
    for number in range(5):
        answered = running.ring(submit_event("ashby", "1007", event_id=f"beside-{number}"))
        assert answered.status_code == 200
    began = time.monotonic()
    assert b"408" in slow[0].recv(1000).partition(b"\r\n")[0]
    assert time.monotonic() - began < 60
    for connection in slow:
        connection.close()


def test_a_sender_that_goes_away_leaves_nothing(running: Running) -> None:
    """Half a body is no event."""
    before = sum(running.store.inbox.counts().values())
    sent = submit_event("workable", "1008", event_id="half")
    host, port = urlsplit(running.url).hostname, urlsplit(running.url).port
    assert port is not None
    with socket.create_connection((str(host), port)) as connection:
        head = "".join(f"{name}: {value}\r\n" for name, value in sent.headers.items())
        start = (
            f"POST /webhooks/workable HTTP/1.1\r\nHost: {host}:{port}\r\n{head}Content-Length: {len(sent.body)}\r\n\r\n"
        )
        connection.sendall(start.encode() + sent.body[:-10])
    assert running.ring(ping_event("ashby")).status_code == 200
    assert sum(running.store.inbox.counts().values()) == before


def test_nothing_of_a_candidate_or_a_secret_is_logged(tmp_path: Path) -> None:
    """Good, forged, unreadable: the log has ids and reasons."""
    with service(f"{tmp_path}/store.sqlite3") as started:
        started.ring(submit_event("workable", "1009", answers={"fraud_framing": "MARKER-ANSWER"}))
        started.ring(submit_event("workable", "1009", secret="forged", answers={"fraud_framing": "MARKER-ANSWER"}))
        started.ring(sign("ashby", b"MARKER-ANSWER"))
        with started.client() as client:
            client.post("/v1/submissions", content=b"MARKER-ANSWER", headers={"content-type": "application/json"})
            client.get("/v1/candidates/MARKER-CANDIDATE")
            key = client.headers["authorization"].rpartition("_")[2]
        started.process.terminate()
        out, errors = started.process.communicate(timeout=60)
        logged = out + errors
    assert "delivery refused: workable signature_wrong" in logged
    for secret in ("MARKER", "Ada", "workable-token", "forged", key):
        assert secret not in logged.replace("signature_wrong", ""), secret


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_two_web_processes_keep_an_event_once(database: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """Whichever of them it is delivered to, and when both get it at once."""
    address = f"{tmp_path}/store.sqlite3"
    if database == "postgresql":
        address = new_database(request.getfixturevalue("postgresql"))
    with service(address) as one, service(address) as other:
        sent = [submit_event("greenhouse", str(n), event_id=f"both-{n}") for n in range(2000, 2012)]
        with ThreadPoolExecutor(8) as pool:
            asked = [(place, each) for each in sent for place in (one, other, one)]
            answers = list(pool.map(lambda pair: pair[0].ring(pair[1]), asked))
        assert {answer.status_code for answer in answers} == {200}
        said = [json.loads(answer.text) for answer in answers]
        assert sum(each["status"] == "received" for each in said) == len(sent)
        assert len({each["id"] for each in said}) == len(sent)
        assert len(one.store.inbox.waiting()) == len(sent)


def test_what_was_acknowledged_survives_a_kill(tmp_path: Path) -> None:
    """The process dies the moment after it answered; the next one knows the event."""
    address = str(tmp_path / "store.sqlite3")
    sent = [submit_event("workable", str(n), event_id=f"killed-{n}") for n in range(5)]
    with contextlib.suppress(AssertionError), service(address) as started:
        answers = [started.ring(each) for each in sent]
        started.process.kill()
        started.process.wait(30)
    with service(address) as again:
        for answered, each in zip(answers, sent, strict=True):
            assert again.ring(each).json() == {**answered.json(), "status": "duplicate"}
        assert len(again.store.inbox.waiting()) == len(sent)


def test_a_store_that_fails_asks_for_the_delivery_again(tmp_path: Path) -> None:
    """503, which every source takes for: later. Nobody is told that we have what we have not."""
    address = tmp_path / "store.sqlite3"
    sent = submit_event("workable", "1010", event_id="no table")
    with service(str(address)) as started:
        with sqlite3.connect(address) as other:
            other.execute("ALTER TABLE inbox RENAME TO elsewhere")
        refused = started.ring(sent)
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "30")
        assert "inbox" not in refused.text
        with sqlite3.connect(address) as other:
            other.execute("ALTER TABLE elsewhere RENAME TO inbox")
        assert started.ring(sent).json()["status"] == "received"
