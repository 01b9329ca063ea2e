"""An applicant tracking system as a target of events: told what stands of a submission that came from it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime

from evaluator.ats.connection import Connection
from evaluator.ats.outgoing import NotDeliveredError
from evaluator.ats.write_back.write_back import GoneError, Told, WriteBack
from evaluator.core.assessment import Assessment
from evaluator.core.outcome import Outcome
from evaluator.core.submission import Submission
from evaluator.errors import AtsRefusedError, AtsUnavailableError
from evaluator.run.outcome_reading import read_outcome
from evaluator.store.outbox import OutboundEvent
from evaluator.store.store import Store

_MOST_SECONDS = 90.0  # for one delivery: less than a courier holds it


class WriteBackDelivery:
    """One connection that results are written back to. It is told of what stands when it is told, not of what stood
    when the event was made: a delivery that comes late tells nothing that is over.
    """

    def __init__(self, write_back: WriteBack, connection: Connection, store: Store, public_url: str) -> None:
        self._write_back = write_back
        self._connection = connection
        self._store = store
        self._public_url = public_url

    def wants(self, event: OutboundEvent) -> bool:
        """Whether the event is of a submission of this connection's, and such as it is told of."""
        if event.kind not in self._write_back.kinds or event.tenant != self._connection.tenant:
            return False
        submission = self._submission(event)
        if submission is None or submission.source != self._connection.source.name:
            return False
        return not self._write_back.is_ordered or bool(self._ordered(submission))

    async def deliver(self, event: OutboundEvent, body: bytes) -> None:
        """Returns when the system has it. Raises NotDeliveredError."""
        del body
        outcome, ordered = await asyncio.to_thread(self._read, event)
        if outcome is None:
            return  # erased meanwhile: there is nothing to tell
        told = Told(event.id, event.kind, datetime.fromisoformat(event.made_at))
        failed: list[NotDeliveredError] = []
        try:
            async with asyncio.timeout(_MOST_SECONDS):
                for each in ordered:
                    try:
                        await self._write_back.tell(self._connection, outcome, told, each)
                    except (AtsUnavailableError, AtsRefusedError, GoneError) as error:
                        failed.append(_not_delivered(error))
        except TimeoutError as error:
            raise NotDeliveredError("timeout") from error
        # One order that cannot be told of keeps nothing from the others; while any may be told of later, it is tried.
        if failed:
            raise max(failed, key=lambda each: each.again)

    def _read(self, event: OutboundEvent) -> tuple[Outcome | None, Sequence[Assessment | None]]:
        submission = self._submission(event)
        if submission is None:
            return None, ()
        outcome = read_outcome(submission, self._store, self._public_url)
        if not self._write_back.is_ordered:
            return outcome, [None]
        ordered = self._ordered(submission)
        return outcome, [each for each in ordered if event.assessment in (None, each.id)]

    def _submission(self, event: OutboundEvent) -> Submission | None:
        return None if event.submission is None else self._store.work.submission(event.submission)

    def _ordered(self, submission: Submission) -> list[Assessment]:
        """The open orders of the test that the submission answers: an application may be sent others, too."""
        application = submission.application_id
        if application is None:
            return []
        orders = self._store.assessments.of_application(submission.tenant, submission.source, application)
        return [each for each in orders if each.test == submission.questionnaire]


def _not_delivered(error: AtsUnavailableError | AtsRefusedError | GoneError) -> NotDeliveredError:
    if isinstance(error, GoneError):
        return NotDeliveredError(str(error), again=False)
    if isinstance(error, AtsRefusedError):
        # A key that is wrong, or may not do that, can be mended while there are tries left.
        return NotDeliveredError(error.message)
    return NotDeliveredError(error.message, retry_after=error.retry_after)
