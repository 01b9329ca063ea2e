"""The mock server as clients meet it: real sockets, the real openai client."""

from __future__ import annotations

import asyncio
import json
import ssl
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import openai
import pytest
import trustme
from openai import AsyncOpenAI, OpenAI

from benchmarks.server_process import MockServer
from evaluator import Answer, GraderOptions, make_grader

TEXT = "A0000001 One example is one payment, positive if a chargeback follows. I would split by time, never at random."
SCHEMA = {
    "type": "object",
    "properties": {"evidence": {"type": "array", "items": {"type": "string"}}, "level": {"enum": [0, 1, 2]}},
    "required": ["evidence", "level"],
}
FORMAT: Any = {"type": "json_schema", "json_schema": {"name": "g", "strict": True, "schema": SCHEMA}}


def client(server: MockServer, **options: Any) -> OpenAI:
    return OpenAI(base_url=server.base_url, api_key="sk-test", max_retries=0, **options)


def ask(server: MockServer, text: str = TEXT, **more: Any) -> Any:
    options = {"timeout": more.pop("timeout", 10.0)}
    with client(server, **options) as asking:
        return asking.chat.completions.create(
            model="mock", messages=[{"role": "user", "content": text}], **{"response_format": FORMAT, **more}
        )


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not await asyncio.to_thread(is_so):
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("prompt", ["levels", "checks"])
def test_our_grader_accepts_its_replies_and_finds_its_quotes(
    start_server: Callable[..., MockServer], prompt: str
) -> None:
    """A reply that broke the schema would leave no grade; a quote that is not there would be flagged."""
    server = start_server()

    async def grade_some() -> None:
        options = GraderOptions(prompt=prompt, base_url=server.base_url, api_key="sk-test")
        async with make_grader("openai:mock", options=options) as grader:
            for number in range(12):
                text = f'A{number:07d} The target is "churn" in {number} days.\nWe split by time — never at random.'
                grade = await grader.grade(Answer(f"c{number}.loan_features", f"c{number}", "loan_features", text))
                assert grade.status == "graded", grade.reason
                assert all(quote.verified for criterion in grade.criteria for quote in criterion.evidence)
                assert "evidence_unverified" not in {flag.code for flag in grade.flags}

    asyncio.run(grade_some())


def test_an_answer_without_a_marker_is_quoted_too(start_server: Callable[..., MockServer]) -> None:
    """The last message's own words, then."""
    content = ask(start_server(), "no marker here but quite a few words").choices[0].message.content
    evidence = json.loads(content)["evidence"]
    assert evidence
    assert evidence[0] in "no marker here but quite a few words"


def test_a_tool_that_is_asked_for_is_called(start_server: Callable[..., MockServer]) -> None:
    """The one that tool_choice names, its arguments by its schema."""
    tools = [
        {"type": "function", "function": {"name": name, "parameters": {"type": "object", "properties": properties}}}
        for name, properties in (("other", {}), ("grade", {"score": {"type": "number", "minimum": 3, "maximum": 4}}))
    ]
    chosen = {"type": "function", "function": {"name": "grade"}}
    reply = ask(start_server(), tools=tools, tool_choice=chosen, response_format={"type": "text"})
    call = reply.choices[0].message.tool_calls[0].function
    assert call.name == "grade"
    assert 3 <= json.loads(call.arguments)["score"] <= 4
    assert reply.choices[0].finish_reason == "tool_calls"


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"share_429": 1}, openai.RateLimitError),
        ({"share_500": 1}, openai.InternalServerError),
        ({"share_reset": 1}, openai.APIConnectionError),
        ({"share_hung": 1}, openai.APITimeoutError),
        ({"fail_next": 1, "fail_status": 503}, openai.InternalServerError),
        ({"api_key": "another"}, openai.AuthenticationError),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else value.__name__,
)
def test_a_fault_reaches_the_client_as_its_own_error(
    start_server: Callable[..., MockServer], options: dict[str, float | str], error: type[Exception]
) -> None:
    """And nothing is charged for it."""
    server = start_server(**options)
    with pytest.raises(error):
        ask(server, timeout=1.0 if error is openai.APITimeoutError else 60.0)
    assert server.stats()["paid"] == 0


def test_a_truncated_reply_is_paid_for_and_is_no_json(start_server: Callable[..., MockServer]) -> None:
    """It looks whole to HTTP."""
    server = start_server(share_truncated=1)
    content = ask(server).choices[0].message.content
    with pytest.raises(ValueError, match=r"Expecting|Unterminated|delimiter"):
        json.loads(content)
    assert server.stats()["paid"] == 1
    assert server.stats()["answers_delivered"] == 0


def test_faults_depend_on_seed_prompt_and_attempt_alone(start_server: Callable[..., MockServer]) -> None:
    """Two servers, the prompts in another order: the same fate for each; another seed, another fate for some."""

    def fates(seed: int, numbers: list[int]) -> dict[int, str]:
        server = start_server(seed=seed, share_500=0.5)
        seen = {}
        for number in numbers:
            try:
                ask(server, f"A{number:07d} words")
                seen[number] = "answered"
            except openai.InternalServerError:
                seen[number] = "failed"
        return seen

    numbers = list(range(24))
    first = fates(1, numbers)
    assert set(first.values()) == {"answered", "failed"}
    assert fates(1, numbers[::-1]) == first
    assert fates(2, numbers) != first


def test_a_request_over_the_limit_is_told_how_long_to_wait(start_server: Callable[..., MockServer]) -> None:
    """Headers on what is let in, too."""
    server = start_server(requests_per_second=1, burst=2)
    with client(server) as asking:
        raw = asking.chat.completions.with_raw_response
        messages: Any = [{"role": "user", "content": TEXT}]
        first = raw.create(model="mock", messages=messages)
        raw.create(model="mock", messages=messages)
        with pytest.raises(openai.RateLimitError) as refused:
            raw.create(model="mock", messages=messages)
    assert first.headers["x-ratelimit-limit-requests"] == "2"
    assert first.headers["x-ratelimit-remaining-requests"] == "1"
    assert float(refused.value.response.headers["retry-after"]) >= 1
    assert server.stats()["fate_over_the_limit"] == 1


def test_it_counts_what_was_paid_twice_and_what_was_in_flight(start_server: Callable[..., MockServer]) -> None:
    """Needlessly is: after a good reply to the same prompt had been delivered."""
    server = start_server(latency_ms=200)

    async def everybody() -> None:
        async with AsyncOpenAI(base_url=server.base_url, api_key="sk-test", max_retries=0) as asking:

            async def one(number: int) -> None:
                messages: Any = [{"role": "user", "content": f"A{number:07d} words"}]
                await asking.chat.completions.create(model="mock", messages=messages)

            await asyncio.gather(*(one(number) for number in range(5)))
            await one(0)

    asyncio.run(everybody())
    stats = server.stats()
    assert (stats["total"], stats["unique_prompts"], stats["paid"], stats["paid_duplicates"]) == (6, 5, 6, 1)
    assert (stats["answers_seen"], stats["answers_delivered"]) == (5, 5)
    assert (stats["answers_paid_more_than_once"], stats["answers_paid_after_a_good_reply"]) == (1, 1)
    assert stats["most_in_flight"] == 5
    server.reset()
    assert server.stats()["total"] == 0


def test_a_client_that_leaves_is_counted_and_charged(start_server: Callable[..., MockServer]) -> None:
    """What a killed client had in flight is paid for all the same."""
    server = start_server(latency_ms=600_000)

    async def leave() -> None:
        asking = AsyncOpenAI(base_url=server.base_url, api_key="sk-test", max_retries=0)
        async with asking:
            asked = asyncio.create_task(
                asking.chat.completions.create(model="mock", messages=[{"role": "user", "content": TEXT}])
            )
            await until(lambda: server.stats()["in_flight"] == 1)
            asked.cancel()
        await until(lambda: server.stats()["in_flight"] == 0)

    asyncio.run(leave())
    stats = server.stats()
    assert (stats["client_gone"], stats["paid"], stats["answers_delivered"], stats["in_flight"]) == (1, 1, 0, 0)


def test_a_prompt_that_begins_as_another_is_partly_cached(start_server: Callable[..., MockServer]) -> None:
    """From 1,024 tokens on, as endpoints say it in their usage."""
    server = start_server()
    with client(server) as asking:
        cached = []
        for text in ("one answer", "another answer"):
            messages: Any = [{"role": "system", "content": "x" * 8000}, {"role": "user", "content": text}]
            usage = asking.chat.completions.create(model="mock", messages=messages).usage
            assert usage is not None
            assert usage.prompt_tokens_details is not None
            cached.append(usage.prompt_tokens_details.cached_tokens)
    assert cached[0] == 0
    assert cached[1] is not None
    assert cached[1] >= 1024


def test_options_change_while_it_runs_and_a_wrong_one_is_named(start_server: Callable[..., MockServer]) -> None:
    """Nothing of a wrong change is taken."""
    server = start_server()
    assert server.configure(latency_ms=5)["latency_ms"] == 5.0
    for body, named in (
        (b'{"latency": "sometimes"}', "latency"),
        (b'{"share_429": 2}', "share_429"),
        (b'{"colour": 1}', "colour"),
        (b'{"share_429": 0.6, "share_500": 0.6}', "share_"),
    ):
        with pytest.raises(urllib.request.HTTPError) as refused:
            urllib.request.urlopen(urllib.request.Request(server.root + "/config", body), timeout=10)
        assert refused.value.code == 400
        assert named in refused.value.read().decode()
    assert server.configure()["share_429"] == 0.0


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"model": "mock"}', b'{"messages": [], "stream": true}'])
def test_a_request_that_it_cannot_read_is_refused_and_the_server_lives(
    start_server: Callable[..., MockServer], body: bytes
) -> None:
    """It is counted apart and charged to nobody."""
    server = start_server()
    reply = httpx2.post(server.base_url + "/chat/completions", content=body)
    assert reply.status_code == 400
    assert reply.json()["error"]["type"] == "invalid_request_error"
    stats = server.stats()
    assert (stats["unreadable"], stats["total"]) == (1, 0)


def test_it_speaks_tls_where_it_has_a_certificate(tmp_path: Path) -> None:
    """For the cost of encryption, which a loopback address hides otherwise."""
    authority = trustme.CA()
    certificate = authority.issue_cert("127.0.0.1")
    certificate.private_key_and_cert_chain_pem.write_to_path(tmp_path / "server.pem")
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    pem = str(tmp_path / "server.pem")
    with MockServer(arguments=["--tls-cert", pem, "--tls-key", pem]) as server:
        assert server.base_url.startswith("https://")
        reply = httpx2.get(server.base_url + "/models", verify=trusting)
    assert reply.json()["data"][0]["id"] == "mock"
