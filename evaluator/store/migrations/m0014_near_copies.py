"""Version 14: with an answer that waits for a worker, near copies of it, and who wrote it, to be taken out of it."""

STATEMENTS = (
    "ALTER TABLE work_answers ADD COLUMN alike TEXT",
    "ALTER TABLE work_answers ADD COLUMN identity {bytes}",
)
