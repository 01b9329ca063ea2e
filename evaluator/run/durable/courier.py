"""The courier: tells others what the outbox holds, at least once, each submission's events in their order."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Protocol

from evaluator.ats.outgoing import NotDeliveredError, WebhookSender, WebhookTarget
from evaluator.core.assessment import ORDERED
from evaluator.errors import StoreError
from evaluator.run.durable.patience import pause
from evaluator.store.outbox import Delivery, OutboundEvent, Outbox

_LOOK = 0.5  # seconds between two looks into the outbox
_NOT_THERE = "no such target is configured any more"

logger = logging.getLogger("evaluator.courier")

BodyOf = Callable[[OutboundEvent], bytes | None]


class Target(Protocol):
    """Where events go: a web server that was named, or the applicant tracking system that a submission came from."""

    def wants(self, event: OutboundEvent) -> bool:
        """Whether it is told of this event."""
        ...

    async def deliver(self, event: OutboundEvent, body: bytes) -> None:
        """Returns when it has the event. Raises NotDeliveredError."""
        ...


class WebhookDelivery:
    """A web server that was named, for one tenant, several or all of them (`targets`, each of its address): told of
    their events, each signed with its tenant's secret where that has one.
    """

    def __init__(self, sender: WebhookSender, targets: Iterable[WebhookTarget]) -> None:
        self._sender = sender
        self._targets = {each.tenant: each for each in targets}

    def wants(self, event: OutboundEvent) -> bool:
        return event.kind != ORDERED and self._target(event) is not None

    async def deliver(self, event: OutboundEvent, body: bytes) -> None:
        target = self._target(event)
        if target is None:
            raise NotDeliveredError(_NOT_THERE)
        await self._sender.send(target, event.id, body)

    def _target(self, event: OutboundEvent) -> WebhookTarget | None:
        return self._targets.get(event.tenant) or self._targets.get(None)


class Courier:
    """Carries out deliveries of a store, beside other couriers. `targets` by the name that the outbox keeps."""

    def __init__(self, outbox: Outbox, body_of: BodyOf, targets: Mapping[str, Target]) -> None:
        self._outbox = outbox
        self._body_of = body_of
        self._targets = targets

    def take_over(self, dead: Iterable[str]) -> None:
        """Has what these workers were delivering delivered by others: at once, not when their time for it is over."""
        self._outbox.release(dead)

    async def run(self, leaving: asyncio.Event, worker: str = "courier") -> None:
        """Delivers, as this worker, until `leaving` is set; what is under way then is finished."""
        while not leaving.is_set():
            try:
                moved = await self.once(worker)
            except StoreError as error:
                logger.warning("store away", extra={"reason": error.message})
                moved = 0
            if not moved:
                await pause(leaving, _LOOK)

    async def once(self, worker: str = "courier") -> int:
        """Addresses what is new, makes the deliveries that are due; how many of both."""
        made = await asyncio.to_thread(self._outbox.made)
        for event in made:
            await asyncio.to_thread(self._address, event)
        due = await asyncio.to_thread(self._outbox.claim, worker)
        await asyncio.gather(*(self._deliver(each) for each in due))
        return len(made) + len(due)

    def _address(self, event: OutboundEvent) -> None:
        body = self._body_of(event)
        wanting = [] if body is None else [name for name, each in self._targets.items() if each.wants(event)]
        self._outbox.address(event, body or b"", wanting)

    async def _deliver(self, delivery: Delivery) -> None:
        said = {"event": delivery.event.id, "try": delivery.tries}
        target = self._targets.get(delivery.target)
        try:
            if target is None:
                raise NotDeliveredError(_NOT_THERE)
            await target.deliver(delivery.event, delivery.event.body or b"")
        except NotDeliveredError as error:
            logger.warning("not delivered", extra=said | {"reason": error.reason})
            failed = partial(
                self._outbox.failed, delivery, error.reason, again=error.again, retry_after=error.retry_after
            )
            await asyncio.to_thread(failed)
        else:
            logger.info("delivered", extra=said)
            await asyncio.to_thread(self._outbox.delivered, delivery)
