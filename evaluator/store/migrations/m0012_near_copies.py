"""Version 12: with an answer that waits for a worker, the others in its table that are nearly the same."""

STATEMENTS = ("ALTER TABLE work_answers ADD COLUMN alike TEXT",)
