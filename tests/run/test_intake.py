"""From a delivery to a submission, through the doors, the inbox and the API of the source; on both databases."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from evaluator.ats.connection import Connections
from evaluator.ats.delivery import Delivery
from evaluator.ats.sources import SOURCES
from evaluator.core.submission import Submission
from evaluator.errors import AtsUnavailableError
from evaluator.run.doors import Answered, Doors
from evaluator.run.intake import Intake, Settled
from evaluator.settings import AtsAccess, AtsSettings
from evaluator.store.store import Store
from evaluator.wiring_service import find_questionnaire, make_connections
from tests.ats.ats_server import Answer, AtsServer, ats_server
from tests.ats.signing import ANSWERS, SECRETS, TEXTS, Sent, dump, erase_event, ping_event, sign, submit_event
from tests.store.conftest import address, postgresql, store  # noqa: F401  fixtures

NAMES = sorted(SOURCES)
FETCHED = ["lever", "smartrecruiters"]


@pytest.fixture
def server() -> Iterator[AtsServer]:
    with ats_server() as running:
        yield running


@pytest.fixture
def connections(server: AtsServer) -> Connections:
    """Every source, with a secret, a key, and the one server for an API."""
    access = {("default", name): AtsAccess((SECRETS[name],), "key", server.url) for name in NAMES}
    return make_connections(AtsSettings(access, None, (server.host,), None), find_questionnaire())


class Service:
    """Doors and intake over one store."""

    def __init__(self, store: Store, connections: Connections) -> None:  # noqa: F811
        self.store = store
        self.rung: list[str] = []
        self.doors = Doors(connections, store.inbox, self.rung.append)
        self.intake = Intake(
            store.inbox, connections, find_questionnaire(), store.erase_candidate, store.erasure.erased_at
        )

    def ring(self, sent: Sent, tenant: str = "default") -> Answered:
        delivery = Delivery(sent.headers, sent.body, datetime.now(UTC))
        return asyncio.run(self.doors.answer(tenant, sent.source, delivery))

    def settle(self, event_id: str | None) -> Settled:
        assert event_id is not None
        return asyncio.run(self.intake.settle(event_id))

    def take(self, sent: Sent) -> Settled:
        return self.settle(self.ring(sent).event_id)

    def submission(self, settled: Settled) -> Submission:
        assert settled.submission_id is not None, settled
        found = self.store.submissions.find(settled.submission_id)
        assert found is not None
        return found

    def texts(self, settled: Settled) -> dict[str, str]:
        return {each.question_id: each.text for each in self.store.submissions.answers(self.submission(settled))}


@pytest.fixture
def service(store: Store, connections: Connections) -> Service:  # noqa: F811
    return Service(store, connections)


@pytest.mark.parametrize("source", NAMES)
def test_an_application_becomes_a_submission_with_its_answers(service: Service, source: str) -> None:
    """Pushed or fetched, word for word; the door answers as the source wants it, and rings once."""
    answered = service.ring(submit_event(source))
    assert (answered.status, answered.outcome) == (202 if source == "smartrecruiters" else 200, "received")
    assert service.rung == [answered.event_id]
    settled = service.settle(answered.event_id)
    assert settled.state == "mapped"
    assert service.texts(settled) == ANSWERS
    submission = service.submission(settled)
    assert submission.candidate_id == ("42" if source == "standard" else f"{source}:42")
    assert submission.lane == "webhook"
    again = service.settle(answered.event_id)
    assert (again.state, again.submission_id) == ("mapped", settled.submission_id)


@pytest.mark.parametrize("source", NAMES)
def test_a_redelivery_is_answered_the_same_and_makes_nothing(service: Service, source: str) -> None:
    """By its id, and where that is another, by its content."""
    sent = submit_event(source)
    first = service.ring(sent)
    again = service.ring(sent)
    assert (again.status, again.outcome, again.event_id) == (first.status, "duplicate", first.event_id)
    if source == "greenhouse":
        assert service.ring(sent.with_header("greenhouse-event-id", "replayed")).outcome == "duplicate"
    assert service.rung == [first.event_id]


def test_two_events_about_the_same_answers_are_one_submission(service: Service) -> None:
    """An application is created, and then moved: Greenhouse tells of both."""
    first = service.take(submit_event("smartrecruiters", event_id="e1"))
    second = service.take(submit_event("smartrecruiters", event_id="e2"))
    assert first.submission_id == second.submission_id
    assert len(service.store.submissions.waiting()) == 1


def test_changed_answers_are_another_submission(service: Service) -> None:
    """The first one stays as it was graded."""
    first = service.take(submit_event("workable", event_id="e1"))
    changed = service.take(submit_event("workable", event_id="e2", answers={**ANSWERS, "fraud_framing": "Else."}))
    assert first.submission_id != changed.submission_id
    assert service.texts(changed)["fraud_framing"] == "Else."


@pytest.mark.parametrize("source", ["greenhouse", "lever", "ashby", "standard"])
def test_a_test_event_is_answered_and_not_kept(service: Service, source: str) -> None:
    """Also where nothing else works yet."""
    answered = service.ring(ping_event(source))
    assert (answered.status, answered.outcome, answered.event_id) == (200, "test", None)
    assert service.store.inbox.counts() == {}


def test_what_is_not_genuine_is_not_kept(service: Service) -> None:
    """Nor told anything but that."""
    for source in NAMES:
        forged = submit_event(source, secret="whsec_Zm9yZ2Vk" if source == "standard" else "forged")
        answered = service.ring(forged)
        assert (answered.status, answered.reason) == (401, "signature_wrong")
        assert service.ring(submit_event(source), "acme").status == 404
    assert service.store.inbox.counts() == {}
    assert service.rung == []


def test_a_genuine_body_that_cannot_be_read_is_kept_for_a_person(service: Service) -> None:
    """It is answered: delivered again it would be no better, and a source switches off what refuses."""
    for body in (b"{not json", b'{"action": "x", "action": "y"}', b"\xff"):
        answered = service.ring(sign("ashby", body))
        assert (answered.status, answered.outcome) == (200, "quarantined")
    held = service.store.inbox.in_state("quarantined")
    assert [event.reason for event in held] == ["unreadable"] * 3
    assert held[0].body == b"{not json"


def test_what_cannot_be_mapped_waits_and_is_mapped_when_the_map_knows_it(
    service: Service, server: AtsServer, tmp_path: Any
) -> None:
    """Held back with the question's text; a corrected map and a replay, and it is graded like any other."""
    settled = service.take(submit_event("workable", questions={**TEXTS, "fraud_framing": "Wie erkennen Sie Betrug?"}))
    assert settled.state == "quarantined"
    (held,) = service.store.inbox.in_state("quarantined")
    assert (held.reason, held.detail) == ("unmapped_questions", ("Wie erkennen Sie Betrug?",))
    (tmp_path / "workable.yaml").write_text(
        "source: workable\nquestionnaire: ml_engineer_screen\n"
        "questions:\n  Wie erkennen Sie Betrug: fraud_framing\n  degradation: degradation\n",
        encoding="utf-8",
    )
    access = {("default", "workable"): AtsAccess((SECRETS["workable"],))}
    mapped = make_connections(AtsSettings(access, tmp_path, (), None), find_questionnaire())
    service.intake = Intake(service.store.inbox, mapped, find_questionnaire(), lambda _: {}, lambda _: None)
    assert service.store.inbox.replay([held.id]) == 1
    settled = service.settle(held.id)
    assert service.texts(settled) == {"degradation": "", **ANSWERS}


def test_an_ats_that_is_down_keeps_the_event_waiting(service: Service, server: AtsServer) -> None:
    """The worker tries again later; given up, it can be replayed."""
    event_id = service.ring(submit_event("lever")).event_id
    assert event_id is not None
    server.first += [Answer(503, headers={"retry-after": "60"})]
    with pytest.raises(AtsUnavailableError):
        service.settle(event_id)
    assert service.store.inbox.waiting() == [event_id]
    service.intake.give_up(event_id, "unavailable")
    assert [event.reason for event in service.store.inbox.in_state("quarantined")] == ["unavailable"]
    service.store.inbox.replay([event_id])
    assert service.settle(event_id).state == "mapped"


@pytest.mark.parametrize(
    ("answer", "reason"),
    [(Answer(404), "not_found_at_source"), (Answer(403), "refused_by_source"), (Answer(302), "refused_by_source")],
)
def test_what_the_source_does_not_give_is_held_back(
    service: Service, server: AtsServer, answer: Answer, reason: str
) -> None:
    """A key without rights looks to Lever as if there were nothing."""
    server.first.append(answer)
    settled = service.take(submit_event("lever"))
    assert (settled.state, settled.reason) == ("quarantined", reason)


def test_a_job_that_no_map_is_for_is_left_alone(service: Service, tmp_path: Any) -> None:
    """It is not graded, and not in the quarantine."""
    (tmp_path / "greenhouse.yaml").write_text(
        "source: greenhouse\nquestionnaire: ml_engineer_screen\njobs: [1]\n", encoding="utf-8"
    )
    access = {("default", "greenhouse"): AtsAccess((SECRETS["greenhouse"],))}
    mapped = make_connections(AtsSettings(access, tmp_path, (), None), find_questionnaire())
    service.intake = Intake(service.store.inbox, mapped, find_questionnaire(), lambda _: {}, lambda _: None)
    settled = service.take(submit_event("greenhouse"))
    assert (settled.state, settled.reason) == ("ignored", "job_not_connected")


@pytest.mark.parametrize("source", NAMES)
def test_a_deleted_candidate_is_erased(service: Service, source: str) -> None:
    """The answers, the event's body, and an event that had not been taken up yet; what rang is still known."""
    sent = submit_event(source, event_id="e1")
    first = service.take(sent)
    waits = service.ring(submit_event(source, event_id="e2", answers={"fraud_framing": "Another."}))
    settled = service.take(erase_event(source))
    assert settled.state == "erased"
    submission = service.submission(first)
    assert (submission.state, submission.candidate_id, dict(submission.context)) == ("erased", "", {})
    assert service.store.submissions.answers(submission) == []
    assert service.settle(waits.event_id).state == "erased"
    assert {state for _, state in service.store.inbox.counts()} == {"erased"}
    assert service.ring(sent).outcome == "duplicate"


def test_lever_has_to_confirm_a_deletion(service: Service, server: AtsServer) -> None:
    """Its signature does not cover whom it is about: anybody who saw one delivery could name somebody else."""
    first = service.take(submit_event("lever"))
    server.pages["GET /v1/opportunities/42"] = Answer(body={"data": {"id": "42"}})
    settled = service.take(erase_event("lever"))
    assert (settled.state, settled.reason) == ("quarantined", "erasure_not_confirmed")
    assert service.submission(first).state == "received"


def test_a_merged_candidate_is_erased_with_the_one_who_remains(service: Service) -> None:
    """The source deletes the remaining id; what came under the other is the same person's."""
    first = service.take(submit_event("ashby", "goes"))
    data = {"candidate": {"id": "stays"}, "mergedCandidate": {"id": "goes"}}
    merge = sign("ashby", dump({"action": "candidateMerge", "webhookActionId": "m", "data": data}))
    assert service.take(merge).state == "done"
    service.take(erase_event("ashby", "stays"))
    assert service.submission(first).state == "erased"


@pytest.mark.parametrize("source", ["greenhouse", "workable", "standard"])
def test_an_event_that_a_deletion_overtook_is_forgotten(service: Service, source: str) -> None:
    """It tells of what happened before; one of after it is a new application."""
    service.take(erase_event(source))
    late = service.take(submit_event(source, event_id="late", happened="2026-01-01T00:00:00Z"))
    assert late.state == "erased"
    assert service.store.submissions.waiting() == []
    new = service.take(submit_event(source, event_id="new", happened="2999-01-01T00:00:00Z"))
    assert new.state == "mapped"


def test_a_merge_that_does_not_say_of_whom_waits_for_a_person(service: Service) -> None:
    """Otherwise the deletion of one would leave the other."""
    body = {"action": "candidateMerge", "webhookActionId": "m", "data": {"candidate": {"id": "stays"}}}
    settled = service.take(sign("ashby", dump(body)))
    assert (settled.state, settled.reason) == ("quarantined", "merge_unclear")
