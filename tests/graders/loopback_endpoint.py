"""An endpoint on loopback that does what a test says with each connection: what respx cannot show."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from tests.conftest import completion


@dataclass(frozen=True, slots=True)
class Seen:
    """A request as it came in. `before` is how many with the same body came before."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    before: int

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def http(status: int, body: bytes = b"{}", **headers: str) -> bytes:
    """A whole reply; an underscore in a header's name is a hyphen."""
    head = {"Content-Type": "application/json", "Content-Length": str(len(body))}
    head |= {name.replace("_", "-"): value for name, value in headers.items()}
    lines = "".join(f"{name}: {value}\r\n" for name, value in head.items())
    return f"HTTP/1.1 {status} X\r\n{lines}\r\n".encode() + body


def good(reply: object) -> bytes:
    """A chat completion whose message is `reply`."""
    return http(200, json.dumps(completion(reply)).encode())


Behaviour = Callable[[Seen, asyncio.StreamWriter], Awaitable[None]]


def says(*replies: bytes) -> Behaviour:
    """Sends these replies one after another, the last of them ever after."""
    left = list(replies)

    async def answer(seen: Seen, writer: asyncio.StreamWriter) -> None:
        writer.write(left.pop(0) if len(left) > 1 else left[0])

    return answer


@dataclass
class LoopbackEndpoint:
    """Use as an async context manager; `url` is its base address (with a path before /v1)."""

    behaviour: Behaviour
    tls: ssl.SSLContext | None = None
    seen: list[Seen] = field(default_factory=list)
    _bodies: dict[bytes, int] = field(default_factory=dict)
    _server: asyncio.Server | None = None
    _open: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def url(self) -> str:
        assert self._server is not None
        port = self._server.sockets[0].getsockname()[1]
        return f"http{'s' if self.tls else ''}://127.0.0.1:{port}/some/path/v1"

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self.tls)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._open:
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        try:
            while not writer.is_closing():
                seen = await self._read(reader)
                self.seen.append(seen)
                await self.behaviour(seen, writer)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            return
        finally:
            self._open.discard(task)
            writer.close()

    async def _read(self, reader: asyncio.StreamReader) -> Seen:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *lines = head.strip().split("\r\n")
        method, path, _ = first.split(" ")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        before = self._bodies.get(body, 0)
        self._bodies[body] = before + 1
        return Seen(method, path, headers, body, before)
