"""Version 16: what was done lately is found without a look at everything that ever was."""

STATEMENTS = ("CREATE INDEX work_chunks_by_end ON work_chunks (lane, done_at)",)
