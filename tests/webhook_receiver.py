"""A web server on loopback that is told of events: it keeps what it got, and fails as often as it is asked to."""

from __future__ import annotations

import threading
from collections import deque

from tests.loopback import LoopbackHandler, LoopbackServer


class WebhookReceiver(LoopbackServer):
    """`answers`: status codes for the next requests; 200 when there are none left. `location` is sent with a 3xx."""

    def __init__(self, answers: tuple[int, ...] = (), location: str = "") -> None:
        super().__init__(_Listener)
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.moved = threading.Condition()
        self.location = location
        self._answering = deque(answers)

    @property
    def url(self) -> str:
        return f"http://{self.host}/told"

    def take(self, headers: dict[str, str], body: bytes) -> int:
        """Keeps what arrived; the status to answer."""
        with self.moved:
            self.got.append((headers, body))
            self.moved.notify_all()
            return self._answering.popleft() if self._answering else 200

    def wait_for(self, count: int, seconds: float) -> list[tuple[dict[str, str], bytes]]:
        """What it got, when that is so much, or after so many seconds."""
        with self.moved:
            self.moved.wait_for(lambda: len(self.got) >= count, seconds)
            return list(self.got)


class _Listener(LoopbackHandler):
    server: WebhookReceiver

    def do_POST(self) -> None:
        status = self.server.take(self.said, self.read_body())
        self.answer(status, headers={"location": self.server.location} if self.server.location else {})
