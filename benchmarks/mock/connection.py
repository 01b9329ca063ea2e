"""A connection: bytes in, requests out to the endpoint, replies written when they are due."""

from __future__ import annotations

import asyncio
from typing import Any

import httptools

from benchmarks.mock.endpoint import Endpoint, HttpRequest, Reaction
from benchmarks.mock.response import error_response


class Connection(asyncio.Protocol):
    """One client's connection; a client sends its next request after the reply to the last (no pipelining)."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._loop = asyncio.get_running_loop()
        self._waiting: set[asyncio.TimerHandle] = set()
        self._working = 0
        self._transport: Any = None
        self._parser: Any = httptools.HttpRequestParser(self)
        self.on_message_begin()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """asyncio calls this."""
        self._transport = transport
        tally = self._endpoint.tally
        tally.connections += 1
        tally.open_connections += 1
        tally.most_connections = max(tally.most_connections, tally.open_connections)

    def connection_lost(self, _error: Exception | None) -> None:
        """Whoever left before the reply came is counted."""
        tally = self._endpoint.tally
        tally.open_connections -= 1
        for timer in self._waiting:
            timer.cancel()
        for _ in range(self._working):
            tally.client_gone += 1
            tally.ended()
        self._working = 0
        self._transport = None
        self._parser = None  # it holds this object, and this object holds it

    def data_received(self, data: bytes) -> None:
        """asyncio calls this."""
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            return  # offers of HTTP/2 are not taken up; the request itself was read
        except httptools.HttpParserCallbackError as error:
            self._write(error_response(500, f"The mock endpoint itself failed: {error.__context__!r}"))
            self._transport.close()
        except httptools.HttpParserError as error:
            self._write(error_response(400, f"No HTTP: {error}"))
            self._transport.close()

    def on_message_begin(self) -> None:
        """httptools calls this, and the next four, as it reads."""
        self._url = b""
        self._authorization = b""
        self._content_type = b""
        self._body: list[bytes] = []

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        length = len(name)
        if length == 13 and name.lower() == b"authorization":
            self._authorization = value
        elif length == 12 and name.lower() == b"content-type":
            self._content_type = value
        elif length == 6 and name.lower() == b"expect":
            self._write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, body: bytes) -> None:
        self._body.append(body)

    def on_message_complete(self) -> None:
        path, _, query = self._url.partition(b"?")
        request = HttpRequest(
            method=self._parser.get_method().decode(),
            path=path.decode(),
            query=query.decode(),
            authorization=self._authorization.decode("latin-1"),
            content_type=self._content_type.decode("latin-1"),
            body=self._body[0] if len(self._body) == 1 else b"".join(self._body),
        )
        close = not self._parser.should_keep_alive()
        reaction = self._endpoint.react(request)
        if reaction.asked:
            self._endpoint.tally.started()
            self._working += 1
        if reaction.hung:
            return
        if reaction.delay <= 0:
            self._carry_out(reaction, close)
            return
        timer: asyncio.TimerHandle = self._loop.call_later(reaction.delay, lambda: self._due(timer, reaction, close))
        self._waiting.add(timer)

    def _due(self, timer: asyncio.TimerHandle, reaction: Reaction, close: bool) -> None:
        self._waiting.discard(timer)
        self._carry_out(reaction, close)

    def _carry_out(self, reaction: Reaction, close: bool) -> None:
        tally = self._endpoint.tally
        if reaction.asked:
            self._working -= 1
            tally.ended()
        if reaction.key is not None:
            tally.delivered(reaction.key, reaction.marker)
        if reaction.data:
            self._write(reaction.data)
        if reaction.reset:
            # Half a reply has to leave before the reset, or the client would never see it.
            self._loop.call_later(0.005, self._break_off)
        elif close:
            self._transport.close()

    def _break_off(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def _write(self, data: bytes) -> None:
        if self._transport is not None:
            self._transport.write(data)
