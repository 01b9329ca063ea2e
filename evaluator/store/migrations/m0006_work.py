"""Work: chunks of answers that wait for workers, and the workers that take them."""

STATEMENTS = (
    """
    CREATE TABLE work_chunks (
        number {identity},
        id TEXT NOT NULL UNIQUE,
        run {number} NOT NULL REFERENCES runs (number),
        priority BIGINT NOT NULL,
        answers BIGINT NOT NULL,
        first_grade BIGINT NOT NULL,
        state TEXT NOT NULL,
        owner TEXT,
        turn BIGINT NOT NULL,
        deaths BIGINT NOT NULL,
        releases BIGINT NOT NULL,
        reason TEXT,
        due_at TEXT NOT NULL,
        made_at TEXT NOT NULL,
        done_at TEXT
    )
    """,
    "CREATE INDEX work_chunks_by_turn ON work_chunks (state, priority)",
    "CREATE INDEX work_chunks_by_run ON work_chunks (run, state, priority)",
    """
    CREATE TABLE work_answers (
        chunk {number} NOT NULL REFERENCES work_chunks (number),
        number BIGINT NOT NULL,
        answer_id TEXT NOT NULL,
        candidate_id TEXT NOT NULL,
        question_id TEXT NOT NULL,
        body {bytes} NOT NULL,
        absent TEXT,
        row BIGINT,
        tries BIGINT NOT NULL,
        PRIMARY KEY (chunk, number)
    )
    """,
    "CREATE INDEX work_answers_by_candidate ON work_answers (candidate_id)",
    """
    CREATE TABLE workers (
        id TEXT NOT NULL PRIMARY KEY,
        host TEXT NOT NULL,
        process BIGINT NOT NULL,
        version TEXT NOT NULL,
        state TEXT NOT NULL,
        beats BIGINT NOT NULL,
        graded BIGINT NOT NULL,
        started_at TEXT NOT NULL,
        heard_at TEXT NOT NULL
    )
    """,
)
