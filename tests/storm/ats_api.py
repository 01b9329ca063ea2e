"""The APIs of Lever and SmartRecruiters, for events without answers: real requests, on loopback, some 503."""

from __future__ import annotations

import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from tests.ats.signing import TEXTS
from tests.storm.deliveries import answers_of

_LEVER = re.compile(r"/v1/opportunities/(\d+)/applications/([^/]+)")
_SMARTRECRUITERS = re.compile(r"/candidates/(\d+)/jobs/([^/]+)/screening-answers")
_FAILS_EACH = 10  # every tenth request


class AtsApis:
    """A context in which they answer at `url`."""

    def __init__(self) -> None:
        self.asked = 0
        self._counting = threading.Lock()
        apis = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                with apis._counting:
                    apis.asked += 1
                    fails = apis.asked % _FAILS_EACH == 0
                found = None if fails else _found(self.path)
                body = json.dumps(found).encode()
                self.send_response(503 if fails else 200 if found is not None else 404)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            def handle_error(self, *_: Any) -> None:
                """Whoever asked was killed."""

        self._server = Server(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})

    @property
    def environment(self) -> dict[str, str]:
        """What has a service ask here."""
        host = f"127.0.0.1:{self._server.server_port}"
        return {
            "EVALUATOR_ATS_HOSTS": host,
            "EVALUATOR_LEVER_API_KEY": "key",
            "EVALUATOR_LEVER_API_URL": f"http://{host}",
            "EVALUATOR_SMARTRECRUITERS_API_KEY": "key",
            "EVALUATOR_SMARTRECRUITERS_API_URL": f"http://{host}",
        }

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def _found(path: str) -> Any:
    if matched := _LEVER.fullmatch(path):
        pairs = _pairs(int(matched[1]))
        fields = [{"type": "textarea", "text": question, "value": text} for question, text in pairs]
        application = {"id": matched[2], "opportunityId": matched[1], "createdAt": 1, "posting": "job-1"}
        return {"data": application | {"customQuestions": [{"type": "posting", "fields": fields}]}}
    if matched := _SMARTRECRUITERS.fullmatch(path):
        records = [
            {"id": question, "label": question, "records": [{"fields": [{"id": "x", "values": [{"label": text}]}]}]}
            for question, text in _pairs(int(matched[1]))
        ]
        return {"answers": records}
    return None


def _pairs(candidate: int) -> list[tuple[str, str]]:
    return [(TEXTS[question], text) for question, text in answers_of(candidate).items()]
