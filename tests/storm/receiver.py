"""Somebody who is told of grades, and fails now and then: with an error, or by hanging up after all was read."""

from __future__ import annotations

import hashlib
import threading
from collections import Counter
from dataclasses import dataclass
from typing import Literal

from standardwebhooks.webhooks import Webhook

from tests.loopback import LoopbackHandler, LoopbackServer

SECRET = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="

Outcome = Literal["taken", "failed", "hung up"]


@dataclass(frozen=True)
class Told:
    """One event that arrived, and what was answered."""

    id: str
    submission: str
    body: bytes
    outcome: Outcome


class FailingReceiver(LoopbackServer):
    """A context in which it listens. A tenth of all events fail the first time, three in a hundred are taken
    without an answer.
    """

    def __init__(self) -> None:
        super().__init__(_Listener)
        self.told: list[Told] = []
        self.unsigned = 0
        self._seen: Counter[str] = Counter()
        self._counting = threading.Lock()

    @property
    def environment(self) -> dict[str, str]:
        """What has workers tell it."""
        return {
            "EVALUATOR_WEBHOOK_URLS": f"http://{self.host}/told",
            "EVALUATOR_WEBHOOK_SECRETS": SECRET,
            "EVALUATOR_WEBHOOK_PRIVATE": "1",
        }

    def take(self, headers: dict[str, str], body: bytes) -> Outcome:
        """Counts what arrived, and says what becomes of it."""
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


class _Listener(LoopbackHandler):
    server: FailingReceiver

    def do_POST(self) -> None:
        outcome = self.server.take(self.said, self.read_body())
        if outcome == "hung up":
            self.close_connection = True
        else:
            self.answer(200 if outcome == "taken" else 500)
