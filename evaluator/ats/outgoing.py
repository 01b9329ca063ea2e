"""Events on their way out: signed as Standard Webhooks asks, to addresses that were looked at before they are used."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import urlsplit

import httpx2
from standardwebhooks.webhooks import Webhook

from evaluator.errors import UsageError

_TIMEOUT = 15.0  # seconds, for a delivery as a whole: what sends a byte now and then holds nobody


@dataclass(frozen=True, slots=True)
class WebhookTarget:
    """Who is told. `tenant` None: of all tenants' events. `secrets`: the new one first, while they are changed."""

    url: str
    secrets: tuple[str, ...] = field(repr=False)
    tenant: str | None = None


class NotDeliveredError(Exception):
    """What was sent did not arrive. `again`: whether it may the next time; `retry_after`: seconds that it asked for."""

    def __init__(self, reason: str, *, again: bool = True, retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.again = again
        self.retry_after = retry_after


class WebhookSender:
    """Sends events. Follows no redirect; an address inside a private network is refused unless `allow_private`.

    `timeout`: seconds for one delivery, whatever the target does meanwhile.
    """

    def __init__(self, *, allow_private: bool = False, timeout: float = _TIMEOUT) -> None:
        self._allow_private = allow_private
        self._timeout = timeout
        self._client = httpx2.AsyncClient(timeout=timeout, follow_redirects=False, trust_env=False)

    async def send(self, target: WebhookTarget, message_id: str, body: bytes, now: datetime | None = None) -> None:
        """Returns when the target said that it has the event (2xx). Raises NotDeliveredError."""
        try:
            async with asyncio.timeout(self._timeout):
                await self._send(target, message_id, body, now)
        except TimeoutError as error:
            raise NotDeliveredError("timeout") from error

    async def _send(self, target: WebhookTarget, message_id: str, body: bytes, now: datetime | None) -> None:
        url = httpx2.URL(target.url)
        address = await self._checked_address(url)
        at = now or datetime.now(UTC)
        headers = {
            "Content-Type": "application/json",
            "Host": url.netloc.decode("ascii"),
            "User-Agent": "screening-answer-evaluator",
            "webhook-id": message_id,
            "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": signature(target.secrets, message_id, at, body),
        }
        # The connection goes to the very address that was looked at: a name that says something else a moment later
        # leads nowhere. The certificate is still that of the name.
        request = self._client.build_request(
            "POST",
            url.copy_with(host=address),
            content=body,
            headers=headers,
            extensions={"sni_hostname": url.host},
        )
        try:
            answer = await self._client.send(request, stream=True)
            await answer.aclose()
        except httpx2.TimeoutException as error:
            raise NotDeliveredError("timeout") from error
        except httpx2.HTTPError as error:
            raise NotDeliveredError(f"connection: {type(error).__name__}") from error
        if not answer.is_success:
            # 410: the target says that it wants no more.
            again = answer.status_code != 410
            raise NotDeliveredError(f"HTTP {answer.status_code}", again=again, retry_after=_seconds(answer))

    async def close(self) -> None:
        """Lets go of connections."""
        await self._client.aclose()

    async def _checked_address(self, url: httpx2.URL) -> str:
        port = url.port or (443 if url.scheme == "https" else 80)
        try:
            found = await asyncio.get_running_loop().getaddrinfo(url.host, port, type=socket.SOCK_STREAM)
        except OSError as error:
            raise NotDeliveredError("the host's name is not known") from error
        addresses = [str(each[4][0]) for each in found]
        if not self._allow_private and not all(_is_public(each) for each in addresses):
            raise NotDeliveredError("the host has a private address", again=True)
        return addresses[0]


def signature(secrets: Sequence[str], message_id: str, at: datetime, body: bytes) -> str:
    """One signature for each secret, as the header has them."""
    return " ".join(Webhook(secret).sign(message_id, at, body.decode()) for secret in secrets)


def check_target(target: WebhookTarget, *, allow_private: bool) -> None:
    """Raises UsageError where events cannot go there: no secret, no TLS, a part that is not an address."""
    parts = urlsplit(target.url)
    problem = None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        problem = "is not an address of a web server"
    elif parts.scheme == "http" and not allow_private:
        problem = "has no TLS: what candidates wrote could be read on the way"
    elif parts.username or parts.password:
        problem = "has a name or a password in it, which would stand in logs"
    elif not target.secrets:
        problem = "has no secret to sign with"
    if problem is not None:
        raise UsageError(f"Events cannot be sent: the target {problem}.", hint="See docs/webhooks-out.md.")


def _is_public(address: str) -> bool:
    found = ipaddress.ip_address(address.partition("%")[0])
    mapped = getattr(found, "ipv4_mapped", None)
    return bool((mapped or found).is_global) and not (mapped or found).is_multicast


def _seconds(answer: httpx2.Response) -> float | None:
    said = answer.headers.get("retry-after", "")
    return float(said) if said.isascii() and said.isdigit() else None
