"""Events on their way out: signed for every live secret, to public addresses only, never where a redirect leads."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime

import pytest
from standardwebhooks.webhooks import Webhook

from evaluator.ats.outgoing import NotDeliveredError, WebhookSender, WebhookTarget, check_target
from evaluator.errors import UsageError
from tests.dripping_server import dripping_server
from tests.webhook_receiver import WebhookReceiver

OLD, NEW = "whsec_b2xkLXNlY3JldC1vZi0yNC1ieXRlcyE=", "whsec_bmV3LXNlY3JldC1vZi0yNC1ieXRlcyE="
BODY = json.dumps({"type": "submission.graded", "name": "Zoë"}, ensure_ascii=False).encode()


def send(url: str, *, allow_private: bool = True, secrets: tuple[str, ...] = (NEW,)) -> None:
    async def once() -> None:
        sender = WebhookSender(allow_private=allow_private)
        try:
            await sender.send(WebhookTarget(url, secrets), "msg_1", BODY, datetime.now(UTC))
        finally:
            await sender.close()

    asyncio.run(once())


@pytest.mark.parametrize("secret", [OLD, NEW])
def test_both_secrets_verify_while_they_are_changed(secret: str) -> None:
    """An independent implementation of the standard accepts the event with either one."""
    with WebhookReceiver() as receiver:
        send(receiver.url, secrets=(NEW, OLD))
        ((headers, body),) = receiver.got
    assert Webhook(secret).verify(body, headers)["name"] == "Zoë"


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "[::1]", "10.0.0.1", "169.254.169.254", "[::ffff:127.0.0.1]"]
)
def test_a_private_address_is_refused(host: str) -> None:
    """Whether it is written out or a name leads there; nothing is sent."""
    with WebhookReceiver() as receiver:
        port = receiver.url.rpartition(":")[2]
        with pytest.raises(NotDeliveredError, match="private address"):
            send(f"http://{host}:{port}", allow_private=False)
        assert receiver.got == []


def test_a_redirect_is_not_followed() -> None:
    """It counts as a failure: an address that was looked at must not lead to one that was not."""
    with WebhookReceiver() as inner, WebhookReceiver(answers=(307,), location=inner.url) as receiver:
        with pytest.raises(NotDeliveredError, match="HTTP 307"):
            send(receiver.url)
        assert inner.got == []


@pytest.mark.parametrize(("status", "again"), [(400, True), (410, False), (429, True), (500, True)])
def test_what_fails_may_be_tried_again(status: int, again: bool) -> None:
    """Unless the target says that it is gone."""
    with WebhookReceiver(answers=(status,)) as receiver, pytest.raises(NotDeliveredError) as raised:
        send(receiver.url)
    assert (raised.value.reason, raised.value.again) == (f"HTTP {status}", again)


def test_nobody_there_may_be_there_later() -> None:
    """A closed port is a reason to try again."""
    with WebhookReceiver() as receiver:
        url = receiver.url
    with pytest.raises(NotDeliveredError, match="connection") as raised:
        send(url)
    assert raised.value.again


@pytest.mark.parametrize(
    ("url", "secrets", "problem"),
    [
        ("ftp://example.com", (NEW,), "not an address of a web server"),
        ("http://example.com/told", (NEW,), "has no TLS"),
        ("https://user:pass@example.com", (NEW,), "a name or a password in it"),
        ("https://example.com/told", (), "no secret to sign with"),
    ],
)
def test_a_target_with_a_mistake_is_refused_at_start(url: str, secrets: tuple[str, ...], problem: str) -> None:
    """Before anything is sent; the message does not repeat the address, which may hold a password."""
    with pytest.raises(UsageError, match=problem) as raised:
        check_target(WebhookTarget(url, secrets), allow_private=False)
    assert "pass@" not in str(raised.value)


def test_a_time_to_wait_that_is_no_number_is_passed_over() -> None:
    """A target that answers with a digit of another kind gets its next try, and stops nothing else."""

    async def refused() -> NotDeliveredError:
        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write("HTTP/1.1 503 Busy\r\nRetry-After: ²\r\nContent-Length: 0\r\n\r\n".encode("latin-1"))
            await writer.drain()
            writer.close()

        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        sender = WebhookSender(allow_private=True)
        try:
            port = server.sockets[0].getsockname()[1]
            with pytest.raises(NotDeliveredError) as raised:
                await sender.send(WebhookTarget(f"http://127.0.0.1:{port}", (NEW,)), "msg_1", BODY)
            return raised.value
        finally:
            await sender.close()
            server.close()

    found = asyncio.run(refused())
    assert (found.reason, found.again, found.retry_after) == ("HTTP 503", True, None)


def test_a_target_that_drips_holds_nobody() -> None:
    """One that sends a byte of its headers now and then is given up when the time for the whole delivery is over."""

    async def dripped_on() -> NotDeliveredError:
        sender = WebhookSender(allow_private=True, timeout=0.5)
        try:
            async with dripping_server(b"HTTP/1.1 200 OK\r\nX-Slow: ") as port, asyncio.timeout(30):
                with pytest.raises(NotDeliveredError) as raised:
                    await sender.send(WebhookTarget(f"http://127.0.0.1:{port}", (NEW,)), "msg_1", BODY)
                return raised.value
        finally:
            await sender.close()

    found = asyncio.run(dripped_on())
    assert (found.reason, found.again) == ("timeout", True)
