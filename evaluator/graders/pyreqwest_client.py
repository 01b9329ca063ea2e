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
    RequestError,
    RequestTimeoutError,
    TransportError,
)
from pyreqwest.http import HeaderMap
from pyreqwest.request import RequestBuilder
from pyreqwest.response import Response

_BUFFERED = 65_536  # bytes that are read ahead of whoever reads them
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
    (RequestError, httpx2.ReadError),  # a body that cannot be unpacked to its end is only that
)


class PyreqwestClient(httpx2.AsyncClient):
    """Sends what the openai client asks of it. No redirect is followed: a key goes to the address it was given for.

    `connect_timeout` is in seconds. Of the reply to a POST no more than `largest_reply` bytes, unpacked, are kept in
    memory, and one more, by which a reader sees that it was cut. How long a whole request may take is for the caller
    to say, who has a deadline around it; that a caller gives up ends the request.
    """

    def __init__(self, *, connect_timeout: float, largest_reply: int) -> None:
        # The pool of httpx2 is never used; without this it would read all certificates for it.
        super().__init__(transport=_NoTransport(), trust_env=False)
        builder = ClientBuilder().follow_redirects(False).pool_idle_timeout(_KEEP_ALIVE)
        self._network: Client = builder.connect_timeout(timedelta(seconds=connect_timeout)).build()
        self._urls: dict[str, httpx2.URL] = {}
        self._most = largest_reply + 1

    def build_request(self, method: str, url: httpx2.URL | str, **parts: Any) -> httpx2.Request:
        """As httpx2 does, which takes an address to pieces and puts it together again; done here once an address."""
        content, headers = parts.pop("content", None), parts.pop("headers", None)
        parts.pop("timeout", None)
        if any(parts.values()):
            return super().build_request(method, url, content=content, headers=headers, **parts)
        if not isinstance(content, bytes):
            return httpx2.Request(method, self._url(url), headers=headers, content=content)
        # As a stream: for content httpx2 makes headers that the network makes anyway, and all headers anew with them.
        request = httpx2.Request(method, self._url(url), headers=headers, stream=httpx2.ByteStream(content))
        request.headers.encoding = "ascii"  # what headers of a request are made with; it would be guessed
        request.read()
        return request

    async def send(self, request: httpx2.Request, **options: Any) -> httpx2.Response:  # noqa: ARG002 nothing to choose
        """Sends one request and reads its reply whole. Raises the errors of httpx2."""
        building = self._network.request(request.method, str(request.url)).headers(request.headers.multi_items())
        try:
            building = building.body_bytes(request.content)
            if request.method == "POST":
                reply, content = await _bounded(building, self._most)
            else:  # a file of a batch's results, which may be hundreds of megabytes
                reply = await building.build().send()
                content = bytes(await reply.bytes())
        except PyreqwestError as error:
            for theirs, ours in _SAME:
                if isinstance(error, theirs):
                    raise ours(_said(error), request=request) from error
            raise
        headers = httpx2.Headers(_read_headers(reply.headers), encoding="utf-8")
        if reply.status >= 300:  # httpx2's own, which says in words what went wrong
            return httpx2.Response(reply.status, headers=headers, content=content, request=request)
        return _ReadResponse(reply.status, headers, content, request)

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


async def _bounded(building: RequestBuilder, most: int) -> tuple[Response, bytes]:
    """The reply with so many bytes of its body, unpacked, at the most."""
    async with building.streamed_read_buffer_limit(_BUFFERED).build_streamed() as reply:
        content = bytes(await reply.body_reader.read(most) or b"")
        while 0 < len(content) < most and (more := await reply.body_reader.read(most - len(content))):
            content += bytes(more)
    return reply, content


_OF_THE_WAY = frozenset({"content-encoding", "content-length", "transfer-encoding"})


def _read_headers(headers: HeaderMap) -> list[tuple[str, str]]:
    """The headers that say something of the reply as it is now: unpacked, so that nobody unpacks it once more."""
    try:
        return [(name, value) for name, value in headers.items() if name not in _OF_THE_WAY]
    except ValueError:  # one that is no ASCII, which some proxies write; no such one is ever looked at
        names = [name for name in dict.fromkeys(headers) if name not in _OF_THE_WAY]
        return [(name, value) for name in names for value in _readable(headers, name)]


def _readable(headers: HeaderMap, name: str) -> list[str]:
    try:
        return headers.getall(name)
    except ValueError:
        return []


class _ReadResponse(httpx2.Response):
    """A reply that came whole: nothing is left to be read, decoded or counted."""

    def __init__(self, status: int, headers: httpx2.Headers, content: bytes, request: httpx2.Request) -> None:
        super().__init__(status, headers=headers, stream=httpx2.ByteStream(content), request=request)
        self.headers.encoding = "utf-8"  # they are ASCII; it would be found out anew by trying
        self._whole = content
        self.is_closed = self.is_stream_consumed = True

    @property
    def content(self) -> bytes:
        return self._whole

    def read(self) -> bytes:
        return self._whole

    async def aread(self) -> bytes:
        return self._whole


class _NoTransport(httpx2.AsyncBaseTransport):
    """Stands where httpx2 would make a pool of its own."""


def _said(error: PyreqwestError) -> str:
    """The message with its causes, in which the reason is: a refused connection, an unknown certificate."""
    causes = getattr(error, "details", None) or {}
    return "; ".join([str(error), *(str(each.get("message", each)) for each in causes.get("causes") or ())])
