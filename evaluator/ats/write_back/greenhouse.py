"""Greenhouse's Assessment API: it orders a test, is told that it is done, and asks for the result."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qs, urlsplit

from evaluator.ats.ats_api import AtsApi, checked_host
from evaluator.ats.connection import Connection
from evaluator.ats.greenhouse import Greenhouse
from evaluator.ats.payload import first_id, id_at, text_at
from evaluator.ats.write_back.outcome_text import DECIDES, by_question, headline
from evaluator.ats.write_back.write_back import GoneError, Test, Told, UnreadableOrderError
from evaluator.core.assessment import ORDERED, Assessment, AssessmentOrder
from evaluator.core.outcome import Outcome
from evaluator.errors import AtsRefusedError

_APP = "app.greenhouse.io"
_PERSON = re.compile(r"/people/(\d+)")
_WHO = ("first_name", "last_name", "preferred_name", "email", "phone_number")
_DEADLINE = 20.0  # seconds


class GreenhouseAssessments:
    """https://developers.greenhouse.io/assessment.html"""

    source = "greenhouse"
    # A result is fetched once: what a person decides later is behind the link.
    kinds = frozenset({"submission.graded", "submission.needs_review", ORDERED})
    is_ordered = True

    def lacks(self, connection: Connection) -> str | None:
        """The key that Greenhouse calls with is the one that it is told with."""
        return None if connection.assessment_keys else "EVALUATOR_GREENHOUSE_ASSESSMENT_KEYS"

    async def tell(self, connection: Connection, outcome: Outcome, told: Told, ordered: Assessment | None) -> None:
        """PATCH, without a body, at the address that came with the order: Greenhouse then asks for the result.

        Twice is the same as once. An order without an address is found when Greenhouse asks by itself, each hour.
        """
        del outcome, told
        if ordered is None or ordered.answer_to is None:
            return
        key = connection.assessment_keys[0]
        api = AtsApi(
            ordered.answer_to,
            Greenhouse().authorization(key),
            (_APP, *connection.hosts),
            deadline=_DEADLINE,
        )
        async with api:
            if not await api.patch():
                raise GoneError("Greenhouse does not know this test any more")

    def listed(self, tests: Sequence[Test]) -> Any:
        """`list_tests`"""
        return [{"partner_test_id": each.id, "partner_test_name": each.name} for each in tests]

    def order(self, body: Any, connection: Connection) -> AssessmentOrder:
        """`send_test`. Candidate and application are named, or stand in the address of the candidate's page."""
        try:
            page = urlsplit(text_at(body, "candidate", "greenhouse_profile_url"))
        except ValueError:
            raise UnreadableOrderError("candidate.greenhouse_profile_url is no address") from None
        person = _PERSON.search(page.path)
        named = parse_qs(page.query).get("application_id", [None])[0]
        application = first_id(body, ("application", "id")) or named
        candidate = first_id(body, ("candidate", "id")) or (person[1] if person else None)
        test, url = id_at(body, "partner_test_id"), text_at(body, "url") or None
        if test is None:
            raise UnreadableOrderError("partner_test_id is missing")
        if application is None or candidate is None:
            raise UnreadableOrderError("candidate.greenhouse_profile_url has to name the person and the application")
        if url is not None:
            try:
                checked_host(url, (_APP, *connection.hosts))
            except AtsRefusedError as error:
                raise UnreadableOrderError(f"url: {error.message}") from None
        who = {name: text_at(body, "candidate", name) for name in _WHO}
        return AssessmentOrder(url or f"{test} {application}", test, application, candidate, None, url, who)

    def event(self, order: AssessmentOrder) -> bytes:
        """As if the candidate had just come to the stage."""
        application = {"id": order.application, "candidate": {**order.who, "id": order.candidate}}
        return json.dumps({"action": "candidate_stage_change", "payload": {"application": application}}).encode()

    def placed(self, assessment: Assessment) -> Any:
        """The answer to `send_test`."""
        return {"partner_interview_id": assessment.id}

    def status(self, outcome: Outcome | None) -> Mapping[str, Any]:
        """`test_status`: `sent`, and `complete` with the result once everything is graded."""
        if outcome is None:
            return {"partner_status": "sent"}
        ours: dict[str, Any] = {"State": headline(outcome), "Questionnaire": outcome.questionnaire}
        about: dict[str, Any] = {"Note": DECIDES}
        said: dict[str, Any] = {"partner_status": "complete", "partner_profile_url": outcome.review_url}
        if outcome.score is not None:
            said["partner_score"] = round(outcome.score, 1)
            about["Highest score"] = outcome.score_out_of
        # A question may be called as one of our own lines is: neither is to take the other's place.
        taken = ours.keys() | about.keys()
        theirs = {
            f"{name} (question)" if name in taken else name: levels for name, levels in by_question(outcome).items()
        }
        return said | {"metadata": ours | theirs | about}
