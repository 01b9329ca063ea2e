"""The desk for applicant tracking systems that order assessments here: what there is, orders taken, how they stand."""

from __future__ import annotations

import hmac
import logging
from collections.abc import Callable, Mapping
from typing import Any

from evaluator.ats.connection import Connection, Connections
from evaluator.ats.write_back.ashby import AshbyAssessments
from evaluator.ats.write_back.greenhouse import GreenhouseAssessments
from evaluator.ats.write_back.write_back import Partner, Test, UnreadableOrderError
from evaluator.core.assessment import ORDERED, Assessment
from evaluator.core.inbox_event import NewEvent
from evaluator.core.outcome import Outcome
from evaluator.core.questionnaire import Questionnaire
from evaluator.core.tenant import stored_candidate
from evaluator.run.outcome_reading import read_outcome
from evaluator.store.store import Store

PARTNERS: Mapping[str, Partner] = {each.source: each for each in (GreenhouseAssessments(), AshbyAssessments())}

_LOG = logging.getLogger("evaluator.assessments")


class AssessmentDesk:
    """All assessments of a service. It waits for the store, and for nothing else."""

    def __init__(
        self,
        connections: Connections,
        questionnaire: Callable[[str], Questionnaire],
        store: Store,
        public_url: str | None,
        rung: Callable[[str], None] = lambda _: None,
    ) -> None:
        """`rung` is told the id of an event that waits, after it is kept; it may do nothing, and must be quick."""
        self._connections = connections
        self._questionnaire = questionnaire
        self._store = store
        self._public_url = public_url
        self._rung = rung

    def connection(self, tenant: str, source: str, key: str) -> Connection | None:
        """The connection that this key opens; None where it opens none. It takes as long for a wrong key as for a right
        one.
        """
        found = self._connections.get((tenant, source))
        keys = () if found is None or source not in PARTNERS else found.assessment_keys
        given = key.encode("utf-8", "replace")
        matching = sum(hmac.compare_digest(given, each.encode()) for each in keys)
        return found if matching else None

    def tests(self, connection: Connection) -> Any:
        """What can be ordered, as the source is told: the questionnaires that its questions are mapped to."""
        return PARTNERS[connection.source.name].listed([*self._tests(connection).values()])

    def order(self, connection: Connection, body: Any) -> Any:
        """Takes an order, once however often it is made; the answer to it. Raises UnreadableOrderError."""
        source, tenant = connection.source.name, connection.tenant
        partner = PARTNERS[source]
        order = partner.order(body, connection)
        if order.test not in self._tests(connection):
            raise UnknownTestError(f"there is no assessment {order.test[:100]!r}")
        try:
            candidate = stored_candidate(tenant, connection.candidate(order.candidate))
        except ValueError as error:
            raise UnreadableOrderError(str(error)) from None
        event = NewEvent(tenant, source, "", True, "", ORDERED, "submit", partner.event(order), candidate_id=candidate)
        assessment, event_id = self._store.assessments.place(order, event)
        if event_id is not None:
            self._rung(event_id)
        _LOG.info("assessment: %s %s", source, assessment.id)
        return partner.placed(assessment)

    def standing(self, connection: Connection, assessment_id: str) -> tuple[Assessment, Outcome | None] | None:
        """An order, and its outcome where that is there: of the test that was ordered, whatever else the application
        answered. None where there is no such order.
        """
        source, tenant = connection.source.name, connection.tenant
        assessment = self._store.assessments.find(tenant, source, assessment_id)
        if assessment is None:
            return None
        found = self._store.submissions.of_application(tenant, source, assessment.application_id)
        ordered = [each for each in reversed(found) if each.questionnaire == assessment.test]
        outcomes = (read_outcome(each, self._store, self._public_url or "") for each in ordered)
        return assessment, next((each for each in outcomes if each is not None), None)

    def cancel(self, connection: Connection, assessment_id: str) -> Any:
        """Ends an order; the answer to that, None where there is no such order."""
        source = connection.source.name
        found = self._store.assessments.cancel(connection.tenant, source, assessment_id)
        return None if found is None else PARTNERS[source].placed(found)

    def complaint(self, connection: Connection, call: str) -> None:
        """The source could not read an answer of ours. What it says may name a candidate: only the call is logged."""
        _LOG.warning("assessment: %s could not read the answer to %s", connection.source.name, call[:40])

    def _tests(self, connection: Connection) -> Mapping[str, Test]:
        names = dict.fromkeys(each.questionnaire for each in connection.maps)
        return {name: Test(name, self._questionnaire(name).title) for name in names}


class UnknownTestError(UnreadableOrderError):
    """An order of an assessment that is not there."""
