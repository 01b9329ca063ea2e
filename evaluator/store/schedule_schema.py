"""The tables of scheduled work: what is done when, and each time that it was due."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, LargeBinary, PrimaryKeyConstraint, Table, Text

from evaluator.store.schema import metadata

scheduled_jobs = Table(
    "scheduled_jobs",
    metadata,
    Column("name", Text, primary_key=True),
    Column("cron", Text, nullable=False),
    Column("next_at", Text, nullable=False),
    Column("set_at", Text, nullable=False),
)

scheduled_runs = Table(
    "scheduled_runs",
    metadata,
    Column("name", Text, nullable=False),
    Column("due_at", Text, nullable=False),
    Column("state", Text, nullable=False),  # waiting, running; done, alarm, failed
    Column("owner", Text),  # the worker that took it last
    Column("tries", BigInteger, nullable=False),
    Column("started_at", Text),
    Column("ended_at", Text),
    Column("said", Text),  # one sentence: figures and reasons, nothing of a candidate
    Column("told_apart", Text),  # of a canary: a hash of what was measured by what
    Column("is_reference", Boolean, nullable=False),  # of a canary: later ones are held beside it
    Column("body", LargeBinary),  # of a canary: the evaluation, compressed JSON
    Column("reasons", Text),  # of an alarm: what it was about, by which it is known again; a JSON list
    PrimaryKeyConstraint("name", "due_at"),
)
