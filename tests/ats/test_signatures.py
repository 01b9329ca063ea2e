"""What each source signs is let in; one byte, another secret or an old time is not."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from evaluator.ats.delivery import Delivery
from evaluator.ats.sources import SOURCES
from tests.ats.signing import SECRETS, Sent, erase_event, lever_body, ping_event, sign, submit_event

NAMES = sorted(SOURCES)
TIMED = {"lever": timedelta(hours=24), "smartrecruiters": timedelta(hours=24), "standard": timedelta(minutes=5)}
SIGNATURE = {
    "greenhouse": "signature",
    "ashby": "ashby-signature",
    "workable": "x-workable-signature",
    "smartrecruiters": "smartrecruiters-signature",
    "standard": "webhook-signature",
}


def check(sent: Sent, *secrets: str, at: datetime | None = None) -> str | None:
    source = SOURCES[sent.source]
    delivery = Delivery(sent.headers, sent.body, at or datetime.now(UTC))
    return source.check(delivery, secrets or (SECRETS[sent.source],))


@pytest.mark.parametrize("source", NAMES)
def test_what_the_source_signs_is_genuine(source: str) -> None:
    """Applications, deletions and, where there are any, test events."""
    assert check(submit_event(source)) is None
    assert check(erase_event(source)) is None
    if source not in ("workable", "smartrecruiters"):
        assert check(ping_event(source)) is None


def test_the_example_in_the_documentation_of_smartrecruiters_is_genuine() -> None:
    """The published key, headers, body and signature."""
    headers = {
        "smartrecruiters-signature": "v1=2e9291f10d44ca10204a4cd81b05d73b6a316b2b605d4e2e0e0b37b40198ce1f",
        "smartrecruiters-timestamp": "1574080897",
        "event-id": "123",
        "link": "<http://smartrecruiters.com/endpoint>; rel=self",
        "event-name": "application.created",
        "event-version": "v201910",
    }
    sent = Sent("smartrecruiters", headers, b'{"job_id":"jid","candidate_id":"cid"}')
    at = datetime.fromtimestamp(1574080897, UTC)
    assert check(sent, at=at) is None
    for name in ("event-id", "event-name", "event-version", "link"):
        assert check(sent.with_header(name, "another"), at=at) == "signature_wrong", name


@pytest.mark.parametrize("source", [name for name in NAMES if name != "lever"])
def test_one_changed_byte_is_noticed(source: str) -> None:
    """Any of the body's bytes, an added one, and one taken away."""
    sent = submit_event(source)
    for place in range(0, len(sent.body), 7):
        changed = bytearray(sent.body)
        changed[place] ^= 1
        assert check(replace(sent, body=bytes(changed))) == "signature_wrong", place
    assert check(replace(sent, body=sent.body + b" ")) == "signature_wrong"
    assert check(replace(sent, body=sent.body[:-1])) == "signature_wrong"


def test_greenhouse_signs_its_escapes() -> None:
    """A body that was read and written again holds the same, and is another."""
    sent = submit_event("greenhouse")
    assert b"\\u003c" in sent.body
    assert check(replace(sent, body=sent.body.replace(b"\\u003c", b"<"))) == "signature_wrong"


def test_lever_signs_token_and_time_only() -> None:
    """Either one changed is noticed; that the data are not covered is why they are fetched."""
    sent = submit_event("lever")
    assert check(replace(sent, body=sent.body.replace(b"event-1", b"event-2"))) == "signature_wrong"
    assert check(replace(sent, body=sent.body.replace(b'"triggeredAt": 1', b'"triggeredAt": 2'))) == "signature_wrong"
    assert check(replace(sent, body=sent.body.replace(b"app-42", b"app-43"))) is None


@pytest.mark.parametrize("source", NAMES)
def test_another_secret_is_refused_and_each_of_two_live_ones_is_taken(source: str) -> None:
    """So that a secret can be changed while deliveries arrive."""
    other = "whsec_YW5vdGhlciBzZWNyZXQgb2YgdGhlIHNlbmRlcg==" if source == "standard" else "another"
    sent = submit_event(source)
    assert check(sent, other) == "signature_wrong"
    assert check(sent, other, SECRETS[source]) is None
    assert check(submit_event(source, secret=other), other, SECRETS[source]) is None


@pytest.mark.parametrize("source", sorted(SIGNATURE))
@pytest.mark.parametrize("signature", ["", "sha256", "sha256 ", "sha256=", "md5 00", "v1,", "v1=", "é" * 64, "\x00"])
def test_a_signature_that_is_none_is_refused(source: str, signature: str) -> None:
    """Missing, empty, of another kind, not even ASCII."""
    sent = submit_event(source)
    assert check(sent.without_header(SIGNATURE[source])) == "signature_missing"
    assert check(sent.with_header(SIGNATURE[source], signature)) in ("signature_missing", "signature_wrong")


@pytest.mark.parametrize("source", sorted(TIMED))
def test_an_old_delivery_is_refused(source: str) -> None:
    """Within the window it is taken, beyond it not, whether it is early or late."""
    now = datetime.now(UTC)
    for direction in (1, -1):
        inside, outside = (now - direction * (TIMED[source] + timedelta(seconds=s)) for s in (-5, 5))
        assert check(submit_event(source, at=inside), at=now) is None
        assert check(submit_event(source, at=outside), at=now) == "too_old"


@pytest.mark.parametrize("source", ["smartrecruiters", "standard"])
@pytest.mark.parametrize("written", ["", "soon", "1e9", "-5", "９" * 10, "9" * 400])
def test_a_time_that_is_none_is_refused(source: str, written: str) -> None:
    """It cannot crash what reads it, either."""
    header = "webhook-timestamp" if source == "standard" else "smartrecruiters-timestamp"
    assert check(submit_event(source).with_header(header, written)) == "signature_wrong"


def test_a_handshake_is_answered_only_where_nothing_is_signed() -> None:
    """SmartRecruiters wants its secret back, in a request without a signature; nothing odd is sent back."""
    source = SOURCES["smartrecruiters"]
    reply = source.handshake(Delivery({"x-hook-secret": "4jn8fs9011jj8"}, b"", datetime.now(UTC)))
    assert reply is not None
    assert (reply.status, reply.headers) == (200, {"X-Hook-Secret": "4jn8fs9011jj8"})
    for odd in ("", "a b", "a\r\nSet-Cookie: x", "x" * 300):
        assert source.handshake(Delivery({"x-hook-secret": odd}, b"", datetime.now(UTC))) is None
    signed = submit_event("smartrecruiters").with_header("x-hook-secret", "x")
    assert source.handshake(Delivery(signed.headers, signed.body, datetime.now(UTC))) is None


def test_a_signed_body_that_is_no_json_is_genuine_all_the_same() -> None:
    """Whether it can be read is another question, asked later; only Lever has to read it to know."""
    for name in NAMES:
        expected = "unreadable" if name == "lever" else None
        assert check(sign(name, b"{not json")) == expected


def test_a_lever_delivery_cannot_be_cut_elsewhere_to_come_in_twice() -> None:
    """Token and time are signed as one string: zeros that move from the one to the other make no new event."""
    body = lever_body("candidateDeleted", {"opportunityId": "42"}, token="t" * 48 + "00")
    assert check(sign("lever", body)) is None
    said = json.loads(body)
    for zeros in (1, 2):
        moved = {"token": said["token"][:-zeros], "triggeredAt": "0" * zeros + str(said["triggeredAt"])}
        assert check(sign("lever", json.dumps({**said, **moved}).encode())) == "signature_wrong"
