"""The API of an ATS is asked with the key, at an allowed address only; trouble that may pass is told from the rest."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest

from evaluator.ats.ats_api import AtsApi
from evaluator.errors import AtsRefusedError, AtsUnavailableError
from tests.ats.ats_server import Answer, AtsServer, ats_server
from tests.dripping_server import dripping_server


@pytest.fixture
def server() -> Iterator[AtsServer]:
    with ats_server() as running:
        yield running


def ask(server: AtsServer, what: Callable[[AtsApi], Awaitable[Any]]) -> Any:
    async def run() -> Any:
        async with AtsApi(server.url, {"Authorization": "Basic x"}, [server.host], longest_wait=0.05) as api:
            return await what(api)

    return asyncio.run(run())


def test_an_answer_is_read_and_what_is_not_there_is_none(server: AtsServer) -> None:
    """The key goes with every request."""
    assert ask(server, lambda api: api.get("v1", "applications", "71"))["candidate_id"] == 42
    assert ask(server, lambda api: api.get("v1", "applications", "72")) is None
    assert {headers["authorization"] for _, headers in server.asked} == {"Basic x"}


def test_trouble_that_passes_is_waited_out(server: AtsServer) -> None:
    """A few tries, within seconds."""
    server.first += [Answer(503), Answer(429, headers={"retry-after": "0"})]
    assert ask(server, lambda api: api.get("v1", "applications", "71"))["id"] == 71
    assert len(server.asked) == 3


def test_trouble_that_stays_is_left_for_later(server: AtsServer) -> None:
    """With the time that the ATS asks for; a long wait is not tried again at once."""
    server.first += [Answer(500)] * 3
    with pytest.raises(AtsUnavailableError, match="500"):
        ask(server, lambda api: api.get("v1", "applications", "71"))
    server.first += [Answer(429, headers={"retry-after": "90"})]
    with pytest.raises(AtsUnavailableError) as raised:
        ask(server, lambda api: api.get("v1", "applications", "71"))
    assert raised.value.retry_after == 90
    assert len(server.asked) == 4


@pytest.mark.parametrize("status", [401, 403, 302, 307])
def test_a_refusal_and_a_redirect_are_final(server: AtsServer, status: int) -> None:
    """A key must not be carried to where somebody points."""
    server.first += [Answer(status, headers={"location": "http://127.0.0.1:1/elsewhere"})]
    with pytest.raises(AtsRefusedError, match=str(status)):
        ask(server, lambda api: api.get("v1", "applications", "71"))
    assert len(server.asked) == 1


def test_an_answer_without_an_end_is_cut_off(server: AtsServer) -> None:
    """Before it fills the memory."""
    server.first += [Answer(body=b"[" + b" " * 11_000_000 + b"]")]
    with pytest.raises(AtsRefusedError, match="10 MB"):
        ask(server, lambda api: api.get("v1", "applications", "71"))


def test_what_is_no_json_may_go_better_later(server: AtsServer) -> None:
    """Such as the page of a proxy."""
    server.first += [Answer(body=b"<html>")] * 3
    with pytest.raises(AtsUnavailableError, match="not JSON"):
        ask(server, lambda api: api.get("v1", "applications", "71"))


async def listed(pages: Any) -> list[Any]:
    return [each async for each in pages]


def test_pages_are_followed_by_link_within_the_api_only(server: AtsServer) -> None:
    """A next page elsewhere is not asked."""
    first, second = "GET /v1/applications?candidate_id=42", "GET /v1/applications?page=2"
    server.pages[first] = Answer(body=[1, 2], headers={"link": f'<{server.url}/v1/applications?page=2>; rel="next"'})
    server.pages[second] = Answer(body=[3])
    asked = {"candidate_id": "42"}
    assert ask(server, lambda api: listed(api.pages_by_link("v1", "applications", query=asked))) == [1, 2, 3]
    server.pages[second] = Answer(body=[3], headers={"link": '<http://127.0.0.1:1/x>; rel="next"'})
    with pytest.raises(AtsRefusedError, match="another address"):
        ask(server, lambda api: listed(api.pages_by_link("v1", "applications", query=asked)))


def test_pages_are_followed_by_offset(server: AtsServer) -> None:
    """Lever's way; one that never ends is given up."""
    server.pages["GET /v1/x"] = Answer(body={"data": [1], "hasNext": True, "next": "o1"})
    server.pages["GET /v1/x?offset=o1"] = Answer(body={"data": [2], "hasNext": False})
    assert ask(server, lambda api: listed(api.pages_by_offset("v1", "x"))) == [1, 2]
    server.pages["GET /v1/x?offset=o1"] = Answer(body={"data": [2], "hasNext": True, "next": "o1"})
    with pytest.raises(AtsRefusedError, match="100 pages"):
        ask(server, lambda api: listed(api.pages_by_offset("v1", "x")))


@pytest.mark.parametrize("path", ["..", ".", ""])
def test_an_id_cannot_be_another_path(server: AtsServer, path: str) -> None:
    """Ids come from deliveries whose signature need not cover them."""
    with pytest.raises(AtsRefusedError, match="no id"):
        ask(server, lambda api: api.get("v1", "applications", path))
    assert ask(server, lambda api: api.get("v1", "applications", "../applications/71?x=#")) is None
    assert [line for line, _ in server.asked] == ["GET /v1/applications/..%2Fapplications%2F71%3Fx%3D%23"]


@pytest.mark.parametrize(
    "url",
    [
        "http://harvest.greenhouse.io",
        "https://harvest.greenhouse.io.evil.test",
        "https://harvest.greenhouse.io@evil.test",
        "https://user:pass@harvest.greenhouse.io",
        "https://evil.test/harvest.greenhouse.io",
        "https://harvest.greenhouse.io:8443",
        "https://a.b.workable.com",
        "https://.workable.com",
        "https://workable.com",
        "file:///etc/passwd",
        "http://169.254.169.254/latest",
    ],
)
def test_an_address_that_is_not_allowed_is_not_asked(url: str) -> None:
    """Whatever it looks like."""
    with pytest.raises(AtsRefusedError):
        AtsApi(url, {}, ["harvest.greenhouse.io", "*.workable.com"])


def test_allowed_addresses() -> None:
    """The source's own, and one under each customer's name."""
    for url in ("https://harvest.greenhouse.io", "https://HARVEST.greenhouse.io/", "https://acme.workable.com"):
        AtsApi(url, {}, ["harvest.greenhouse.io", "*.workable.com"])


@pytest.mark.parametrize("beginning", [b"HTTP/1.1 200 OK\r\nX-Slow: ", b"HTTP/1.1 200 OK\r\n\r\n["])
def test_an_api_that_drips_holds_no_worker(beginning: bytes) -> None:
    """A byte now and then, in the headers or in the body, is no answer: it is left for later."""

    async def dripped_on() -> None:
        async with dripping_server(beginning) as port, asyncio.timeout(30):
            url = f"http://127.0.0.1:{port}"
            async with AtsApi(url, {}, [f"127.0.0.1:{port}"], longest_wait=0.05, deadline=0.5) as api:
                await api.get("v1", "applications", "71")

    with pytest.raises(AtsUnavailableError, match="did not answer within"):
        asyncio.run(dripped_on())
