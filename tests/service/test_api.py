"""The JSON API over real sockets: keys and scopes, submissions once, mistakes with their places, nobody else's data."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from evaluator.core.api_key import Scope
from tests.ats.signing import submit_event
from tests.service.conftest import Running

TEXT = "One example is one payment. Positive: a chargeback for fraud within 120 days."


def submission(candidate: str = "c1", **changes: Any) -> dict[str, Any]:
    return {"candidate_id": candidate, "answers": [{"question_id": "fraud_framing", "text": TEXT}], **changes}


def pointers(answered: httpx.Response) -> list[str]:
    assert answered.headers["content-type"] == "application/problem+json", answered.text
    return [each["pointer"] for each in answered.json()["errors"]]


def test_a_submission_goes_in_and_its_state_comes_out(running: Running) -> None:
    """By its id, and with the candidate's others."""
    with running.client() as client:
        asked = submission("api-1", application_id="a1", job="j1")
        accepted = client.post("/v1/submissions", json=asked)
        assert (accepted.status_code, accepted.json()["status"]) == (202, "accepted")
        made = accepted.json()["id"]
        shown = client.get(f"/v1/submissions/{made}").json()
        assert (shown["candidate_id"], shown["state"], shown["application_id"]) == ("api-1", "received", "a1")
        grades = client.get(f"/v1/grades/{made}")
        assert (grades.status_code, grades.headers["retry-after"]) == (202, "5")
        assert grades.json()["grades"] == []
        assert [each["id"] for each in client.get("/v1/candidates/api-1").json()["submissions"]] == [made]
    found = running.store.submissions.find(made)
    assert found is not None
    assert [(each.question_id, each.text) for each in running.store.submissions.answers(found)] == [
        ("fraud_framing", TEXT)
    ]


def test_questions_are_named_by_id_or_by_their_own_words(running: Running) -> None:
    """But not by guess."""
    with running.client() as client:
        answers = [{"question": "PREDICT FRAUD?", "text": "a"}, {"question": "degradation", "text": ""}]
        made = client.post("/v1/submissions", json={"candidate_id": "api-2", "answers": answers}).json()["id"]
    found = running.store.submissions.find(made)
    assert found is not None
    said = {each.question_id: (each.text, each.absent) for each in running.store.submissions.answers(found)}
    assert said == {"fraud_framing": ("a", None), "degradation": ("", "blank")}


def test_the_same_submission_twice_is_one(running: Running) -> None:
    """By the key in the header or the body, or without one by its content; other content under a key is a conflict."""
    with running.client() as client:
        for name, headers, body in (
            ("by header", {"idempotency-key": "k-header"}, submission("api-3")),
            ("by body", {}, submission("api-4", idempotency_key="k-body")),
            ("by content", {}, submission("api-5")),
        ):
            first, again = (client.post("/v1/submissions", json=body, headers=headers) for _ in range(2))
            assert first.json()["status"] == "accepted", name
            assert again.json() == {**first.json(), "status": "duplicate"}, name
        changed = client.post("/v1/submissions", json=submission("api-9"), headers={"idempotency-key": "k-header"})
        assert changed.status_code == 409
        assert changed.headers["content-type"] == "application/problem+json"


def test_callers_who_hurry_make_one_submission(running: Running) -> None:
    """Ten at once with one key."""
    with running.client() as client, ThreadPoolExecutor(10) as pool:
        headers = {"idempotency-key": "hurry"}
        answers = list(
            pool.map(lambda _: client.post("/v1/submissions", json=submission("api-6"), headers=headers), range(10))
        )
    assert {each.status_code for each in answers} == {202}
    assert len({each.json()["id"] for each in answers}) == 1
    assert sum(each.json()["status"] == "accepted" for each in answers) == 1


def test_a_batch_takes_what_can_be_taken(running: Running) -> None:
    """Each result in its place, with every mistake of those that cannot."""
    unknown = submission("b-2", answers=[{"question_id": "nothing", "text": "a"}, {"question": "", "text": "b"}])
    with running.client() as client:
        client.post("/v1/submissions", json=submission("b-9"), headers={"idempotency-key": "b-conflict"})
        batch = [
            submission("b-1"), unknown, submission("b-3", idempotency_key="b-conflict"), submission("b-1"),
        ]  # fmt: skip
        answered = client.post("/v1/submissions/batch", json={"submissions": batch})
        results = answered.json()["results"]
    assert answered.status_code == 200
    assert [each["status"] for each in results] == ["accepted", "refused", "refused", "duplicate"]
    assert [error.split(":")[0] for error in results[1]["errors"]] == ["/answers/0/question", "/answers/1/question"]
    assert results[3]["id"] == results[0]["id"]
    found = running.store.submissions.find(results[0]["id"])
    assert found is not None
    assert found.lane == "bulk"


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({}, ["/candidate_id", "/answers"]),
        ({"candidate_id": 5, "answers": []}, ["/candidate_id", "/answers"]),
        (submission("", answers=[{}]), ["/candidate_id", "/answers/0/text"]),
        (submission("a\u0000b"), ["/candidate_id"]),
        (submission(" c"), ["/candidate_id"]),
        (submission("@acme/c1"), ["/candidate_id"]),
        (submission(answers=[{"text": "x"}]), ["/answers/0"]),
        (submission(answers=[{"text": "x", "question": "a", "question_id": "a"}]), ["/answers/0"]),
        (submission(answers=[{"text": "x", "question_id": "nothing"}]), ["/answers/0/question"]),
        (submission(answers=[{"text": "x", "question_id": "degradation"}] * 2), ["/answers/1/question"]),
        (submission(answers=[{"text": "x" * 200_001, "question_id": "degradation"}]), ["/answers/0/text"]),
        (submission(questionnaire="nothing"), ["/questionnaire"]),
        (submission(score=10), ["/score"]),
    ],
)
def test_every_mistake_is_told_with_its_place(running: Running, body: dict[str, Any], where: list[str]) -> None:
    """As RFC 6901 writes it, and without repeating what was sent."""
    with running.client() as client:
        answered = client.post("/v1/submissions", json=body)
    assert answered.status_code == 422
    assert pointers(answered) == where


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (b"{not json", "application/json", 400),
        (b'{"candidate_id": "a", "candidate_id": "b", "answers": []}', "application/json", 400),
        (b'{"candidate_id": NaN}', "application/json", 400),
        (b"[" * 100_000, "application/json", 400),
        (b"\xff", "application/json", 400),
        (b'{"candidate_id": "\\ud800", "answers": []}', "application/json", 422),
        (b"{}", "text/plain", 415),
        (b"{}", "", 415),
        (b"", "application/json", 422),
        (b'{"x": "' + b"x" * 8_100_000 + b'"}', "application/json", 413),
    ],
)
def test_a_body_that_is_none_is_refused(running: Running, content: bytes, kind: str, status: int) -> None:
    """As a problem, never as a failure of ours."""
    with running.client() as client:
        answered = client.post("/v1/submissions", content=content, headers={"content-type": kind})
    assert answered.status_code == status, answered.text[:200]
    assert answered.headers["content-type"] == "application/problem+json"


SCOPE_OF: list[tuple[str, str, Scope]] = [
    ("POST", "/v1/submissions", "submit"),
    ("POST", "/v1/submissions/batch", "submit"),
    ("GET", "/v1/submissions/sub_x", "read"),
    ("GET", "/v1/grades/sub_x", "read"),
    ("GET", "/v1/candidates/nobody", "read"),
    ("DELETE", "/v1/candidates/nobody", "erase"),
]


@pytest.mark.parametrize(("method", "path", "scope"), SCOPE_OF)
def test_a_route_opens_with_its_scope_only(running: Running, method: str, path: str, scope: Scope) -> None:
    """Before anything of the body is looked at; without a key nobody is told even that."""
    for others in ({"submit", "read", "erase"} - {scope},):
        with running.client(*sorted(others)) as client:  # type: ignore[arg-type]
            assert client.request(method, path, content=b"{").status_code == 403
    with running.client(scope) as client:
        assert client.request(method, path).status_code not in (401, 403)
    for header in ({}, {"authorization": "Bearer sae_000000000000_" + "x" * 43}, {"authorization": "Basic eDp5"}):
        refused = httpx.request(method, running.url + path, headers=header)
        assert (refused.status_code, refused.headers["www-authenticate"]) == (401, "Bearer")


def test_a_key_that_ended_opens_nothing(running: Running) -> None:
    """At once when it is revoked, and when its time is over; the one that takes its place goes on."""
    old, new = (running.store.keys.create("rotated", ["read"], tenant="default") for _ in range(2))
    late = running.store.keys.create(
        "late", ["read"], tenant="default", expires_at=datetime.now(UTC) - timedelta(seconds=2)
    )

    def status(key: object) -> int:
        headers = {"authorization": f"Bearer {key}"}
        return httpx.get(f"{running.url}/v1/submissions/sub_x", headers=headers).status_code

    assert [status(key) for key in (old, new, late)] == [404, 404, 401]
    running.store.keys.revoke(old.id)
    assert [status(key) for key in (old, new)] == [401, 404]


def test_tenants_see_nothing_of_each_other(running: Running) -> None:
    """The same candidate's id and the same key are two; to another tenant nothing is there."""
    with running.client() as default, running.client(tenant="acme") as acme:
        headers = {"idempotency-key": "shared"}
        ours = default.post("/v1/submissions", json=submission("same"), headers=headers).json()["id"]
        theirs = acme.post("/v1/submissions", json=submission("same"), headers=headers).json()["id"]
        assert ours != theirs
        assert acme.get(f"/v1/submissions/{ours}").status_code == 404
        assert acme.get(f"/v1/grades/{ours}").status_code == 404
        assert [each["id"] for each in acme.get("/v1/candidates/same").json()["submissions"]] == [theirs]
        assert acme.get(f"/v1/submissions/{theirs}").json()["candidate_id"] == "same"
        assert default.get("/v1/candidates/@acme%2Fsame").status_code == 422
        acme.delete("/v1/candidates/same")
        assert default.get(f"/v1/submissions/{ours}").json()["state"] == "received"


@pytest.mark.parametrize("candidate", ["plain", "with space", "a/b", "ö-ü", "50%", "?x=1#y", "a+b", "..%2f"])
def test_a_candidate_is_erased_whatever_the_id(running: Running, candidate: str) -> None:
    """Answers and ids are gone; asked for again it is gone still; a new submission is new."""
    with running.client() as client:
        made = client.post("/v1/submissions", json=submission(candidate)).json()["id"]
        path = "/v1/candidates/" + quote(candidate, safe="")
        erased = client.delete(path)
        assert erased.status_code == 200, erased.text
        assert erased.json()["candidate_id"] == candidate
        assert erased.json()["erased"]["submissions"] == 1
        assert client.delete(path).json()["erased"] == {}
        assert client.get(path).status_code == 404
        shown = client.get(f"/v1/submissions/{made}").json()
        assert (shown["state"], shown["candidate_id"]) == ("erased", "")
        assert client.post("/v1/submissions", json=submission(candidate)).json()["status"] == "accepted"


def test_what_came_by_webhook_is_erased_too(running: Running) -> None:
    """The event's body goes, and its redelivery is known."""
    sent = submit_event("workable", "api-77", event_id=uuid.uuid4().hex)
    event_id = running.ring(sent).json()["id"]
    with running.client("erase") as client:
        assert client.delete("/v1/candidates/workable:api-77").json()["erased"]["events"] == 1
    kept = running.store.inbox.find(event_id)
    assert kept is not None
    assert (kept.state, kept.body, kept.candidate_id) == ("erased", None, None)
    assert running.ring(sent).json()["status"] == "duplicate"
