"""What every ATS is to us: how its deliveries are checked and read, and how an application is fetched from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from evaluator.ats.ats_api import AtsApi
from evaluator.ats.delivery import Delivery, Refusal, Reply
from evaluator.ats.event import Application, AtsAnswer, AtsEvent
from evaluator.ats.signatures import Secrets
from evaluator.core.identity import Identity


class Source(Protocol):
    """One kind of applicant tracking system. An implementation holds no state and does no input or output."""

    name: str
    acknowledge: int
    """The status that it takes for `I have it`."""
    api_url: str | None
    """Where its API is; None where every customer has an address of their own, or there is no API."""
    hosts: Sequence[str]
    """The hosts of its API; `*.example.com` for one under each customer's name."""
    reads: Sequence[str]
    """The headers that `read` looks at, in lower case; the others are not kept."""
    erasure_is_signed: bool
    """Whether the signature covers whom to erase; where it does not, the API has to confirm that they are gone."""

    def handshake(self, delivery: Delivery) -> Reply | None:
        """The answer to a delivery that only asks whether we are there, before there is a secret; None for others."""

    def check(self, delivery: Delivery, secrets: Secrets) -> Refusal | None:
        """Why this delivery is not from the source, or too old; None where it is genuine."""

    def read(self, delivery: Delivery) -> AtsEvent:
        """The event of a genuine delivery. Raises UnreadableJsonError where its body cannot be read."""

    def application(self, event: AtsEvent) -> Application | None:
        """The application with its answers, where the payload has them; None where they have to be fetched."""

    def answers_in(self, document: Mapping[str, Any]) -> tuple[AtsAnswer, ...]:
        """All answers in what the source pushes, or in what its API gives: for people who write a question map."""

    def authorization(self, key: str) -> Mapping[str, str]:
        """The headers that carry an API key."""

    async def fetch(self, api: AtsApi, event: AtsEvent) -> Application | None:
        """The application behind an event, from the API; None where it is not there (any more).

        Raises AtsUnavailableError for what may go better later, and AtsRefusedError for what will not.
        """

    async def who(self, api: AtsApi, candidate: str) -> Identity | None:
        """Who a candidate is, from the API, where neither event nor application said so; None where it is not known.

        Raises as `fetch` does.
        """
