"""The tables of near copies: which answers of submissions are known, a sample of what each says, and who is like whom.

A sample is numbers that only the store's own key leads back to words by, and no more than a few dozen an answer.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Double,
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

_Number = BigInteger().with_variant(Integer, "sqlite")

near_copy_answers = Table(
    "near_copy_answers",
    metadata,
    Column("number", _Number, Identity(always=True), primary_key=True),
    Column("asked", Text, nullable=False),  # SHA-256 of the tenant and of the question's text
    Column("run", _Number, ForeignKey("runs.number"), nullable=False),
    Column("answer_id", Text, nullable=False),
    Column("candidate_id", Text, nullable=False),
    Column("known_as", LargeBinary),  # keyed hash of an e-mail address
    Column("sampled", Integer, nullable=False),  # rows in near_copy_shingles
    UniqueConstraint("run", "answer_id"),
    Index("near_copy_answers_by_question", "asked", "number"),
    Index("near_copy_answers_by_candidate", "candidate_id"),
)

near_copy_shingles = Table(
    "near_copy_shingles",
    metadata,
    Column("shingle", BigInteger, nullable=False),  # keyed hash of the question and of a few words
    Column("answer", _Number, ForeignKey("near_copy_answers.number", ondelete="CASCADE"), nullable=False),
    PrimaryKeyConstraint("shingle", "answer"),
    Index("near_copy_shingles_by_answer", "answer"),
    sqlite_with_rowid=False,
)

near_copy_pairs = Table(
    "near_copy_pairs",
    metadata,
    Column("earlier", _Number, ForeignKey("near_copy_answers.number", ondelete="CASCADE"), nullable=False),
    Column("later", _Number, ForeignKey("near_copy_answers.number", ondelete="CASCADE"), nullable=False),
    Column("containment", Double, nullable=False),
    PrimaryKeyConstraint("earlier", "later"),
    Index("near_copy_pairs_by_later", "later"),
    sqlite_with_rowid=False,
)
