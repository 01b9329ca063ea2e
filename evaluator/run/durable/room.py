"""Who is graded beside whom in one worker: batches together as a rule, an answer that is suspected beside nobody."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager


class Room:
    """A lock that many share or one has. Used from one event loop. Whoever is to be alone goes first."""

    def __init__(self) -> None:
        self._together = 0
        self._waiting_to_be_alone = 0
        self._is_alone = False
        self._changed = asyncio.Event()

    @asynccontextmanager
    async def together(self) -> AsyncIterator[None]:
        """Beside others, and while nobody is alone."""
        await self._once(lambda: not self._is_alone and not self._waiting_to_be_alone)
        self._together += 1
        try:
            yield
        finally:
            self._together -= 1
            self._tell()

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[None]:
        """Beside nobody: those who are there end first, others come when it is over."""
        self._waiting_to_be_alone += 1
        try:
            await self._once(lambda: not self._is_alone and not self._together)
            self._is_alone = True
        finally:
            self._waiting_to_be_alone -= 1
            self._tell()
        try:
            yield
        finally:
            self._is_alone = False
            self._tell()

    async def _once(self, is_free: Callable[[], bool]) -> None:
        while not is_free():
            await self._changed.wait()

    def _tell(self) -> None:
        """Everybody who waits looks again."""
        self._changed.set()
        self._changed = asyncio.Event()
