"""What is read out of a payload: the event, the candidate, the answers; and JSON that has one meaning only."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluator.ats.delivery import Delivery
from evaluator.ats.event import AtsEvent
from evaluator.ats.sources import SOURCES
from evaluator.ats.strict_json import UnreadableJsonError, read_object
from tests.ats.signing import ANSWERS, TEXTS, Sent, dump, erase_event, ping_event, sign, submit_event

NAMES = sorted(SOURCES)
PUSHED = [name for name in NAMES if name not in ("lever", "smartrecruiters")]


def read(sent: Sent) -> AtsEvent:
    return SOURCES[sent.source].read(Delivery(sent.headers, sent.body, datetime.now(UTC)))


@pytest.mark.parametrize("source", NAMES)
def test_an_application_is_an_event_to_grade(source: str) -> None:
    """With the candidate, and an id that a redelivery has too."""
    event = read(submit_event(source, "42", event_id="event-7"))
    assert (event.purpose, event.candidate) == ("submit", "42")
    if source != "greenhouse":
        assert event.id_is_signed
    assert "event-7" in event.id


@pytest.mark.parametrize("source", PUSHED)
def test_answers_in_a_payload_are_read_word_for_word(source: str) -> None:
    """With the question as the source writes it."""
    found = SOURCES[source].application(read(submit_event(source)))
    assert found is not None
    assert {answer.question: answer.text for answer in found.answers} == {TEXTS[q]: ANSWERS[q] for q in ANSWERS}


@pytest.mark.parametrize("source", ["lever", "smartrecruiters"])
def test_a_payload_without_answers_says_that_they_have_to_be_fetched(source: str) -> None:
    """None, not an application with no answers."""
    assert SOURCES[source].application(read(submit_event(source))) is None


def test_the_documented_payload_of_greenhouse_has_no_answers() -> None:
    """They are fetched then."""
    body = {"action": "new_candidate_application", "payload": {"application": {"id": 1, "candidate": {"id": 2}}}}
    event = read(sign("greenhouse", dump(body)))
    assert (event.application, event.candidate) == ("1", "2")
    assert SOURCES["greenhouse"].application(event) is None


@pytest.mark.parametrize("source", NAMES)
def test_a_deletion_names_whom_to_erase(source: str) -> None:
    """By the id under which the candidate applied."""
    event = read(erase_event(source, "42"))
    assert (event.purpose, event.candidate) == ("erase", "42")


@pytest.mark.parametrize("source", ["greenhouse", "lever", "ashby", "standard"])
def test_a_test_event_asks_for_nothing(source: str) -> None:
    """It is answered and not kept."""
    assert read(ping_event(source)).purpose == "test"


def test_an_event_of_another_kind_asks_for_nothing() -> None:
    """A hire, an offer, whatever a source may think of."""
    body = {"action": "candidate_hired", "payload": {"application": {"candidate": {"id": 1}}}}
    assert read(sign("greenhouse", dump(body))).purpose == "other"


def test_a_merge_names_who_remains() -> None:
    """Whoever is deleted later under the remaining id is deleted under both."""
    data = {"candidate": {"id": "stays"}, "mergedCandidate": {"id": "goes"}}
    event = read(sign("ashby", dump({"action": "candidateMerge", "webhookActionId": "m", "data": data})))
    assert (event.purpose, event.candidate, event.survivor) == ("merge", "goes", "stays")


def test_two_events_of_one_action_are_two() -> None:
    """Ashby gives both the same webhookActionId."""
    bodies = [{"action": action, "webhookActionId": "w", "data": {}} for action in ("surveySubmit", "candidateDelete")]
    assert len({read(sign("ashby", dump(body))).id for body in bodies}) == 2


@pytest.mark.parametrize("source", NAMES)
@given(payload=st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(["payload", "data", "application", "candidate", "id", "answers", "question", "answer", "action",
                         "event_type", "type", "event", "token", "surveySubmission", "submittedValues", "fields"]),
        inner, max_size=4),
    max_leaves=20,
).filter(lambda value: isinstance(value, dict)))  # fmt: skip
def test_no_payload_whatever_its_shape_crashes_a_reader(source: str, payload: object) -> None:
    """It is an event with less in it."""
    event = read(sign(source, dump(payload)))
    SOURCES[source].application(event)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b"[]", "not a JSON object"),
        (b'"x"', "not a JSON object"),
        (b'{"a": 1, "a": 2}', "twice"),
        (b'{"a": {"b": 1, "b": 1}}', "twice"),
        (b'{"a": NaN}', "NaN"),
        (b'{"a": [1, -1e999]}', "too large"),
        (b'{"a": -Infinity}', "Infinity"),
        (b'{"a": "\xff"}', "UTF-8"),
        ('{"a": 1}'.encode("utf-16"), "UTF-8"),
        (b'{"a": ' + b"[" * 150 + b"]" * 150 + b"}", "deep"),
        (b'{"a": ' + b"[" * 200_000 + b"]" * 200_000 + b"}", "deep"),
        (b'{"a": ' + b"9" * 5000 + b"}", "not JSON"),
    ],
)
def test_json_with_no_meaning_or_two_is_not_read(body: bytes, said: str) -> None:
    """And the message holds nothing of it."""
    with pytest.raises(UnreadableJsonError, match=said):
        read_object(body)
