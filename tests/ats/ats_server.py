"""A server that answers as the APIs of the sources do: real requests over a real socket, on loopback."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from tests.ats.signing import ANSWERS, TEXTS
from tests.loopback import LoopbackHandler, LoopbackServer

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

    class Handler(LoopbackHandler):
        def do_GET(self) -> None:
            self.read_body()
            line = f"{self.command} {self.path}"
            running.asked.append((line, self.said))
            answer = running.first.pop(0) if running.first else running.pages.get(line, Answer(404, {}))
            self.answer(answer.status, answer.body, answer.headers)

        do_POST = do_GET

    server = LoopbackServer(Handler)
    running = AtsServer(f"http://{server.host}", applications())
    with server:
        yield running
