"""Version 17: answers of submissions, to be held against those that come later to the same question."""

STATEMENTS = (
    """
    CREATE TABLE near_copy_answers (
        number {identity},
        asked TEXT NOT NULL,
        run {number} NOT NULL REFERENCES runs (number),
        answer_id TEXT NOT NULL,
        candidate_id TEXT NOT NULL,
        known_as {bytes},
        sampled INTEGER NOT NULL,
        UNIQUE (run, answer_id)
    )
    """,
    "CREATE INDEX near_copy_answers_by_question ON near_copy_answers (asked, number)",
    "CREATE INDEX near_copy_answers_by_candidate ON near_copy_answers (candidate_id)",
    """
    CREATE TABLE near_copy_shingles (
        shingle BIGINT NOT NULL,
        answer {number} NOT NULL REFERENCES near_copy_answers (number) ON DELETE CASCADE,
        PRIMARY KEY (shingle, answer)
    ){no_rowid}
    """,
    "CREATE INDEX near_copy_shingles_by_answer ON near_copy_shingles (answer)",
    """
    CREATE TABLE near_copy_pairs (
        earlier {number} NOT NULL REFERENCES near_copy_answers (number) ON DELETE CASCADE,
        later {number} NOT NULL REFERENCES near_copy_answers (number) ON DELETE CASCADE,
        containment DOUBLE PRECISION NOT NULL,
        PRIMARY KEY (earlier, later)
    ){no_rowid}
    """,
    "CREATE INDEX near_copy_pairs_by_later ON near_copy_pairs (later)",
)
