"""What applicant tracking systems deliver in a storm: true events once or often, in any order, and forgeries."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from tests.ats.signing import ANSWERS, SECRETS, Sent, hex_hmac, submit_event

SOURCES = tuple(SECRETS)
# Its events are known by content: under another id one is the same event, for the others the same submission.
_KNOWN_BY_CONTENT = frozenset({"greenhouse"})
_WRONG = "whsec_d3Jvbmcgc2VjcmV0IG9mIGEgZm9yZ2Vy"
_FIRST_CANDIDATE, _FIRST_FORGED = 100_000, 900_000
_TIMED = frozenset({"lever", "smartrecruiters", "standard"})
_SIGNATURE = {
    "greenhouse": "signature",
    "ashby": "ashby-signature",
    "workable": "x-workable-signature",
    "smartrecruiters": "smartrecruiters-signature",
    "standard": "webhook-signature",
}

Forgery = Literal["wrong secret", "another source's secret", "changed", "unsigned", "stolen signature", "old"]
_FORGERIES: tuple[Forgery, ...] = (
    "wrong secret", "another source's secret", "changed", "unsigned", "stolen signature", "old",
)  # fmt: skip


def candidate_name(source: str, number: int) -> str:
    """The store's id of a candidate."""
    return str(number) if source == "standard" else f"{source}:{number}"


_WORDS = (
    "account age alert autumn balance bank batch border bureau calendar card cargo cart cash chain city claim "
    "clock cohort column count country courier customer daily delay desk device drift early event farm feature "
    "field file flood fraud freight frozen gateway harbour hour house island join kiosk late later ledger lender "
    "loan log loss market merchant mile minute month morning night noon orchard parcel payment pipeline port "
    "postcode price queue rain refund region river road route salary sample season service share shop signal "
    "since source split spring stable station store street summer tariff tax till train tram until valley vendor "
    "village voucher warehouse week weight window winter"
).split()


def answers_of(number: int) -> dict[str, str]:
    """A candidate's answers; none is like another's, most of its words being its own, and the mock endpoint finds the
    mark in each.
    """
    draw = random.Random(number)
    return {
        question: f"A{2 * number + place:07d} {text} {' '.join(draw.choices(_WORDS, k=45))}."
        for place, (question, text) in enumerate(ANSWERS.items())
    }


@dataclass(frozen=True)
class Delivery:
    """One delivery: an event of a source, under an id, true or forged."""

    source: str
    candidate: int
    event_id: str
    forgery: Forgery | None = None

    def sent(self, now: datetime, first_at: datetime) -> Sent:
        """The request, as the source would send it now; the event was first sent at `first_at`."""
        if self.forgery is not None:
            return self._forged(self.forgery, now, first_at)
        # Lever's time is in the body, which is the same every time.
        return self._signed(first_at if self.source == "lever" else now)

    def _signed(self, at: datetime, *, secret: str | None = None, spoilt: str = "") -> Sent:
        answers = {question: text + spoilt for question, text in answers_of(self.candidate).items()}
        return submit_event(
            self.source, str(self.candidate), event_id=self.event_id, answers=answers, at=at, secret=secret
        )

    def _forged(self, forgery: Forgery, now: datetime, first_at: datetime) -> Sent:
        spoilt = " It was not the candidate who wrote this."
        if forgery == "wrong secret":
            return self._signed(now, secret=_WRONG, spoilt=spoilt)
        if forgery == "another source's secret":
            others = [secret for source, secret in SECRETS.items() if source != self.source]
            return self._signed(now, secret=_WRONG if self.source == "standard" else others[0], spoilt=spoilt)
        if forgery == "old":
            return self._signed(first_at - timedelta(days=2), spoilt=spoilt)
        true, other = self._signed(now), replace(self, candidate=self.candidate + 1)._signed(now)
        if self.source == "lever":
            return _lever_forged(true, forgery)
        name = _SIGNATURE[self.source]
        if forgery == "unsigned":
            return true.without_header(name)
        if forgery == "stolen signature":
            return true.with_header(name, other.headers[name])
        return replace(true, body=true.body.replace(str(self.candidate).encode(), str(self.candidate + 1).encode()))


def _lever_forged(true: Sent, forgery: Forgery) -> Sent:
    """Lever signs inside the body, and only token and time."""
    said = json.loads(true.body)
    if forgery == "changed":
        said["token"] = said["token"][::-1]
    else:
        said["signature"] = "" if forgery == "unsigned" else hex_hmac(SECRETS["lever"], b"another token")
    return replace(true, body=json.dumps(said).encode())


@dataclass(frozen=True)
class Plan:
    """All deliveries in the order in which they are first sent, and what has to come of them."""

    deliveries: Sequence[Delivery]
    candidates: frozenset[str]
    events: int
    """Events that are to be kept: a few sources put the event's id into what is signed."""
    forged: int
    repeated: int


def planned(seed: int, *, events: int, deliveries: int, forged_share: float = 0.05) -> Plan:
    """So many deliveries of so many events, in any order; some come again, under their own id or another one."""
    draw = random.Random(seed)
    forged = round(deliveries * forged_share)
    true = [
        Delivery(SOURCES[number % len(SOURCES)], _FIRST_CANDIDATE + number, f"event-{number}")
        for number in range(events)
    ]
    again = [draw.choice(true) for _ in range(deliveries - forged - events)]
    again = [
        replace(each, event_id=f"{each.event_id}-as-{draw.randrange(3)}") if draw.random() < 0.5 else each
        for each in again
    ]
    forgeries = []
    for number in range(forged):
        # Half of them of candidates who are there: with other answers, they would be another submission.
        like = draw.choice(true) if number % 2 else replace(draw.choice(true), candidate=_FIRST_FORGED + number)
        possible = [each for each in _FORGERIES if each != "old" or like.source in _TIMED]
        forgeries.append(replace(like, event_id=f"forged-{number}", forgery=draw.choice(possible)))
    every = [*true, *again, *forgeries]
    draw.shuffle(every)
    kept = {
        (each.source, each.candidate if each.source in _KNOWN_BY_CONTENT else each.event_id) for each in (*true, *again)
    }
    names = frozenset(candidate_name(each.source, each.candidate) for each in true)
    return Plan(every, names, len(kept), forged, len(again))
