"""A server that answers as the APIs of the sources do: real requests over a real socket, on loopback."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from tests.ats.signing import ANSWERS, TEXTS

PAIRS = [(TEXTS[question], text) for question, text in ANSWERS.items()]


@dataclass
class Answer:
    """What to answer once: a status, headers, and a body."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class AtsServer:
    """`first` are answered before anything else, in order; `asked` has every request's line and headers."""

    url: str
    pages: dict[str, Answer]
    first: list[Answer] = field(default_factory=list)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    @property
    def host(self) -> str:
        return urlsplit(self.url).netloc


def applications() -> dict[str, Answer]:
    """One candidate, 42, with both answers, at every source."""
    lever = {
        "id": "app-42",
        "opportunityId": "42",
        "createdAt": 2,
        "posting": "job-1",
        "customQuestions": [
            {
                "type": "posting",
                "fields": [{"type": "textarea", "text": question, "value": text} for question, text in PAIRS],
            }
        ],
    }
    fields = [
        {"field": {"type": "LongText", "path": f"p{n}", "title": question}} for n, (question, _) in enumerate(PAIRS)
    ]
    ashby = {
        "id": "a-1",
        "candidate": {"id": "42"},
        "job": {"id": "job-1"},
        "applicationFormSubmissions": [
            {
                "formDefinition": {"sections": [{"fields": fields}]},
                "submittedValues": {f"p{n}": text for n, (_, text) in enumerate(PAIRS)},
            }
        ],
    }
    greenhouse = {
        "id": 71,
        "candidate_id": 42,
        "jobs": [{"id": 3}],
        "answers": [{"question": question, "answer": text} for question, text in PAIRS],
    }
    smart = [
        {"id": f"q{n}", "label": question, "records": [{"fields": [{"id": "x", "values": [{"label": text}]}]}]}
        for n, (question, text) in enumerate(PAIRS)
    ]
    workable = {"id": "42", "answers": [{"question": {"body": q}, "answer": {"body": a}} for q, a in PAIRS]}
    return {
        "GET /v1/applications/71": Answer(body=greenhouse),
        "GET /v1/opportunities/42/applications/app-42": Answer(body={"data": lever}),
        "POST /application.info": Answer(body={"success": True, "results": ashby}),
        "GET /spi/v3/candidates/42": Answer(body={"candidate": workable}),
        "GET /candidates/42/jobs/job-1/screening-answers": Answer(body={"answers": smart}),
    }


@contextmanager
def ats_server() -> Iterator[AtsServer]:
    """The server, for as long as the block lasts."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("content-length", 0)))
            line = f"{self.command} {self.path}"
            running.asked.append((line, {name.lower(): value for name, value in self.headers.items()}))
            answer = running.first.pop(0) if running.first else running.pages.get(line, Answer(404, {}))
            body = answer.body if isinstance(answer.body, bytes) else json.dumps(answer.body).encode()
            self.send_response(answer.status)
            for name, value in {"content-length": str(len(body)), **answer.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET  # noqa: N815  the name that the library calls

        def log_message(self, *_: Any) -> None:
            """Nothing."""

    class Server(ThreadingHTTPServer):
        def handle_error(self, *_: Any) -> None:
            """A client may go away."""

    server = Server(("127.0.0.1", 0), Handler)
    running = AtsServer(f"http://127.0.0.1:{server.server_port}", applications())
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield running
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
