"""Somebody who is told of grades, and fails now and then: with an error, or by hanging up after all was read."""

from __future__ import annotations

import hashlib
import threading
from collections import Counter
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Literal, Self

from standardwebhooks.webhooks import Webhook

SECRET = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="

Outcome = Literal["taken", "failed", "hung up"]


@dataclass(frozen=True)
class Told:
    """One event that arrived, and what was answered."""

    id: str
    submission: str
    body: bytes
    outcome: Outcome


class FailingReceiver:
    """A context in which it listens at `url`. A tenth of all events fail the first time, three in a hundred are taken
    without an answer.
    """

    def __init__(self) -> None:
        self.told: list[Told] = []
        self.unsigned = 0
        self._seen: Counter[str] = Counter()
        self._counting = threading.Lock()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outcome = receiver._take({name.lower(): value for name, value in self.headers.items()}, body)
                if outcome == "hung up":
                    self.close_connection = True
                    return
                self.send_response(200 if outcome == "taken" else 500)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            def handle_error(self, *_: Any) -> None:
                """Whoever told it was killed."""

        self._server = Server(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})

    @property
    def environment(self) -> dict[str, str]:
        """What has workers tell it."""
        return {
            "EVALUATOR_WEBHOOK_URLS": f"http://127.0.0.1:{self._server.server_port}/told",
            "EVALUATOR_WEBHOOK_SECRETS": SECRET,
            "EVALUATOR_WEBHOOK_PRIVATE": "1",
        }

    def _take(self, headers: dict[str, str], body: bytes) -> Outcome:
        try:
            said = Webhook(SECRET).verify(body, headers)
        except Exception:  # whatever is wrong with it: it is counted, and the storm's end asks for none
            self.unsigned += 1
            return "failed"
        name = headers["webhook-id"]
        with self._counting:
            self._seen[name] += 1
            drawn = hashlib.sha256(f"{said['data']['candidate_id']} {self._seen[name]}".encode()).digest()[0] / 256
            outcome: Outcome = "taken"
            if self._seen[name] == 1:
                outcome = "failed" if drawn < 0.10 else "hung up" if drawn < 0.13 else "taken"
            self.told.append(Told(name, said["data"]["submission_id"], body, outcome))
            return outcome

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
