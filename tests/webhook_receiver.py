"""A web server on loopback that is told of events: it keeps what it got, and fails as often as it is asked to."""

from __future__ import annotations

import threading
from collections import deque
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self


class WebhookReceiver:
    """`answers`: status codes for the next requests; 200 when there are none left. `location` is sent with a 3xx."""

    def __init__(self, answers: tuple[int, ...] = (), location: str = "") -> None:
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.moved = threading.Condition()
        answering = deque(answers)
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                with receiver.moved:
                    receiver.got.append(({name.lower(): value for name, value in self.headers.items()}, body))
                    status = answering.popleft() if answering else 200
                    receiver.moved.notify_all()
                self.send_response(status)
                if location:
                    self.send_header("Location", location)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/told"

    def wait_for(self, count: int, seconds: float) -> list[tuple[dict[str, str], bytes]]:
        """What it got, when that is so much, or after so many seconds."""
        with self.moved:
            self.moved.wait_for(lambda: len(self.got) >= count, seconds)
            return list(self.got)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
