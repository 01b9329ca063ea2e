"""The tables of reviews: the queue, who has what open, labels as they stand, and the log that these follow from.

All but `review_intake`, `review_arrivals`, `review_skips` and `review_leases` hold something of a candidate and carry
`run` and `candidate_id`. Comments are kept as bytes, as answers are.
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
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
)

from evaluator.store.schema import metadata
from evaluator.store.sealed_bytes import SealedBytes

_Number = BigInteger().with_variant(Integer, "sqlite")

review_intake = Table(
    "review_intake",
    metadata,
    Column("run", _Number, ForeignKey("runs.number"), primary_key=True, autoincrement=False),
    Column("seen", BigInteger, nullable=False),  # grades up to this number have been looked at
)

review_arrivals = Table(
    "review_arrivals",
    metadata,
    Column("run", _Number, ForeignKey("runs.number"), nullable=False),
    Column("number", BigInteger, nullable=False),  # of a grade that a worker wrote and nobody has looked at
    PrimaryKeyConstraint("run", "number"),
    sqlite_with_rowid=False,
)

review_items = Table(
    "review_items",
    metadata,
    Column("id", _Number, Identity(always=True), primary_key=True),
    Column("run", _Number, ForeignKey("runs.number"), nullable=False),
    Column("answer_id", Text, nullable=False),
    Column("candidate_id", Text, nullable=False),
    Column("question_id", Text, nullable=False),
    Column("grade", BigInteger, nullable=False),  # the number of the grade that stands
    Column("rank", BigInteger, nullable=False),  # lower is more urgent
    Column("why", Text, nullable=False),
    Column("flags", BigInteger, nullable=False),  # bits of core.review_urgency.FLAG_BITS
    Column("score", Double),
    Column("band", Text),
    Column("spread", Double),
    Column("blind", Boolean, nullable=False),
    Column("needed", Integer, nullable=False),  # 2: two people label it apart
    Column("state", Text, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("labels", Integer, nullable=False),  # people who gave levels
    Column("assigned_to", Text),
    Column("final_levels", Text),  # JSON; what people settled on
    Column("entered_at", Text, nullable=False),
    Column("changed_at", Text),  # when a person last did something
    UniqueConstraint("run", "answer_id"),
    Index("review_items_queue", "state", "rank", "id", "flags"),
    Index("review_items_queue_of_run", "run", "state", "rank", "id", "flags"),
    Index("review_items_by_candidate", "candidate_id", "run"),
    Index("review_items_counts", "state", "flags"),
    Index("review_items_counts_of_run", "run", "state", "flags"),
    Index("review_items_counts_of_question", "question_id", "state", "flags"),
    # Partial in the database; see `grades_to_review`.
    Index("review_items_assigned", "assigned_to", "state", "rank", "id", info={"where": "assigned_to IS NOT NULL"}),
)

review_skips = Table(
    "review_skips",
    metadata,
    Column("item", _Number, ForeignKey("review_items.id"), nullable=False),
    Column("user_id", Text, nullable=False),
    PrimaryKeyConstraint("item", "user_id"),
    sqlite_with_rowid=False,
)

review_leases = Table(
    "review_leases",
    metadata,
    Column("item", _Number, ForeignKey("review_items.id"), nullable=False),
    Column("session_id", Text, nullable=False),
    Column("user_id", Text, nullable=False),
    Column("until", Text, nullable=False),
    PrimaryKeyConstraint("item", "session_id"),
    sqlite_with_rowid=False,
)

review_labels = Table(
    "review_labels",
    metadata,
    Column("run", _Number, ForeignKey("runs.number"), nullable=False),
    Column("answer_id", Text, nullable=False),
    Column("candidate_id", Text, nullable=False),
    Column("question_id", Text, nullable=False),
    Column("user_id", Text, nullable=False),
    Column("part", Text, nullable=False),  # "label", or "adjudication" for the third person's
    Column("levels", Text, nullable=False),  # JSON
    Column("blind", Boolean, nullable=False),
    Column("blind_levels", Text),  # JSON
    Column("grade", BigInteger),
    Column("grader_levels", Text),  # JSON
    Column("reason", Text),
    Column("comment", SealedBytes),
    Column("saved_at", Text, nullable=False),
    Column("version", BigInteger, nullable=False),
    PrimaryKeyConstraint("run", "answer_id", "user_id", "part"),
    Index("review_labels_by_user", "user_id", "saved_at"),
    Index("review_labels_by_time", "saved_at"),
)

review_log = Table(
    "review_log",
    metadata,
    Column("number", _Number, Identity(always=True), primary_key=True),
    Column("at", Text, nullable=False),
    Column("actor", Text, nullable=False),  # a user's id; "" for the program
    Column("action", Text, nullable=False),
    Column("run", _Number, ForeignKey("runs.number"), nullable=False),
    Column("answer_id", Text, nullable=False),
    Column("candidate_id", Text, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("detail", SealedBytes, nullable=False),  # JSON: core.review.EntryDetail
    UniqueConstraint("run", "answer_id", "version"),
    Index("review_log_by_actor", "actor", "number"),
    Index("review_log_by_candidate", "candidate_id", "run"),
)

candidate_decisions = Table(
    "candidate_decisions",
    metadata,
    Column("number", _Number, Identity(always=True), primary_key=True),
    Column("run", _Number, ForeignKey("runs.number"), nullable=False),
    Column("candidate_id", Text, nullable=False),
    Column("decision", Text, nullable=False),
    Column("user_id", Text, nullable=False),
    Column("at", Text, nullable=False),
    Column("note", SealedBytes, nullable=False),
    Index("candidate_decisions_by_candidate", "run", "candidate_id", "number"),
)
