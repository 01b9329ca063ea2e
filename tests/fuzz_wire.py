"""What comes over the wire, as functions of bytes: headers, lines of batches, bodies, addresses; read or refused."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache

from pydantic import ValidationError

from evaluator.ats.ats_api import checked_host
from evaluator.ats.connection import Connection
from evaluator.ats.delivery import Delivery
from evaluator.ats.signatures import standard_key
from evaluator.ats.sources import SOURCES
from evaluator.ats.strict_json import UnreadableJsonError, read_object
from evaluator.ats.write_back.write_back import UnreadableOrderError
from evaluator.cli.price import price_of
from evaluator.core.api_key import parse_key
from evaluator.core.cron import cron_of
from evaluator.core.echo import is_echo
from evaluator.core.fence import fence_for
from evaluator.core.prompt import Message
from evaluator.core.question_map import QuestionMap
from evaluator.core.spotlight import mark_for, marked, unmarked
from evaluator.errors import EvaluatorError
from evaluator.graders.batch_line import Answered, NotAnswered, read_output_line
from evaluator.graders.rate_headers import rate_limits, retry_after
from evaluator.graders.spec import parse_grader
from evaluator.run.assessment_desk import PARTNERS
from evaluator.store.address import store_address
from evaluator.web.api.records import BatchIn, SubmissionIn

Target = Callable[[bytes], object]
AT = datetime(2026, 1, 1, tzinfo=UTC)
# Headers that one source or another signs with, or dates its deliveries by.
_SIGNED_BY = (
    "signature", "webhook-id", "webhook-timestamp", "webhook-signature", "ashby-signature", "x-workable-signature",
    "x-smartrecruiters-signature", "x-smartrecruiters-timestamp", "x-hook-secret", "x-lever-signature",
)  # fmt: skip


def text_of(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def headers_of(data: bytes) -> dict[str, str]:
    """Lines `name: value`, as a server or a client hands them over: bytes of Latin-1."""
    lines = (line.partition(":") for line in data.decode("latin-1").splitlines())
    return {name.strip().lower(): value.strip() for name, _, value in lines if name.strip()}


def rate_headers(data: bytes) -> None:
    """An endpoint's word on when it may be asked again: seconds from 0 to five minutes, or none."""
    headers = headers_of(data)
    value = data.decode("latin-1")
    for given in (headers, {"retry-after": value}, {"retry-after-ms": value}):
        wait = retry_after(given)
        assert wait is None or 0 <= wait <= 300
    told = {f"x-ratelimit-{what}-{of}": value for what in ("remaining", "reset", "limit") for of in ("requests",)}
    for given in (headers, told, {**told, "x-ratelimit-remaining-requests": "1"}):
        rate_limits(given)


def signature(data: bytes) -> None:
    """Whatever a delivery is signed with: only the right signature is one."""
    value = data.decode("latin-1")
    everywhere = dict.fromkeys(_SIGNED_BY, value)
    for headers in (headers_of(data), everywhere, {**everywhere, "webhook-timestamp": "1767225600"}):
        for source in SOURCES.values():
            delivery = Delivery(headers, b'{"action":"x"}', AT)
            source.handshake(delivery)
            assert source.check(delivery, ("whsec_c2VjcmV0", "whsec_b3RoZXI=")) is not None
    with contextlib.suppress(ValueError):
        standard_key(value)


def batch_line(data: bytes) -> None:
    """A line of an endpoint's output or error file: nothing is raised, whatever it is."""
    assert isinstance(read_output_line(data), Answered | NotAnswered)


def api_body(data: bytes) -> None:
    """What is handed in at /v1."""
    for record in (SubmissionIn, BatchIn):
        with contextlib.suppress(ValidationError):
            record.model_validate_json(data)


@cache
def _connection(name: str) -> Connection:
    mapped = QuestionMap.model_validate({"source": name, "questionnaire": "ml_engineer_screen"})
    return Connection(SOURCES[name], "default", (), (mapped,), is_mapped=False)


def order(data: bytes) -> None:
    """What an applicant tracking system orders here."""
    with contextlib.suppress(UnreadableJsonError, UnreadableOrderError):
        body = read_object(data)
        for name, partner in PARTNERS.items():
            with contextlib.suppress(UnreadableOrderError):
                partner.event(partner.order(body, _connection(name)))


def address(data: bytes) -> None:
    """Where the store is, where an API is, who grades, what it costs: what stands on a command line."""
    text = text_of(data)
    for read in (store_address, parse_grader, price_of, lambda url: checked_host(url, ("*.example.com",))):
        with contextlib.suppress(EvaluatorError):
            read(text)
    parse_key(text)


def cron(data: bytes) -> None:
    """When scheduled work is due."""
    with contextlib.suppress(ValueError):
        assert len(cron_of(text_of(data)).split()) == 5


def fence_and_marks(data: bytes) -> None:
    """An answer cannot hold its own fence or mark, and comes back from its marks to the letter."""
    text = text_of(data)
    fence, mark = fence_for(text), mark_for(text)
    shown = marked(text, mark)
    assert fence not in shown
    assert mark not in text
    assert unmarked(shown, mark) == text
    message = (Message("user", f"<<{fence}>>\n{shown}\n<<{fence}>>"),)
    assert is_echo(f"{text} {fence}", (), message)
    if "answer-" not in text:
        assert not is_echo(text, ("x" * 20_001,), message)


TARGETS: dict[str, Target] = {
    "rate_headers": rate_headers,
    "signature": signature,
    "batch_line": batch_line,
    "api_body": api_body,
    "order": order,
    "address": address,
    "cron": cron,
    "fence_and_marks": fence_and_marks,
}

SEEDS: dict[str, tuple[bytes, ...]] = {
    "rate_headers": (
        b"Wed, 21 Oct 2015 07:28:00 GMT",
        b"6m0s",
        b"retry-after: 1\nx-ratelimit-remaining-tokens: 5\nx-ratelimit-reset-tokens: 1h2m3.5s",
        b"Mon, 01 Jan 0001 00:00:00 -0000",
        b"1" * 9_999,  # took minutes once
    ),
    "signature": (b"v1,c2ln", b"sha256 00ff", b"webhook-id: 1\nwebhook-timestamp: 1767225600\nwebhook-signature: v1,x"),
    "batch_line": (
        b'{"custom_id":"' + b"0" * 64 + b'","response":{"status_code":200,"body":{"choices":[{"message":'
        b'{"content":"{}"},"finish_reason":"stop"}],"usage":{"prompt_tokens":1}}}}',
        b'{"custom_id":"' + b"0" * 64 + b'","response":{"status_code":400,"body":{"error":{"code":1}}}}',
    ),
    "api_body": (
        b'{"candidate_id":"c","answers":[{"question_id":"q","text":"x"}],"identity":{"names":["A B"]}}',
        b'{"submissions":[{"candidate_id":"c","answers":[{"question":"q","text":"x"}]}]}',
    ),
    "order": (
        b'{"partner_test_id":"t","candidate":{"first_name":"A","email":"a@b.c","resume_url":null},"url":"https://x"}',
        b'{"partner_test_id":"t","candidate":{"greenhouse_profile_url":"https://[::1/people/1?application_id=2"}}',
        b'{"assessment_type_id":"t","candidate":{"id":"1","name":"A"},"application":{"id":"2"},"metadata":{}}',
    ),
    "address": (
        b"postgresql://u:p@h:5432/d?sslmode=require",
        b"sqlite:///a.sqlite3",
        b"~nobody-of-this-name/a.sqlite3",
        b"panel:openai:m,local",
        b"https://a.example.com:8443/v1",
        b"https://[::1/v1",
        b"1,2,0.5",
    ),
    "cron": (b"02:30", b"*/5 0-3,7 1 * 1-5"),
    "fence_and_marks": ("^k7|~cx|answer-0123456789abcdef 我们按时间划分".encode(), b"a" * 200),
}
