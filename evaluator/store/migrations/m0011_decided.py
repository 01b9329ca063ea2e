"""Version 11: events that tell of a person's decision name the answer, and the version of its review."""

STATEMENTS = (
    "ALTER TABLE outbound ADD COLUMN answer_id TEXT",
    "ALTER TABLE outbound ADD COLUMN version BIGINT",
)
