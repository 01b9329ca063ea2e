"""Version 15: who wrote a submission's answers, until they are graded, so that a grader does not read it."""

STATEMENTS = ("ALTER TABLE submissions ADD COLUMN identity {bytes}",)
