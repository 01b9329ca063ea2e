"""The APIs of Lever and SmartRecruiters, for events without answers: real requests, on loopback, some 503."""

from __future__ import annotations

import re
import threading
from typing import Any

from tests.ats.signing import TEXTS
from tests.loopback import LoopbackHandler, LoopbackServer
from tests.storm.deliveries import answers_of

_LEVER = re.compile(r"/v1/opportunities/(\d+)/applications/([^/]+)")
_SMARTRECRUITERS = re.compile(r"/candidates/(\d+)/jobs/([^/]+)/screening-answers")
_FAILS_EACH = 10  # every tenth request


class AtsApis(LoopbackServer):
    """A context in which they answer."""

    def __init__(self) -> None:
        super().__init__(_Apis)
        self._asked = 0
        self._counting = threading.Lock()

    def fails_now(self) -> bool:
        """Whether it is the turn of a request to fail."""
        with self._counting:
            self._asked += 1
            return self._asked % _FAILS_EACH == 0

    @property
    def environment(self) -> dict[str, str]:
        """What has a service ask here."""
        return {
            "EVALUATOR_ATS_HOSTS": self.host,
            "EVALUATOR_LEVER_API_KEY": "key",
            "EVALUATOR_LEVER_API_URL": f"http://{self.host}",
            "EVALUATOR_SMARTRECRUITERS_API_KEY": "key",
            "EVALUATOR_SMARTRECRUITERS_API_URL": f"http://{self.host}",
        }


class _Apis(LoopbackHandler):
    server: AtsApis

    def do_GET(self) -> None:
        fails = self.server.fails_now()
        found = None if fails else _found(self.path)
        self.answer(503 if fails else 200 if found is not None else 404, found)


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
