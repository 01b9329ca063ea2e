"""A web server on loopback that answers a byte at a time and never comes to an end; each byte is in good time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

_PAUSE = 0.05  # seconds between two bytes


@asynccontextmanager
async def dripping_server(beginning: bytes) -> AsyncIterator[int]:
    """Its port. `beginning` is sent at once, then a byte at a time until the client goes away."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(beginning)
            while True:
                writer.write(b"x")
                await writer.drain()
                await asyncio.sleep(_PAUSE)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
