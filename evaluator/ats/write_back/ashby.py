"""Ashby's assessments: it starts one, and is told how it goes by `assessment.update`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from evaluator.ats.connection import Connection
from evaluator.ats.payload import id_at, value_at
from evaluator.ats.write_back.outcome_text import DECIDES, by_question, headline, score_text
from evaluator.ats.write_back.write_back import GoneError, Test, Told, UnreadableOrderError
from evaluator.core.assessment import ORDERED, Assessment, AssessmentOrder
from evaluator.core.outcome import Outcome
from evaluator.errors import AtsRefusedError


class AshbyAssessments:
    """https://developers.ashbyhq.com/docs/creating-an-assessments-integration"""

    source = "ashby"
    kinds = frozenset({"submission.graded", "submission.needs_review", "review.decided", ORDERED})
    is_ordered = True

    def lacks(self, connection: Connection) -> str | None:
        """Ashby calls with a key of ours, and is called with one of its own."""
        if not connection.assessment_keys:
            return "EVALUATOR_ASHBY_ASSESSMENT_KEYS"
        return None if connection.api_key else "EVALUATOR_ASHBY_API_KEY"

    async def tell(self, connection: Connection, outcome: Outcome, told: Told, ordered: Assessment | None) -> None:
        """The whole outcome under the assessment's id: told twice, or a later one told first, it says the same."""
        if ordered is None:
            return
        api = connection.api()
        if api is None:
            raise AtsRefusedError("Ashby cannot be told.", hint="Set EVALUATOR_ASHBY_API_KEY.")
        async with api:
            answer = await api.post("assessment.update", body=_update(outcome, told, ordered))
        if answer is None:
            raise GoneError("Ashby does not know this assessment any more")
        if value_at(answer, "success") is not True:
            raise AtsRefusedError("Ashby does not take the result.", hint="The API key has to have candidatesWrite.")

    def listed(self, tests: Sequence[Test]) -> Any:
        """`assessment.list`"""
        return {
            "success": True,
            "results": [{"assessment_type_id": each.id, "name": each.name, "description": each.name} for each in tests],
        }

    def order(self, body: Any, connection: Connection) -> AssessmentOrder:
        """`assessment.start`"""
        del connection
        test, application = id_at(body, "assessment_type_id"), id_at(body, "application", "ashby_id")
        candidate = id_at(body, "candidate", "ashby_id")
        for name, found in (
            ("assessment_type_id", test), ("application.ashby_id", application), ("candidate.ashby_id", candidate)
        ):  # fmt: skip
            if found is None:
                raise UnreadableOrderError(f"{name} is missing")
        return AssessmentOrder(
            f"{test} {application}", test or "", application or "", candidate or "", id_at(body, "job", "ashby_id")
        )

    def event(self, order: AssessmentOrder) -> bytes:
        """As if the candidate had just applied."""
        application: dict[str, Any] = {"id": order.application, "candidate": {"id": order.candidate}}
        if order.job is not None:
            application["job"] = {"id": order.job}
        return json.dumps({"action": "applicationSubmit", "data": {"application": application}}).encode()

    def placed(self, assessment: Assessment) -> Any:
        """The answer to `assessment.start`, and to `assessment.cancel`."""
        return {"success": True, "results": {"assessment_id": assessment.id}}


def _update(outcome: Outcome, told: Told, ordered: Assessment) -> dict[str, Any]:
    result = (
        _value("score", "Score", "numeric_score", round(outcome.score, 1))
        if outcome.score is not None
        else _value("result", "Result", "string", score_text(outcome))
    )
    about = [
        _value("scale", "Highest score", "numeric_score", outcome.score_out_of),
        _value("questionnaire", "Questionnaire", "string", outcome.questionnaire),
    ]
    questions = [
        _value(f"question_{number}", title, "string", said)
        for number, (title, said) in enumerate(by_question(outcome).items(), start=1)
    ]
    return {
        "assessment_id": ordered.id,
        "timestamp": int(told.at.timestamp() * 1000),
        "assessment_status": _value("status", "Status", "string", headline(outcome)),
        "assessment_profile_url": _value("review", "Review the answers", "url", outcome.review_url),
        "assessment_result": result,
        "metadata": [*about, *questions, _value("note", "Note", "string", DECIDES)],
    }


def _value(identifier: str, label: str, kind: str, value: str | float) -> dict[str, Any]:
    return {"identifier": identifier, "label": label, "type": kind, "value": value, "description": label}
