"""What goes over the wire by pyreqwest, seen by a real server: as much as by the openai client's own transport."""

from __future__ import annotations

import asyncio
import gzip
import json
import ssl
import time
from pathlib import Path
from typing import Any

import pytest
import trustme

from evaluator import Answer, Grade, GraderOptions, SetupError, make_grader
from evaluator.core.prompt import Message
from evaluator.graders.chat_model import ModelRequest
from evaluator.graders.openai_compatible import EndpointClient, OpenAICompatibleModel
from evaluator.graders.pyreqwest_client import PyreqwestClient
from tests.conftest import NO_WAITING, completion, level_reply
from tests.graders.loopback_endpoint import Behaviour, LoopbackEndpoint, Seen, good, http, says

AUTHORITY = trustme.CA()
GOOD = good(level_reply(2))
_REQUEST = ModelRequest((Message("user", "What is in the answer?"),), {"type": "object"}, {})
BOTH = pytest.mark.parametrize("transport", ["pyreqwest", "httpx2"])


def options_for(endpoint: LoopbackEndpoint, transport: Any, **more: Any) -> GraderOptions:
    chosen = {
        "prompt": "levels",
        "base_url": endpoint.url,
        "api_key": "sk-test",
        "retries": NO_WAITING,
        "timeout": 20.0,
    }
    return GraderOptions(**{**chosen, "transport": transport, **more})


def graded(answer: Answer, behaviour: Behaviour, transport: str, **more: Any) -> tuple[Grade, list[Seen]]:
    async def once() -> tuple[Grade, list[Seen]]:
        async with (
            LoopbackEndpoint(behaviour) as endpoint,
            make_grader("openai:some-model", options=options_for(endpoint, transport, **more)) as grader,
        ):
            return await grader.grade(answer), endpoint.seen

    return asyncio.run(once())


@BOTH
def test_key_path_and_body_arrive(answer: Answer, transport: str) -> None:
    """The key as a bearer token, the address with its path, one JSON body of known length."""
    grade, (seen,) = graded(answer, says(GOOD), transport)
    assert grade.status == "graded"
    assert (seen.method, seen.path) == ("POST", "/some/path/v1/chat/completions")
    assert seen.headers["authorization"] == "Bearer sk-test"
    assert seen.headers["content-type"] == "application/json"
    assert seen.json["model"] == "some-model"
    assert answer.text in seen.json["messages"][1]["content"]


def test_both_transports_send_the_same_request(answer: Answer) -> None:
    """To the byte, and the same headers of the openai client."""
    (one,), (other,) = (graded(answer, says(GOOD), transport)[1] for transport in ("pyreqwest", "httpx2"))
    assert one.body == other.body
    of_the_client = {name for name in other.headers if name.startswith(("x-stainless", "user-agent", "authorization"))}
    assert {name: one.headers.get(name) for name in of_the_client} == {
        name: other.headers[name] for name in of_the_client
    }


def sent(reply: bytes) -> Behaviour:
    async def answer(seen: Seen, writer: asyncio.StreamWriter) -> None:
        writer.write(reply)

    return answer


async def reset(seen: Seen, writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()


async def cut_off(seen: Seen, writer: asyncio.StreamWriter) -> None:
    writer.write(GOOD[: len(GOOD) // 2])
    await writer.drain()
    writer.transport.abort()


def once_then_good(bad: Behaviour) -> Behaviour:
    async def answer(seen: Seen, writer: asyncio.StreamWriter) -> None:
        if seen.before:
            writer.write(GOOD)
        else:
            await bad(seen, writer)

    return answer


@BOTH
@pytest.mark.parametrize(
    "behaviour",
    [
        once_then_good(sent(http(429, Retry_After="0"))),
        once_then_good(sent(http(503))),
        once_then_good(reset),
        once_then_good(cut_off),
        once_then_good(sent(http(200, b"<html>"))),
    ],
    ids=["429", "503", "reset", "cut off", "html"],
)
def test_what_may_pass_is_asked_again(answer: Answer, behaviour: Behaviour, transport: str) -> None:
    """Over a real connection, too."""
    grade, seen = graded(answer, behaviour, transport)
    assert (grade.status, len(seen)) == ("graded", 2)


@BOTH
def test_a_wrong_key_is_named(answer: Answer, transport: str) -> None:
    """401 is no failure of the moment: one request."""
    grade, seen = graded(answer, says(http(401, b'{"error": {"message": "no"}}')), transport)
    assert str(grade.reason).startswith("wrong_key:")
    assert len(seen) == 1


@BOTH
def test_a_packed_reply_is_unpacked(answer: Answer, transport: str) -> None:
    """gzip, as most endpoints send it."""
    packed = gzip.compress(json.dumps(completion(level_reply(2))).encode())
    assert graded(answer, says(http(200, packed, Content_Encoding="gzip")), transport)[0].status == "graded"


def test_the_key_is_not_carried_to_another_address(answer: Answer) -> None:
    """A redirect is not followed: the reason says so, and the other server sees nothing."""

    async def once() -> tuple[Grade, list[Seen]]:
        async with LoopbackEndpoint(says(GOOD)) as other:
            elsewhere = says(http(307, Location=f"{other.url}/chat/completions"))
            async with (
                LoopbackEndpoint(elsewhere) as endpoint,
                make_grader("openai:m", options=options_for(endpoint, "pyreqwest")) as grader,
            ):
                return await grader.grade(answer), other.seen

    grade, seen = asyncio.run(once())
    assert "final address" in str(grade.reason)
    assert seen == []


@BOTH
@pytest.mark.parametrize("pause", [0.05, 60.0], ids=["drip", "silence"])
def test_no_reply_survives_its_deadline(answer: Answer, pause: float, transport: str) -> None:
    """Neither one that never comes nor one whose bytes drip in so slowly that each read is quick."""

    async def drip(seen: Seen, writer: asyncio.StreamWriter) -> None:
        writer.write(GOOD[:200])
        for byte in GOOD[200:]:
            await asyncio.sleep(pause)
            writer.write(bytes([byte]))
            await writer.drain()

    began = time.monotonic()
    once = NO_WAITING.__class__(transient=1)
    grade, _ = graded(answer, drip, transport, timeout=1.0, retries=once)
    assert str(grade.reason).startswith("timeout: no reply within 1 s")
    assert time.monotonic() - began < 45


@BOTH
def test_an_unknown_certificate_is_said_before_the_first_answer(transport: str) -> None:
    """Nothing is sent to a server that cannot show who it is."""

    async def once() -> list[Seen]:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        AUTHORITY.issue_cert("127.0.0.1").configure_cert(context)
        async with (
            LoopbackEndpoint(says(GOOD), tls=context) as endpoint,
            make_grader("openai:m", options=options_for(endpoint, transport)) as grader,
        ):
            with pytest.raises(SetupError, match=r"certificate of https://127\.0\.0\.1.* is not trusted"):
                await grader.check()
            return endpoint.seen

    assert asyncio.run(once()) == []


@BOTH
def test_a_certificate_named_in_the_environment_is_trusted(
    answer: Answer, transport: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """SSL_CERT_FILE, as a company's own authority is usually made known."""
    AUTHORITY.cert_pem.write_to_path(str(tmp_path / "authority.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))

    async def once() -> Grade:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        AUTHORITY.issue_cert("127.0.0.1").configure_cert(context)
        async with (
            LoopbackEndpoint(says(GOOD), tls=context) as endpoint,
            make_grader("openai:m", options=options_for(endpoint, transport)) as grader,
        ):
            return await grader.grade(answer)

    assert asyncio.run(once()).status == "graded"


@BOTH
def test_a_proxy_named_in_the_environment_is_used(
    answer: Answer, transport: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """HTTP_PROXY; the proxy sees the whole address."""

    async def once() -> tuple[Grade, list[Seen]]:
        async with LoopbackEndpoint(says(GOOD)) as proxy:
            monkeypatch.setenv("HTTP_PROXY", proxy.url.removesuffix("/some/path/v1"))
            monkeypatch.setenv("http_proxy", proxy.url.removesuffix("/some/path/v1"))
            options = GraderOptions(
                prompt="levels",
                base_url="http://model.test/v1",
                api_key="k",
                retries=NO_WAITING,
                transport=transport,  # type: ignore[arg-type]
            )
            async with make_grader("openai:m", options=options) as grader:
                return await grader.grade(answer), proxy.seen

    grade, seen = asyncio.run(once())
    assert grade.status == "graded"
    assert seen[0].path == "http://model.test/v1/chat/completions"


@BOTH
def test_a_header_that_is_no_ascii_does_no_harm(answer: Answer, transport: str) -> None:
    """Proxies write what they like into headers; the reply counts."""
    said = json.dumps(completion(level_reply(2))).encode()
    grade, _ = graded(answer, says(http(200, said, X_Served_By="Köln")), transport)
    assert (grade.status, grade.reason) == ("graded", None)


@BOTH
def test_each_request_leaves_with_a_key_of_its_own_or_none(answer: Answer, transport: str) -> None:
    """An endpoint that knows idempotency keys must not take a second request for the first once more."""
    _, seen = graded(answer, says(http(500), GOOD), transport)
    keys = [each.headers.get("idempotency-key") for each in seen]
    assert len(seen) == 2
    assert keys == [None, None] or len(set(keys)) == 2


@BOTH
def test_later_requests_carry_the_headers_of_the_first(answer: Answer, transport: str) -> None:
    """What is made once for all requests is what the client would have made, and its length is the body's own."""
    _, seen = graded(answer, says(http(500), GOOD), transport)
    first, second = ({**each.headers} for each in seen)
    assert first == second
    assert int(second["content-length"]) == len(seen[1].body)


def client_of(address: str, transport: str) -> EndpointClient:
    sender = PyreqwestClient(connect_timeout=5.0, largest_reply=100_000) if transport == "pyreqwest" else None
    return EndpointClient(api_key="sk-old", base_url=address, max_retries=0, timeout=20.0, http_client=sender)


def test_a_key_that_changes_is_the_next_requests_key() -> None:
    """Keys are rotated while a program runs: the client is asked what it says now."""

    async def twice() -> list[Seen]:
        async with LoopbackEndpoint(says(GOOD, GOOD)) as endpoint:
            client = client_of(endpoint.url, "pyreqwest")
            model = OpenAICompatibleModel(client, "some-model", deadline=20.0)
            await model.complete(_REQUEST)
            client.api_key = "sk-new"
            await model.complete(_REQUEST)
            await model.close()
            return endpoint.seen

    seen = asyncio.run(twice())
    assert [each.headers["authorization"] for each in seen] == ["Bearer sk-old", "Bearer sk-new"]


@BOTH
def test_an_address_with_a_query_keeps_it_behind_the_path_of_each_request(transport: str) -> None:
    """As in .../v1?api-version=preview: of the question who is there, and of the first answer and the next."""

    async def asked() -> list[Seen]:
        async with LoopbackEndpoint(says(http(200, b'{"data":[]}'), GOOD, GOOD)) as endpoint:
            address = f"{endpoint.url}?api-version=preview"
            model = OpenAICompatibleModel(client_of(address, transport), "some-model", deadline=20.0)
            await model.check()
            for _ in range(2):
                await model.complete(_REQUEST)
            await model.close()
            return endpoint.seen

    paths = [each.path.removeprefix("/some/path/v1") for each in asyncio.run(asked())]
    whole = "/chat/completions?api-version=preview"
    assert paths == ["/models?api-version=preview", whole, whole]
