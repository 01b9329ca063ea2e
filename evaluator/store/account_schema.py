"""The tables of people who use the pages: users, how they sign in, what they may see, and the log of all that.

None of these holds anything of a candidate. Whatever lets somebody in is kept as a hash only.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
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

_Number = BigInteger().with_variant(Integer, "sqlite")

users = Table(
    "users",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),  # in lower case: two names do not differ by case alone
    Column("role", Text, nullable=False),
    Column("password_hash", Text),
    Column("made_at", Text, nullable=False),
    Column("disabled_at", Text),
    UniqueConstraint("name"),
)

sign_in_links = Table(
    "sign_in_links",
    metadata,
    Column("token_hash", Text, primary_key=True),
    Column("user_id", Text, ForeignKey("users.id"), nullable=False),
    Column("made_by", Text, nullable=False),
    Column("made_at", Text, nullable=False),
    Column("expires_at", Text, nullable=False),
    Column("used_at", Text),
    Index("sign_in_links_by_user", "user_id"),
)

sign_in_sessions = Table(
    "sign_in_sessions",
    metadata,
    Column("id", Text, primary_key=True),
    Column("token_hash", Text, nullable=False),
    Column("user_id", Text, ForeignKey("users.id"), nullable=False),
    Column("made_at", Text, nullable=False),
    Column("seen_at", Text, nullable=False),
    Column("expires_at", Text, nullable=False),
    Column("ended_at", Text),
    UniqueConstraint("token_hash"),
    Index("sign_in_sessions_by_user", "user_id"),
)

sign_in_devices = Table(
    "sign_in_devices",
    metadata,
    Column("token_hash", Text, primary_key=True),
    Column("user_id", Text, ForeignKey("users.id"), nullable=False),
    Column("made_at", Text, nullable=False),
    Index("sign_in_devices_by_user", "user_id"),
)

sign_in_failures = Table(
    "sign_in_failures",
    metadata,
    Column("subject", Text, primary_key=True),  # a hash of what is counted: a name, an address, both, a device
    Column("failures", BigInteger, nullable=False),
    Column("last_at", Text, nullable=False),
)

run_access = Table(
    "run_access",
    metadata,
    Column("run", _Number, ForeignKey("runs.number"), nullable=False),
    Column("user_id", Text, ForeignKey("users.id"), nullable=False),
    Column("given_by", Text, nullable=False),
    Column("given_at", Text, nullable=False),
    PrimaryKeyConstraint("run", "user_id"),
    Index("run_access_by_user", "user_id"),
)

audit_log = Table(
    "audit_log",
    metadata,
    Column("number", _Number, Identity(always=True), primary_key=True),
    Column("at", Text, nullable=False),
    Column("actor", Text, nullable=False),  # a user's id; "" for the program or the command line
    Column("action", Text, nullable=False),
    Column("about", Text, nullable=False),  # the id of a user, a session or a run
    Column("detail", Text, nullable=False),  # a few words of the program's own; never a name of a candidate
    Index("audit_log_by_actor", "actor", "number"),
    Index("audit_log_by_about", "about", "number"),
)
