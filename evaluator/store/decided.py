"""People's decisions on answers of submissions: put into the outbox with the log entry that makes them true."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, select

from evaluator.core.review import LogEntry
from evaluator.store.outbox import announce
from evaluator.store.schema import submissions


def announce_decision(connection: Connection, entry: LogEntry) -> None:
    """Tells others that an answer's decision was made, changed or taken back by this entry.

    Nobody is told of an answer that came in a spreadsheet: whoever handed it in has the pages and the results.
    """
    asked = select(submissions.c.number, submissions.c.tenant).where(
        # An answer's id begins with its submission's. A spreadsheet may give any id: that one's run is another.
        submissions.c.id == entry.answer_id.partition(".")[0],
        submissions.c.run == entry.run,
        submissions.c.candidate_id == entry.candidate_id,
    )
    found = connection.execute(asked).first()
    if found is None:
        return
    announce(
        connection, "review.decided", tenant=found.tenant, run=entry.run, submission=found.number,
        candidate_id=entry.candidate_id, now=datetime.fromisoformat(entry.at), answer_id=entry.answer_id,
        version=entry.version,
    )  # fmt: skip
