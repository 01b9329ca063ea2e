"""A client for httpx2's place under the openai client that sends through pyreqwest: a third of the work a request.

The openai client builds each request and reads each reply as ever; only the way between is another. Certificates and
proxies come from the system and the environment, as they do for httpx2.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import httpx2
from pyreqwest.client import Client, ClientBuilder
from pyreqwest.exceptions import (
    BodyDecodeError,
    ConnectError,
    ConnectTimeoutError,
    DecodeError,
    PyreqwestError,
    RequestTimeoutError,
    TransportError,
)

_FEW_URLS = 16
_KEEP_ALIVE = timedelta(seconds=30)  # below the minute after which usual servers hang up

# The first that fits; what fits none was not the network's fault and is raised as it is.
_SAME: tuple[tuple[type[PyreqwestError], type[httpx2.RequestError]], ...] = (
    (ConnectTimeoutError, httpx2.ConnectTimeout),
    (RequestTimeoutError, httpx2.ReadTimeout),
    (ConnectError, httpx2.ConnectError),
    (BodyDecodeError, httpx2.DecodingError),
    (DecodeError, httpx2.DecodingError),
    (TransportError, httpx2.NetworkError),
)


class PyreqwestClient(httpx2.AsyncClient):
    """Sends what the openai client asks of it. No redirect is followed: a key goes to the address it was given for.

    `connect_timeout` is in seconds. How long a whole request may take is for the caller to say, who has a deadline
    around it; that a caller gives up ends the request.
    """

    def __init__(self, *, connect_timeout: float) -> None:
        # The pool of httpx2 is never used; without this it would read all certificates for it.
        super().__init__(transport=_NoTransport(), trust_env=False)
        builder = ClientBuilder().follow_redirects(False).pool_idle_timeout(_KEEP_ALIVE)
        self._network: Client = builder.connect_timeout(timedelta(seconds=connect_timeout)).build()
        self._urls: dict[str, httpx2.URL] = {}

    def build_request(self, method: str, url: httpx2.URL | str, **parts: Any) -> httpx2.Request:
        """As httpx2 does, which takes an address to pieces and puts it together again; done here once an address."""
        content, headers = parts.pop("content", None), parts.pop("headers", None)
        parts.pop("timeout", None)
        if any(parts.values()):
            return super().build_request(method, url, content=content, headers=headers, **parts)
        return httpx2.Request(method, self._url(url), headers=headers, content=content)

    async def send(self, request: httpx2.Request, **options: Any) -> httpx2.Response:  # noqa: ARG002 nothing to choose
        """Sends one request and reads its reply whole. Raises the errors of httpx2."""
        building = self._network.request(request.method, str(request.url)).headers(request.headers.multi_items())
        try:
            reply = await building.body_bytes(request.content).build().send()
            content = bytes(await reply.bytes())
        except PyreqwestError as error:
            for theirs, ours in _SAME:
                if isinstance(error, theirs):
                    raise ours(_said(error), request=request) from error
            raise
        # Unpacked already: a header that says packed would have it unpacked once more.
        headers = [(name, value) for name, value in reply.headers.items() if name not in _OF_THE_WAY]
        return httpx2.Response(reply.status, headers=headers, content=content, request=request)

    async def aclose(self) -> None:
        await super().aclose()
        await self._network.close()

    def _url(self, url: httpx2.URL | str) -> httpx2.URL:
        text = str(url)
        known = self._urls.get(text)
        if known is None:
            known = httpx2.URL(text)
            if len(self._urls) < _FEW_URLS:
                self._urls[text] = known
        return known


_OF_THE_WAY = frozenset({"content-encoding", "content-length", "transfer-encoding"})


class _NoTransport(httpx2.AsyncBaseTransport):
    """Stands where httpx2 would make a pool of its own."""


def _said(error: PyreqwestError) -> str:
    """The message with its causes, in which the reason is: a refused connection, an unknown certificate."""
    causes = getattr(error, "details", None) or {}
    return "; ".join([str(error), *(str(each.get("message", each)) for each in causes.get("causes") or ())])
