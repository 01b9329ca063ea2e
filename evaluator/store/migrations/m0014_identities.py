"""Version 14: who wrote a submission's answers, while they wait, so that a grader does not read it."""

STATEMENTS = (
    "ALTER TABLE submissions ADD COLUMN identity {bytes}",
    "ALTER TABLE work_answers ADD COLUMN identity {bytes}",
)
