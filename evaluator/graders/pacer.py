"""The pacer: requests to one endpoint stand in line here and go when its pace allows. All raters of a run share it."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from evaluator.core.pace import Ending, Pace, PaceSettings, PaceTotals, Ticket
from evaluator.core.rate_budget import RateLimits


class EndpointDownError(Exception):
    """The endpoint has failed so often in a row that it is left alone. `failures` says how often."""

    def __init__(self, failures: int) -> None:
        super().__init__(f"{failures} failures in a row")
        self.failures = failures


@dataclass(slots=True)
class _InLine:
    tokens: float
    turn: asyncio.Future[Ticket]


class Pacer:
    """Lets requests go first come, first served; urgent ones before all others. Use it from one event loop. `clock`
    gives seconds, steadily.
    """

    def __init__(self, settings: PaceSettings, clock: Callable[[], float] = time.monotonic) -> None:
        self._pace = Pace(settings)
        self._most = settings.most
        self._keeping = 0
        self._looks_soon = False
        self._clock = clock
        self._lines: tuple[deque[_InLine], deque[_InLine]] = (deque(), deque())
        """Those who wait: the urgent, and the others."""
        self._sleeping: set[asyncio.Future[None]] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._held_since: float | None = None
        self._held_seconds = 0.0

    @property
    def totals(self) -> PaceTotals:
        """How the asking went so far."""
        return self._pace.totals(self._held_seconds)

    def change(self, settings: PaceSettings) -> None:
        """Other bounds from now on (`Pace.change`)."""
        self._pace.change(self._clock(), settings)
        self._most = settings.most
        if self._waits:
            self._let_go()

    @property
    def _waits(self) -> bool:
        return any(self._lines)

    async def enter(self, tokens: float, *, urgent: bool = False) -> Ticket:
        """Waits for this request's turn. Raises EndpointDownError. What is entered has to be left."""
        now = self._clock()
        if self._pace.is_down(now):
            raise EndpointDownError(self._pace.failures)
        if not self._waits and self._has_room() and not self._pace.wait(now, tokens):
            return self._pace.sent(now, tokens)
        place = _InLine(tokens, asyncio.get_running_loop().create_future())
        self._lines[0 if urgent else 1].append(place)
        self._let_go()
        try:
            return await place.turn
        except asyncio.CancelledError:
            if place.turn.done() and not place.turn.cancelled() and place.turn.exception() is None:
                self.leave(place.turn.result(), "given_up")  # its turn came in the same moment
            raise

    def leave(
        self, ticket: Ticket, ending: Ending, said: RateLimits | None = None, used_tokens: float | None = None
    ) -> None:
        """Says how a request ended; lets the next go."""
        now = self._clock()
        self._pace.ended(ticket, ending, now, said, used_tokens)
        if ending == "failed" and self._pace.is_down(now):
            self._turn_away()
        elif self._waits:
            self._let_go_soon()

    @contextmanager
    def keeping(self) -> Iterator[None]:
        """While a reply is being kept. Until it is, a kill would have it paid for again: so replies that are not kept
        yet and requests in flight together are never more than may be in flight.
        """
        self._keeping += 1
        try:
            yield
        finally:
            self._keeping -= 1
            if self._waits:
                self._let_go_soon()

    async def sleep(self, seconds: float) -> None:
        """Waits between two attempts, outside the line. Ends early when the endpoint goes down."""
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        loop = asyncio.get_running_loop()
        woken: asyncio.Future[None] = loop.create_future()
        alarm = loop.call_later(seconds, _wake, woken)
        self._sleeping.add(woken)
        try:
            await woken
        finally:
            alarm.cancel()
            self._sleeping.discard(woken)

    def _has_room(self) -> bool:
        return self._pace.has_room() and self._pace.in_flight + self._keeping < self._most

    def _let_go_soon(self) -> None:
        """When whoever just got a reply has had the time to say that it is being kept; once for all of them."""
        if not self._looks_soon:
            self._looks_soon = True
            asyncio.get_running_loop().call_soon(self._let_go)

    def _let_go(self) -> None:
        """Everyone whose turn it is."""
        self._looks_soon = False
        now = self._clock()
        wait = 0.0
        while line := self._lines[0] or self._lines[1]:
            first = line[0]
            if first.turn.done():  # it was given up
                line.popleft()
                continue
            if not self._has_room():
                break
            wait = self._pace.wait(now, first.tokens)
            if wait:
                break
            line.popleft()
            first.turn.set_result(self._pace.sent(now, first.tokens))
        self._hold_back(now, wait)

    def _hold_back(self, now: float, wait: float) -> None:
        """Looks again when the limits by the minute allow; counts how long they did not."""
        if self._held_since is not None:
            self._held_seconds += now - self._held_since
        self._held_since = now if wait else None
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(wait, self._let_go) if wait else None

    def _turn_away(self) -> None:
        """The endpoint went down: nobody waits for it any longer."""
        for line in self._lines:
            while line:
                turn = line.popleft().turn
                if not turn.done():
                    turn.set_exception(EndpointDownError(self._pace.failures))
        for woken in self._sleeping:
            _wake(woken)
        self._hold_back(self._clock(), 0.0)


def _wake(sleeping: asyncio.Future[None]) -> None:
    if not sleeping.done():
        sleeping.set_result(None)
