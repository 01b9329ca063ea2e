"""Version 18: workers that end over an answer, counted apart from the times that it failed."""

STATEMENTS = (
    "ALTER TABLE work_chunks ADD COLUMN alone BIGINT",
    "ALTER TABLE work_answers ADD COLUMN deaths BIGINT NOT NULL DEFAULT 0",
)
