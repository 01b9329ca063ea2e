"""The store's tables as the newest migration leaves them; one schema for SQLite and PostgreSQL.

What came from outside (replies, answers, grades) is kept as bytes: a reply may hold characters, such as NUL or half
a surrogate pair, that a database's text does not.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
)

from evaluator.store.sealed_bytes import SealedBytes

_Number = BigInteger().with_variant(Integer, "sqlite")

metadata = MetaData()

migrations = Table(
    "store_migrations",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("name", Text, nullable=False),
    Column("applied_at", Text, nullable=False),
)

replies = Table(
    "replies",
    metadata,
    Column("id", _Number, Identity(always=True), primary_key=True),
    Column("fingerprint", Text, nullable=False),
    Column("body", SealedBytes, nullable=False),  # UTF-8
    Column("model", Text),
    Column("usage", Text, nullable=False),  # JSON; what is None or 0 is left out
    Column("kept_at", Text, nullable=False),
    UniqueConstraint("fingerprint"),
)

runs = Table(
    "runs",
    metadata,
    Column("number", _Number, Identity(always=True), primary_key=True),
    Column("id", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("stopped_because", Text),
    Column("started_at", Text, nullable=False),
    Column("heard_at", Text, nullable=False),
    Column("finished_at", Text),
    Column("writer", Text, nullable=False),
    Column("folder", Text, nullable=False),
    Column("input_name", Text, nullable=False),
    Column("input_path", Text, nullable=False),
    Column("input_sha256", Text, nullable=False),
    Column("grader", Text, nullable=False),
    Column("prompt", Text),
    Column("prompt_sha256", Text),
    Column("rubric", Text, nullable=False),
    Column("rubric_sha256", Text, nullable=False),
    Column("questionnaire", Text, nullable=False),
    Column("questionnaire_sha256", Text, nullable=False),
    Column("question_set", LargeBinary, nullable=False),  # JSON: the rubric and the questionnaire themselves
    Column("options", LargeBinary, nullable=False),  # JSON: the command's options, never a key
    Column("manifest", LargeBinary, nullable=False),  # JSON: run.json
    Column("answers", BigInteger, nullable=False),
    Column("graded", BigInteger, nullable=False),
    Column("not_answered", BigInteger, nullable=False),
    Column("ungraded", BigInteger, nullable=False),
    Column("to_review", BigInteger, nullable=False),
    Column("cost_usd", Double),
    Column("paid_usd", Double),
    UniqueConstraint("id"),
)

answers = Table(
    "answers",
    metadata,
    Column("run", _Number, ForeignKey("runs.number"), nullable=False),
    Column("answer_id", Text, nullable=False),
    Column("candidate_id", Text, nullable=False),
    Column("question_id", Text, nullable=False),
    Column("body", SealedBytes, nullable=False),  # UTF-8, as it was handed in
    Column("absent", Text),
    Column("row", BigInteger),
    Column("grade", BigInteger, nullable=False),  # the number of the grade that stands
    PrimaryKeyConstraint("run", "answer_id"),
    Index("answers_by_candidate", "run", "candidate_id"),
)

grades = Table(
    "grades",
    metadata,
    Column("run", _Number, ForeignKey("runs.number"), nullable=False),
    Column("number", BigInteger, nullable=False),  # 1, 2, … in the order of writing: pages go by it
    Column("answer_id", Text, nullable=False),
    Column("question_id", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("score", Double),
    Column("band", Text),
    Column("needs_review", Boolean, nullable=False),
    Column("graded_at", Text, nullable=False),
    Column("paid_requests", BigInteger, nullable=False),
    Column("paid_usd", Double),
    Column("body", SealedBytes, nullable=False),  # the line of grades.jsonl
    PrimaryKeyConstraint("run", "number"),
    # Partial in the database. Said to SQLAlchemy, which is never asked to make it, it would bring PostgreSQL's dialect.
    Index("grades_to_review", "run", "number", info={"where": "needs_review"}),
)

run_replies = Table(
    "run_replies",
    metadata,
    Column("run", _Number, ForeignKey("runs.number"), nullable=False),
    Column("reply", _Number, ForeignKey("replies.id"), nullable=False),
    PrimaryKeyConstraint("run", "reply"),
    Index("run_replies_by_reply", "reply"),
    sqlite_with_rowid=False,
)

inbox = Table(
    "inbox",
    metadata,
    Column("number", _Number, Identity(always=True), primary_key=True),
    Column("id", Text, nullable=False),
    Column("tenant", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("event_id", Text, nullable=False),
    Column("content_sha256", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("headers", SealedBytes),  # JSON: those that the source reads an event from, never a signature
    Column("body", SealedBytes),  # as it came; NULL once the candidate is erased
    Column("candidate_id", Text),
    Column("survivor_id", Text),  # of a merge: the candidate who remains
    Column("state", Text, nullable=False),
    Column("reason", Text),
    Column("detail", SealedBytes),  # JSON: the questions that could not be mapped
    Column("submission", Text),
    Column("attempts", BigInteger, nullable=False),
    Column("received_at", Text, nullable=False),
    Column("settled_at", Text),
    UniqueConstraint("id"),
    UniqueConstraint("tenant", "source", "event_id"),
    UniqueConstraint("tenant", "source", "content_sha256"),
    Index("inbox_by_state", "state", "number"),
    Index("inbox_by_candidate", "candidate_id"),
    Index("inbox_by_survivor", "survivor_id"),
)

submissions = Table(
    "submissions",
    metadata,
    Column("number", _Number, Identity(always=True), primary_key=True),
    Column("id", Text, nullable=False),
    Column("tenant", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("idempotency_key", Text, nullable=False),
    Column("content_sha256", Text, nullable=False),
    Column("candidate_id", Text, nullable=False),  # "" once the candidate is erased
    Column("application_id", Text),
    Column("job", Text),
    Column("questionnaire", Text, nullable=False),
    Column("lane", Text, nullable=False),
    Column("context", SealedBytes, nullable=False),  # JSON: the source's ids for writing the result back
    Column("received_at", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("reason", Text),
    Column("run", _Number, ForeignKey("runs.number")),
    Column("completed_at", Text),
    Column("attempts", BigInteger, nullable=False),
    Column("identity", SealedBytes),  # JSON: who wrote the answers; NULL once they are graded
    UniqueConstraint("id"),
    UniqueConstraint("tenant", "source", "idempotency_key"),
    Index("submissions_by_state", "state", "number"),
    Index("submissions_by_candidate", "candidate_id"),
    Index("submissions_by_application", "application_id"),
)

submission_answers = Table(
    "submission_answers",
    metadata,
    Column("submission", _Number, ForeignKey("submissions.number"), nullable=False),
    Column("question_id", Text, nullable=False),
    Column("body", SealedBytes, nullable=False),  # UTF-8, as it was handed in
    Column("absent", Text),
    PrimaryKeyConstraint("submission", "question_id"),
)

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", Text, primary_key=True),
    Column("tenant", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("secret_sha256", Text, nullable=False),
    Column("scopes", Text, nullable=False),  # separated by spaces
    Column("created_at", Text, nullable=False),
    Column("expires_at", Text),
    Column("revoked_at", Text),
    Column("last_used_at", Text),
)

work_chunks = Table(
    "work_chunks",
    metadata,
    Column("number", _Number, Identity(always=True), primary_key=True),
    Column("id", Text, nullable=False),
    Column("run", _Number, ForeignKey("runs.number"), nullable=False),
    Column("priority", BigInteger, nullable=False),  # its turn among the chunks of all runs
    Column("answers", BigInteger, nullable=False),
    Column("first_grade", BigInteger, nullable=False),  # the number in the run of its first answer's grade
    Column("state", Text, nullable=False),  # waiting, queued, grading, done
    Column("owner", Text),  # the worker that took it last
    Column("turn", BigInteger, nullable=False),  # times that it was put into the queue: 0, 1, …
    Column("deaths", BigInteger, nullable=False),  # workers that ended while they held it
    Column("releases", BigInteger, nullable=False),  # times in a row that it was handed back
    Column("reason", Text),  # of the last time
    Column("due_at", Text, nullable=False),
    Column("made_at", Text, nullable=False),
    Column("done_at", Text),
    UniqueConstraint("id"),
    Column("lane", Text, nullable=False, server_default="bulk"),
    Column("submission", _Number, ForeignKey("submissions.number")),  # whose answers these are, if any's
    Column("alone", BigInteger),  # number of the answer that its owner grades just now, and nothing else
    Index("work_chunks_by_turn", "lane", "state", "priority"),
    Index("work_chunks_by_run", "run", "state", "priority"),
    Index("work_chunks_by_end", "lane", "done_at"),
)

work_answers = Table(
    "work_answers",
    metadata,
    Column("chunk", _Number, ForeignKey("work_chunks.number"), nullable=False),
    Column("number", BigInteger, nullable=False),  # the number in the run that its grade will have
    Column("answer_id", Text, nullable=False),
    Column("candidate_id", Text, nullable=False),
    Column("question_id", Text, nullable=False),
    Column("body", SealedBytes, nullable=False),  # UTF-8, as it was handed in
    Column("absent", Text),
    Column("row", BigInteger),
    Column("tries", BigInteger, nullable=False),
    Column("alike", Text),  # JSON: rows of near copies, and how much is in both
    Column("identity", SealedBytes),  # JSON: what the table says of who wrote it; to be taken out before grading
    Column("deaths", BigInteger, nullable=False, server_default="0"),  # workers that ended while it was `alone`
    PrimaryKeyConstraint("chunk", "number"),
    Index("work_answers_by_candidate", "candidate_id"),
)

workers = Table(
    "workers",
    metadata,
    Column("id", Text, primary_key=True),
    Column("host", Text, nullable=False),
    Column("process", BigInteger, nullable=False),
    Column("version", Text, nullable=False),
    Column("state", Text, nullable=False),  # working, draining
    Column("beats", BigInteger, nullable=False),
    Column("graded", BigInteger, nullable=False),
    Column("started_at", Text, nullable=False),
    Column("heard_at", Text, nullable=False),
)

assessments = Table(
    "assessments",
    metadata,
    Column("number", _Number, Identity(always=True), primary_key=True),
    Column("id", Text, nullable=False),
    Column("tenant", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("reference", Text, nullable=False),  # the source's own name of the order; its id once it is cancelled
    Column("test", Text, nullable=False),
    Column("application_id", Text, nullable=False),
    Column("candidate_id", Text, nullable=False),
    Column("answer_to", Text),  # where the source wants to be told
    Column("state", Text, nullable=False),  # open, cancelled
    Column("made_at", Text, nullable=False),
    UniqueConstraint("id"),
    UniqueConstraint("tenant", "source", "reference"),
    Index("assessments_by_application", "tenant", "source", "application_id"),
    Index("assessments_by_candidate", "candidate_id"),
)

outbound = Table(
    "outbound",
    metadata,
    Column("number", _Number, Identity(always=True), primary_key=True),
    Column("id", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("tenant", Text, nullable=False),  # "" of grader.drifted: a grader is no tenant's
    Column("run", _Number, ForeignKey("runs.number")),  # NULL of grader.drifted
    Column("submission", _Number, ForeignKey("submissions.number")),
    Column("candidate_id", Text, nullable=False),  # "" once the candidate is erased, and where there is none
    Column("body", SealedBytes),  # JSON, as it is sent; NULL until it is, and once the candidate is erased
    # made, or announced: what a worker of before version 19 does not know, and leaves alone;
    # sent (to each target by deliveries), erased
    Column("state", Text, nullable=False),
    Column("made_at", Text, nullable=False),
    Column("answer_id", Text),  # of review.decided: the answer that was decided on
    Column("version", BigInteger),  # of review.decided: the version of its review that the decision made
    Column("assessment", Text),  # of assessment.ordered: the order's id
    UniqueConstraint("id"),
    Index("outbound_by_state", "state", "number"),
    Index("outbound_by_candidate", "candidate_id"),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("event", _Number, ForeignKey("outbound.number"), nullable=False),
    Column("target", Text, nullable=False),
    Column("flow", Text, nullable=False),  # what arrives in order: the events of a submission
    Column("state", Text, nullable=False),  # waiting, delivered, dead
    Column("tries", BigInteger, nullable=False),
    Column("due_at", Text, nullable=False),
    Column("claimed_by", Text),
    Column("reason", Text),
    Column("settled_at", Text),
    PrimaryKeyConstraint("event", "target"),
    Index("deliveries_by_state", "state", "due_at"),
    Index("deliveries_by_flow", "target", "flow", "event"),
)
