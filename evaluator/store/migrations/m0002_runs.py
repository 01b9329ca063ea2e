"""Version 2: runs with their answers and grades, and which replies each run used."""

STATEMENTS = (
    """
    CREATE TABLE runs (
        number {identity},
        id TEXT NOT NULL UNIQUE,
        state TEXT NOT NULL,
        stopped_because TEXT,
        started_at TEXT NOT NULL,
        heard_at TEXT NOT NULL,
        finished_at TEXT,
        writer TEXT NOT NULL,
        folder TEXT NOT NULL,
        input_name TEXT NOT NULL,
        input_path TEXT NOT NULL,
        input_sha256 TEXT NOT NULL,
        grader TEXT NOT NULL,
        prompt TEXT,
        prompt_sha256 TEXT,
        rubric TEXT NOT NULL,
        rubric_sha256 TEXT NOT NULL,
        questionnaire TEXT NOT NULL,
        questionnaire_sha256 TEXT NOT NULL,
        question_set {bytes} NOT NULL,
        options {bytes} NOT NULL,
        manifest {bytes} NOT NULL,
        answers BIGINT NOT NULL,
        graded BIGINT NOT NULL,
        not_answered BIGINT NOT NULL,
        ungraded BIGINT NOT NULL,
        to_review BIGINT NOT NULL,
        cost_usd DOUBLE PRECISION,
        paid_usd DOUBLE PRECISION
    )
    """,
    """
    CREATE TABLE answers (
        run {number} NOT NULL REFERENCES runs (number),
        answer_id TEXT NOT NULL,
        candidate_id TEXT NOT NULL,
        question_id TEXT NOT NULL,
        body {bytes} NOT NULL,
        absent TEXT,
        row BIGINT,
        grade BIGINT NOT NULL,
        PRIMARY KEY (run, answer_id)
    )
    """,
    "CREATE INDEX answers_by_candidate ON answers (run, candidate_id)",
    """
    CREATE TABLE grades (
        run {number} NOT NULL REFERENCES runs (number),
        number BIGINT NOT NULL,
        answer_id TEXT NOT NULL,
        question_id TEXT NOT NULL,
        status TEXT NOT NULL,
        score DOUBLE PRECISION,
        band TEXT,
        needs_review BOOLEAN NOT NULL,
        graded_at TEXT NOT NULL,
        paid_requests BIGINT NOT NULL,
        paid_usd DOUBLE PRECISION,
        body {bytes} NOT NULL,
        PRIMARY KEY (run, number)
    )
    """,
    "CREATE INDEX grades_to_review ON grades (run, number) WHERE needs_review",
    """
    CREATE TABLE run_replies (
        run {number} NOT NULL REFERENCES runs (number),
        reply {number} NOT NULL REFERENCES replies (id),
        PRIMARY KEY (run, reply)
    ){no_rowid}
    """,
    "CREATE INDEX run_replies_by_reply ON run_replies (reply)",
)
