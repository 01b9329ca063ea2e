"""The senders' side of a storm: deliveries at a rate, each again and again until it is answered as it has to be."""

from __future__ import annotations

import asyncio
import random
import statistics
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import httpx2

from tests.storm.deliveries import Delivery, Plan
from tests.storm.weather import Window

_TRIES_AGAIN = (0.3, 0.6, 1.2, 2.0)  # seconds
_TIMEOUT = 30.0
_GIVES_UP = 300.0  # seconds


@dataclass(frozen=True)
class Acknowledged:
    """A delivery that was kept: from when to when (seconds of time.monotonic) its last try took."""

    begun: float
    ended: float


@dataclass
class Acknowledgements:
    """What was answered: when each 2xx came, failed tries by reason, and answers that are wrong for good."""

    kept: list[Acknowledged] = field(default_factory=list)
    tries_again: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    refused: int = 0
    settled: int = 0

    def outside(self, windows: Sequence[Window]) -> list[Acknowledged]:
        """Those of which no part fell in a window."""
        return [each for each in self.kept if not any(window.holds(each.begun, each.ended) for window in windows)]


def percentiles(acknowledged: Sequence[Acknowledged]) -> str:
    """p50, p95 and p99 in milliseconds, for people."""
    if len(acknowledged) < 2:
        return "too few to say"
    cuts = statistics.quantiles([each.ended - each.begun for each in acknowledged], n=100)
    return " / ".join(f"{cuts[share - 1] * 1000:.0f}" for share in (50, 95, 99))


class Sender:
    """Delivers a plan to web servers that may be killed at any time, to any of them, as a balancer in front does."""

    def __init__(self, plan: Plan, urls: Sequence[str], *, rate: float, seed: int) -> None:
        self.got = Acknowledgements()
        self._plan = plan
        self._urls = urls
        self._rate = rate
        self._draw = random.Random(seed)
        self._first_at = datetime.now(UTC)

    @property
    def share(self) -> float:
        """Of all deliveries, those that are settled."""
        return self.got.settled / len(self._plan.deliveries)

    async def send_all(self) -> None:
        """Returns when each delivery was answered as it has to be, or wrongly for good."""
        limits = httpx2.Limits(max_connections=400, max_keepalive_connections=64)
        async with httpx2.AsyncClient(timeout=_TIMEOUT, limits=limits, trust_env=False) as client:
            begun = time.perf_counter()
            async with asyncio.TaskGroup() as group:
                for number, delivery in enumerate(self._plan.deliveries):
                    await asyncio.sleep(max(0.0, begun + number / self._rate - time.perf_counter()))
                    group.create_task(self._deliver(client, delivery))

    async def _deliver(self, client: httpx2.AsyncClient, delivery: Delivery) -> None:
        begun = time.monotonic()
        tries = 0
        while not await self._is_settled(client, delivery):
            if time.monotonic() - begun > _GIVES_UP:
                self.got.wrong.append(f"{delivery.source} {delivery.event_id}: not acknowledged in {_GIVES_UP:g} s")
                break
            await asyncio.sleep(_TRIES_AGAIN[min(tries, len(_TRIES_AGAIN) - 1)] * (0.5 + self._draw.random()))
            tries += 1
        self.got.settled += 1

    async def _is_settled(self, client: httpx2.AsyncClient, delivery: Delivery) -> bool:
        sent = delivery.sent(datetime.now(UTC), self._first_at)
        url = f"{self._draw.choice(self._urls)}/webhooks/{sent.source}"
        at = time.monotonic()
        try:
            answer = await client.post(url, content=sent.body, headers=sent.headers)
        except httpx2.TransportError as error:
            self.got.tries_again[type(error).__name__] += 1
            return False
        if answer.status_code == 503:
            if "retry-after" not in answer.headers:
                self.got.wrong.append("503 without Retry-After")
            self.got.tries_again["HTTP 503"] += 1
            return False
        if delivery.forgery is not None:
            self.got.refused += answer.status_code == 401
            right = answer.status_code == 401
        else:
            self.got.kept.append(Acknowledged(at, time.monotonic()))
            right = answer.status_code in (200, 202) and answer.json()["status"] in ("received", "duplicate")
        if not right:
            self.got.wrong.append(f"{delivery}: {answer.status_code} {answer.text[:200]}")
        return True
