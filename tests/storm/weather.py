"""The weather of a storm: what strikes when, and from when to when it was felt."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from tests.storm.database_server import DatabaseServer
from tests.storm.fleet import Supervised, wait_until
from tests.storm.service import Service, is_ready

_LOOK = 0.2  # seconds
_BACK_WITHIN = 180.0  # seconds


@dataclass(frozen=True)
class Window:
    """From when to when (seconds of time.monotonic) a service was not whole, and why."""

    why: str
    begun: float
    ended: float

    def holds(self, begun: float, ended: float) -> bool:
        """Whether any of what went on from `begun` to `ended` fell in it."""
        return begun <= self.ended and ended >= self.begun


class Weather:
    """Kills at moments that chance has chosen beforehand, measured by how far everything is: `far` gives the shares of
    replies that were paid for and of deliveries that are settled.
    """

    def __init__(
        self, seed: int, service: Service, database: DatabaseServer, far: Callable[[], dict[str, float]],
        *, worker_kills: int, web_kills: int, away: float,
    ) -> None:  # fmt: skip
        draw = random.Random(seed)
        kills: list[tuple[str, Sequence[Supervised], int, Callable[[Supervised], None]]] = [
            ("paid", service.workers, worker_kills, Supervised.kill),
            ("settled", service.webs, web_kills, self._kill_web),
        ]
        self._due: list[tuple[float, str, Callable[[], object]]] = [
            (draw.uniform(0.05, 0.9), by, partial(kill, draw.choice(processes)))
            for by, processes, count, kill in kills
            for _ in range(count)
        ]
        self._due.append((0.5, "settled", self._restart))
        self._service, self._database, self._far, self._away = service, database, far, away
        self._looking: list[threading.Thread] = []
        self.restarts = 0
        self.windows: list[Window] = []
        self.thread = threading.Thread(target=self._work, name="weather")

    def _kill_web(self, web: Supervised) -> None:
        begun = time.monotonic()
        web.kill()
        self._until_ready(f"{web.name} killed", begun, [self._service.urls[self._service.webs.index(web)]])

    def _restart(self) -> None:
        begun = time.monotonic()
        self._database.restart("immediate", away=self._away)
        self.restarts += 1
        self._until_ready("PostgreSQL away", begun, self._service.urls)

    def _until_ready(self, why: str, begun: float, urls: Sequence[str]) -> None:
        """Notes, while the storm goes on, when these servers are ready again."""

        def look() -> None:
            wait_until(f"ready again after {why}", lambda: all(map(is_ready, urls)), _BACK_WITHIN, every=0.05)
            self.windows.append(Window(why, begun, time.monotonic()))

        self._looking.append(threading.Thread(target=look, name=f"until ready: {why}"))
        self._looking[-1].start()

    def _work(self) -> None:
        while self._due:
            far = self._far()
            strikes = [strike for at, by, strike in self._due if at <= far[by]]
            self._due = [each for each in self._due if each[0] > far[each[1]]]
            for strike in strikes:
                strike()
            time.sleep(_LOOK)
        for each in self._looking:
            each.join()
