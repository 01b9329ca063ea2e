"""The tables of privacy: keys, whose replies are whose, what was taken out of answers, and what was erased."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
)

from evaluator.store.schema import metadata
from evaluator.store.sealed_bytes import SealedBytes

_Number = BigInteger().with_variant(Integer, "sqlite")

store_keys = Table(
    "store_keys",
    metadata,
    # store: what belongs to no candidate; audit: names of the erased; near_copies: samples of answers
    Column("name", Text, primary_key=True),
    Column("master", Text),  # which master key wraps it; NULL where none does
    Column("body", LargeBinary, nullable=False),
    Column("made_at", Text, nullable=False),
)

candidate_keys = Table(
    "candidate_keys",
    metadata,
    Column("number", _Number, primary_key=True, autoincrement=False),  # drawn by lot, so that none is given out twice
    Column("candidate_id", Text, nullable=False),
    Column("master", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),  # the key, wrapped by the master key
    Column("made_at", Text, nullable=False),
    UniqueConstraint("candidate_id"),
)

reply_candidates = Table(
    "reply_candidates",
    metadata,
    Column("reply", _Number, ForeignKey("replies.id", ondelete="CASCADE"), nullable=False),
    Column("candidate_id", Text, nullable=False),
    PrimaryKeyConstraint("reply", "candidate_id"),
    Index("reply_candidates_by_candidate", "candidate_id"),
    sqlite_with_rowid=False,
)

redactions = Table(
    "redactions",
    metadata,
    Column("run", _Number, ForeignKey("runs.number", ondelete="CASCADE"), nullable=False),
    Column("answer_id", Text, nullable=False),
    Column("body", SealedBytes, nullable=False),  # JSON: [start, end, placeholder] of each place, in order
    PrimaryKeyConstraint("run", "answer_id"),
    sqlite_with_rowid=False,
)

erasures = Table(
    "erasures",
    metadata,
    Column("number", _Number, Identity(always=True), primary_key=True),
    Column("candidate", Text, nullable=False),  # HMAC-SHA256 of the id, keyed by store_keys.audit
    Column("run", Text),  # NULL: everywhere
    Column("reason", Text, nullable=False),  # erase or retention
    Column("erased_at", Text, nullable=False),
    Column("counts", Text, nullable=False),  # JSON: rows by table
    Index("erasures_by_candidate", "candidate"),
)
