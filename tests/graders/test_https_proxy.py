"""Requests through a company's proxy: HTTPS_PROXY, its password, NO_PROXY; by both transports, to a real TLS server."""

from __future__ import annotations

import asyncio
import base64
import ssl
from pathlib import Path
from typing import Any, Literal

import pytest
import trustme

from evaluator import Answer, Grade, GraderOptions, make_grader
from tests.conftest import NO_WAITING, level_reply
from tests.graders.connect_proxy import ConnectProxy
from tests.graders.loopback_endpoint import LoopbackEndpoint, good, says

AUTHORITY = trustme.CA()
HOST = "model.test"  # no name server knows it: only a proxy gets there
BOTH = pytest.mark.parametrize("transport", ["pyreqwest", "httpx2"])
PASSWORD = "Basic " + base64.b64encode(b"me:se cret").decode()


@pytest.fixture(autouse=True)
def trusted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The endpoint's certificate is trusted, and no proxy is set yet."""
    AUTHORITY.cert_pem.write_to_path(str(tmp_path / "authority.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
    for name in ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


class Course:
    """What was graded, and what endpoint and proxy saw."""

    def __init__(self, grade: Grade, endpoint: LoopbackEndpoint, proxy: ConnectProxy) -> None:
        self.grade, self.endpoint, self.proxy = grade, endpoint, proxy


def graded(
    answer: Answer,
    transport: Literal["pyreqwest", "httpx2"],
    monkeypatch: pytest.MonkeyPatch,
    *,
    proxy_user: str = "",
    no_proxy: str | None = None,
    wants: str | None = None,
    directly: bool = False,
) -> Course:
    """One answer graded over TLS with HTTPS_PROXY set."""

    async def once() -> Course:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        AUTHORITY.issue_cert("127.0.0.1", HOST).configure_cert(context)
        async with LoopbackEndpoint(says(good(level_reply(2))), tls=context) as endpoint:
            port = int(endpoint.url.split(":")[2].split("/")[0])
            async with ConnectProxy(port, wants) as proxy:
                monkeypatch.setenv("HTTPS_PROXY", f"http://{proxy_user}{proxy.address}")
                if no_proxy:
                    monkeypatch.setenv("NO_PROXY", no_proxy)
                chosen: dict[str, Any] = {
                    "prompt": "levels",
                    "base_url": endpoint.url if directly else f"https://{HOST}/v1",
                    "api_key": "sk-secret",
                    "retries": NO_WAITING,
                    "timeout": 20.0,
                }
                async with make_grader("openai:m", options=GraderOptions(transport=transport, **chosen)) as grader:
                    grade = await grader.grade(answer)
        return Course(grade, endpoint, proxy)

    return asyncio.run(once())


@BOTH
def test_a_proxy_connects_and_sees_neither_key_nor_answer(
    answer: Answer, transport: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """HTTPS_PROXY: the proxy is asked for host and port, TLS goes through it from end to end."""
    course = graded(answer, transport, monkeypatch)
    assert course.grade.status == "graded", course.grade.reason
    assert course.proxy.asked_for == [f"CONNECT {HOST}:443 HTTP/1.1"]
    assert [seen.headers["authorization"] for seen in course.endpoint.seen] == ["Bearer sk-secret"]
    assert len(course.proxy.passed) > 1000
    assert b"sk-secret" not in course.proxy.passed
    assert answer.text[:20].encode() not in course.proxy.passed


@BOTH
def test_a_proxy_that_wants_a_password_gets_it_from_the_address(
    answer: Answer, transport: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """http://USER:PASSWORD@HOST:PORT, escaped as in any URL; the endpoint never sees it."""
    course = graded(answer, transport, monkeypatch, proxy_user="me:se%20cret@", wants=PASSWORD)
    assert course.grade.status == "graded", course.grade.reason
    assert all("proxy-authorization" not in seen.headers for seen in course.endpoint.seen)


@BOTH
def test_a_proxy_that_refuses_is_no_endpoint_that_answers(
    answer: Answer, transport: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """407: not graded, for a reason of the connection, in which no password stands; the endpoint saw nothing."""
    course = graded(answer, transport, monkeypatch, proxy_user="me:wrong@", wants=PASSWORD)
    assert course.grade.status == "ungraded"
    assert str(course.grade.reason).startswith("connection")
    assert "wrong" not in str(course.grade.reason)
    assert course.endpoint.seen == []


@BOTH
def test_hosts_of_no_proxy_are_asked_directly(answer: Answer, transport: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """NO_PROXY, for a server of one's own beside a proxy for all else."""
    course = graded(answer, transport, monkeypatch, no_proxy="localhost,127.0.0.1", directly=True)
    assert course.grade.status == "graded", course.grade.reason
    assert course.proxy.asked_for == []
