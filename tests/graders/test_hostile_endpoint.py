"""An endpoint that means harm: replies without end, packed bombs, numbers that are none, nesting without bottom."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import json
import tracemalloc
import zlib
from typing import Any

import pytest

from evaluator import Answer, GraderOptions, make_grader
from evaluator.core.price import Price
from evaluator.errors import GraderSetupError
from tests.conftest import completion, level_reply
from tests.graders.loopback_endpoint import Behaviour, LoopbackEndpoint, Seen, good, http, says
from tests.graders.test_pyreqwest_client import BOTH, graded, options_for


async def endless(seen: Seen, writer: asyncio.StreamWriter) -> None:
    """Twenty gigabytes, said to be a chat completion."""
    writer.write(
        b'HTTP/1.1 200 X\r\nContent-Type: application/json\r\nContent-Length: 20000000000\r\n\r\n{"choices": "'
    )
    with contextlib.suppress(ConnectionError):
        for _ in range(20_000):
            writer.write(b"a" * 1_000_000)
            await writer.drain()


def bomb() -> bytes:
    """Three hundred megabytes in one."""
    packing = zlib.compressobj(wbits=31)
    packed = b"".join(packing.compress(b"a" * 1_000_000) for _ in range(300)) + packing.flush()
    return http(200, packed, Content_Encoding="gzip")


def broken_bomb() -> bytes:
    """Packed bytes with others behind them, which is no gzip."""
    return http(200, gzip.compress(b"a" * 1_000) + b"more", Content_Encoding="gzip")


@pytest.mark.parametrize("behaviour", [endless, says(bomb())], ids=["endless", "packed"])
def test_a_reply_without_end_is_cut_and_not_asked_for_again(answer: Answer, behaviour: Behaviour) -> None:
    """Two megabytes are more than any reply has: no more are kept, the answer has its reason, nothing is repeated."""
    tracemalloc.start()
    grade, seen = graded(answer, behaviour, "pyreqwest", timeout=30.0)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert str(grade.reason) == "invalid_reply: the reply has more than 2,000,000 bytes"
    assert len(seen) == 1
    assert peak < 60_000_000


@BOTH
def test_a_reply_that_cannot_be_unpacked_is_a_broken_connection(answer: Answer, transport: str) -> None:
    """Bytes behind the end of the packed ones, each time it is asked."""
    grade, seen = graded(answer, says(broken_bomb()), transport)
    assert str(grade.reason).startswith(("connection:", "invalid_reply:")) or grade.status == "ungraded"
    assert len(seen) > 1


@BOTH
@pytest.mark.parametrize(
    "content",
    [
        json.dumps(level_reply(2)).replace('"level": 2', '"level": NaN'),
        json.dumps(level_reply(2)).replace('"level": 2', '"level": 1e999'),
        json.dumps(level_reply(2)).replace('"level": 2', f'"level": {"9" * 5_000}'),
        json.dumps(level_reply(2)).replace('"level": 2', '"level": -1'),
        json.dumps(level_reply(2)).replace('"level": 2', '"level": true'),
        "[" * 10_000 + "]" * 10_000,
        '{"criteria":' * 10_000 + "1" + "}" * 10_000,
        "\0" * 1_000,
    ],
    ids=["NaN", "infinite", "huge", "negative", "bool", "deep list", "deep object", "zero bytes"],
)
def test_a_reply_that_is_no_grade_is_never_taken_for_one(answer: Answer, content: str, transport: str) -> None:
    """The answer is ungraded with a reason, without a score."""
    grade, _ = graded(answer, says(good(content)), transport)
    assert grade.status == "ungraded"
    assert str(grade.reason).startswith("invalid_reply:")
    assert grade.score is None


@BOTH
@pytest.mark.parametrize(
    "body",
    [b"[" * 100_000, b"NaN", b'{"choices": [{"message": ' + b"[" * 100_000, b"\xff\xfe\x00", b""],
    ids=["deep", "NaN", "deep message", "no text", "nothing"],
)
def test_a_body_that_is_no_chat_completion_is_said(answer: Answer, body: bytes, transport: str) -> None:
    """Whatever comes with status 200: no traceback, a reason."""
    grade, _ = graded(answer, says(http(200, body)), transport)
    assert str(grade.reason).startswith("invalid_reply:")


@BOTH
@pytest.mark.parametrize("counts", [(-5, 10), (10, 10**30)])
def test_token_counts_that_cannot_be_do_not_become_costs(
    answer: Answer, counts: tuple[int, int], transport: str
) -> None:
    """Negative and absurd numbers of tokens are unknown ones; the grade itself stands."""
    usage = {"prompt_tokens": counts[0], "completion_tokens": counts[1], "total_tokens": 1}
    body = json.dumps(completion(level_reply(2), usage=usage)).encode()
    grade, _ = graded(answer, says(http(200, body)), transport, price=Price(1.0, 1.0))
    assert grade.status == "graded"
    assert (grade.provenance.input_tokens, grade.provenance.cost_usd) == (None, None)


@pytest.mark.parametrize("key", ["sk-a\r\nX-Injected: yes", "sk-\N{SNOWMAN}", "sk-a\0b"])
def test_a_key_that_would_write_a_header_of_its_own_is_refused(key: str) -> None:
    """A key pasted with a line end is a mistake with a sentence, in which it is not shown."""
    with pytest.raises(GraderSetupError, match="a line end, or a letter outside ASCII") as raised:
        make_grader("openai:m", options=GraderOptions(api_key=key))
    assert key not in str(raised.value)


def test_a_redirect_is_not_followed_by_the_other_transport_either(answer: Answer) -> None:
    """The answer and the key go to the address they were given for, and to no other."""

    async def once() -> tuple[Any, list[Seen]]:
        async with LoopbackEndpoint(says(good(level_reply(2)))) as other:
            elsewhere = says(http(307, Location=f"{other.url}/chat/completions"))
            async with (
                LoopbackEndpoint(elsewhere) as endpoint,
                make_grader("openai:m", options=options_for(endpoint, "httpx2")) as grader,
            ):
                return await grader.grade(answer), other.seen

    grade, seen = asyncio.run(once())
    assert grade.status == "ungraded"
    assert seen == []
