"""Patience with a store that is away: what is to be done with it is done when it is back."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeVar

from evaluator.core.ledger import KeptReply, Ledger
from evaluator.errors import StoreError

T = TypeVar("T")

_WAITS = (0.5, 1.0, 2.0, 5.0, 10.0)  # seconds between tries


async def pause(until: asyncio.Event, seconds: float) -> None:
    """Returns after so many seconds, or at once when the event is set."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await until.wait()


async def insist(step: Callable[[], T], leaving: asyncio.Event) -> T:
    """Carries out a step of the store in a thread; while the store is away, again and again. Raises StoreError once
    the worker is about to end.
    """
    return await insist_on(lambda: asyncio.to_thread(step), leaving)


async def insist_on(step: Callable[[], Awaitable[T]], leaving: asyncio.Event) -> T:
    """The same for a step that is awaited."""
    tried = 0
    while True:
        try:
            return await step()
        except StoreError:
            if leaving.is_set():
                raise
        await pause(leaving, _WAITS[min(tried, len(_WAITS) - 1)])
        tried += 1


@dataclass(frozen=True, slots=True)
class PatientLedger:
    """A ledger that does not lose a reply because its store is away: it was paid for. Nothing is asked of the model
    meanwhile, since what is kept there cannot be looked up.
    """

    ledger: Ledger
    leaving: asyncio.Event

    async def find(self, fingerprint: str, candidate_id: str | None = None) -> KeptReply | None:
        """As the ledger itself."""
        return await self.ledger.find(fingerprint, candidate_id)

    async def keep(self, fingerprint: str, reply: KeptReply, candidate_id: str | None = None) -> None:
        """Returns when the reply is committed. Raises StoreError once the worker is about to end."""
        await insist_on(lambda: self.ledger.keep(fingerprint, reply, candidate_id), self.leaving)
