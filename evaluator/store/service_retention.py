"""Candidates' words that the service took in and passed on, once they were kept long enough: emptied, never dropped."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, delete, exists, func, select, update

from evaluator.store.schema import deliveries, inbox, outbound, submission_answers, submissions

_SETTLED = ("complete", "set_aside")


def old_words(connection: Connection, before: str) -> Mapping[str, int]:
    """How many of each kind `forget_old_words` would empty."""
    of = {
        "submitted answers": select(func.count()).where(_answers(before)),
        "events": select(func.count()).where(_events(before)),
        "outbound events": select(func.count()).where(_outbound(before)),
    }
    return {name: int(connection.scalar(query) or 0) for name, query in of.items()}


def forget_old_words(connection: Connection, before: str) -> None:
    """Empties answers of submissions that are done with, events that are settled or wait in the quarantine, and events
    that were sent. Their rows stay, so that what comes again is known.
    """
    connection.execute(update(submission_answers).where(_answers(before)).values(body=b""))
    emptied = {"headers": b"{}", "body": None, "detail": None}
    held = _events(before) & (inbox.c.state == "quarantined")
    # Nothing is left of it that could be mapped.
    connection.execute(update(inbox).where(held).values(state="erased", reason="kept_long_enough", **emptied))
    connection.execute(update(inbox).where(_events(before)).values(emptied))
    numbers = list(connection.scalars(select(outbound.c.number).where(_outbound(before))))
    connection.execute(delete(deliveries).where(deliveries.c.event.in_(numbers), deliveries.c.state == "dead"))
    connection.execute(update(outbound).where(outbound.c.number.in_(numbers)).values(body=None))


def _answers(before: str) -> Any:
    ended = func.coalesce(submissions.c.completed_at, submissions.c.received_at) < before
    old = select(submissions.c.number).where(submissions.c.state.in_(_SETTLED), ended)
    return submission_answers.c.submission.in_(old) & (func.length(submission_answers.c.body) > 0)


def _events(before: str) -> Any:
    is_settled = inbox.c.state != "received"
    return is_settled & inbox.c.body.is_not(None) & (func.coalesce(inbox.c.settled_at, inbox.c.received_at) < before)


def _outbound(before: str) -> Any:
    waits = exists().where(deliveries.c.event == outbound.c.number, deliveries.c.state == "waiting")
    return (outbound.c.state == "sent") & outbound.c.body.is_not(None) & (outbound.c.made_at < before) & ~waits
