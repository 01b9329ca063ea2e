"""Applicant tracking systems that results are written back to: real servers on loopback, written from their documents
and independent of the program. Each checks what it is sent, and keeps it.
"""

from __future__ import annotations

import base64
import json
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.loopback import LoopbackHandler, LoopbackServer

ASHBY_TYPES = {"numeric_score": (int, float), "numeric_duration_minutes": (int, float), "url": str, "string": str}


@dataclass
class Request:
    """What came: the request's line, its headers with lower-case names, its body as JSON."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: Any

    @property
    def user(self) -> str:
        """The user of HTTP Basic."""
        _, _, given = self.headers.get("authorization", "").partition(" ")
        return base64.b64decode(given).decode().partition(":")[0]


@dataclass
class Office:
    """A system that answers. `faults`: what happens to the next requests that write: a status to answer with, or
    "lost": it does what it is asked, and the answer is lost.
    """

    answer: Callable[[Request], tuple[int, Any]]
    url: str = ""
    faults: deque[int | str] = field(default_factory=deque)
    got: list[Request] = field(default_factory=list)
    mistakes: list[str] = field(default_factory=list)
    moved: threading.Condition = field(default_factory=threading.Condition)

    @property
    def host(self) -> str:
        return urlsplit(self.url).netloc

    def wait_for(self, count: int, seconds: float = 90, *, method: str | None = None) -> list[Request]:
        """Requests (of a method), once there are so many. Fails where there are not in time."""

        def found() -> list[Request]:
            return [each for each in self.got if method in (None, each.method)]

        with self.moved:
            assert self.moved.wait_for(lambda: len(found()) >= count, seconds), self.got
            return found()


@contextmanager
def opened(office: Office) -> Iterator[Office]:
    """The office, for as long as the block lasts; it has to have been sent nothing wrong."""

    class Handler(LoopbackHandler):
        def do_GET(self) -> None:
            raw = self.read_body()
            asked = Request(self.command, self.path, self.said, json.loads(raw) if raw else None)
            fault = office.faults.popleft() if office.faults and self.command != "GET" else None
            status, body = (fault, {}) if isinstance(fault, int) else office.answer(asked)
            with office.moved:
                office.got.append(asked)
                office.moved.notify_all()
            if fault == "lost":
                self.close_connection = True
                self.connection.close()
                return
            moved = {"location": f"{office.url}/elsewhere"} if status in (301, 302, 307) else {}
            self.answer(status, b"" if body is None else body, moved)

        do_POST = do_PATCH = do_GET

    server = LoopbackServer(Handler)
    office.url = f"http://{server.host}"
    with server:
        yield office
        assert office.mistakes == []


def greenhouse_app(key: str) -> Office:
    """The address that `send_test` gives: PATCH with the key as the user and no body."""

    def answer(asked: Request) -> tuple[int, Any]:
        if asked.method != "PATCH" or asked.body is not None:
            office.mistakes.append(f"{asked.method} {asked.path} with {asked.body!r}")
        return (200, None) if asked.user == key else (401, None)

    office = Office(answer)
    return office


def ashby_api(key: str) -> Office:
    """`assessment.update`, with the shape that its documents ask for."""

    def answer(asked: Request) -> tuple[int, Any]:
        if asked.user != key:
            return 401, {}
        if (asked.method, asked.path) != ("POST", "/assessment.update"):
            return 404, {}
        office.mistakes += ashby_mistakes(asked)
        return 200, {"success": True, "results": {}}

    office = Office(answer)
    return office


def ashby_mistakes(asked: Request) -> list[str]:
    """What is wrong with an update."""
    body = asked.body
    values = [body[name] for name in ("assessment_status", "assessment_profile_url", "assessment_result")]
    values += body["metadata"]
    identifiers = [each["identifier"] for each in values]
    wrong = [] if len(set(identifiers)) == len(identifiers) else ["an identifier twice"]
    wrong += [f"{each}" for each in values if not isinstance(each["value"], ASHBY_TYPES[each["type"]])]
    if body["assessment_profile_url"]["type"] != "url":
        wrong.append("no url")
    if not isinstance(body["timestamp"], int) or body["timestamp"] < 10**12:
        wrong.append("timestamp in milliseconds")
    if asked.headers.get("accept") != "application/json; version=1" or not asked.headers.get("user-agent"):
        wrong.append("accept, user-agent")
    return wrong


def lever_api(key: str, documents: Mapping[str, Any]) -> Office:
    """Notes of opportunities, listed two at a time; beside what else the API gives (`documents`, by path)."""
    notes: dict[str, list[dict[str, Any]]] = {}

    def answer(asked: Request) -> tuple[int, Any]:
        if asked.user != key:
            return 401, {}
        parts = urlsplit(asked.path)
        if parts.path in documents:
            return 200, documents[parts.path]
        head, _, last = parts.path.rpartition("/")
        if last != "notes" or head != "/v1/opportunities/42":
            return 404, {}
        kept = notes.setdefault(head, [])
        if asked.method == "POST":
            if set(asked.body) != {"value"} or "<" in asked.body["value"]:
                office.mistakes.append(f"{asked.body}")
            # Threads begin with what was said first, among others' notes.
            kept.append({"id": f"note-{len(kept)}", "fields": [{"type": "note", "value": asked.body["value"]}]})
            return 201, {"data": kept[-1]}
        begin = int(parse_qs(parts.query).get("offset", ["0"])[0])
        page, rest = kept[begin : begin + 2], len(kept) > begin + 2
        return 200, {"data": page, "hasNext": rest, **({"next": str(begin + 2)} if rest else {})}

    office = Office(answer)
    office.notes = notes  # type: ignore[attr-defined]
    return office
