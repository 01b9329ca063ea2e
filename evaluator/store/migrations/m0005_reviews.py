"""Version 5: the review queue, its log and labels, and the decisions on candidates."""

STATEMENTS = (
    """
    CREATE TABLE review_intake (
        run {number} PRIMARY KEY REFERENCES runs (number),
        seen BIGINT NOT NULL
    )
    """,
    """
    CREATE TABLE review_items (
        id {identity},
        run {number} NOT NULL REFERENCES runs (number),
        answer_id TEXT NOT NULL,
        candidate_id TEXT NOT NULL,
        question_id TEXT NOT NULL,
        grade BIGINT NOT NULL,
        rank BIGINT NOT NULL,
        why TEXT NOT NULL,
        flags BIGINT NOT NULL,
        score DOUBLE PRECISION,
        band TEXT,
        spread DOUBLE PRECISION,
        blind BOOLEAN NOT NULL,
        needed INTEGER NOT NULL,
        state TEXT NOT NULL,
        version BIGINT NOT NULL,
        labels INTEGER NOT NULL,
        assigned_to TEXT,
        final_levels TEXT,
        entered_at TEXT NOT NULL,
        changed_at TEXT,
        UNIQUE (run, answer_id)
    )
    """,
    "CREATE INDEX review_items_by_candidate ON review_items (candidate_id, run)",
    "CREATE INDEX review_items_queue ON review_items (state, rank, id, flags)",
    "CREATE INDEX review_items_queue_of_run ON review_items (run, state, rank, id, flags)",
    """
    CREATE TABLE review_skips (
        item {number} NOT NULL REFERENCES review_items (id),
        user_id TEXT NOT NULL,
        PRIMARY KEY (item, user_id)
    ){no_rowid}
    """,
    """
    CREATE TABLE review_leases (
        item {number} NOT NULL REFERENCES review_items (id),
        session_id TEXT NOT NULL,
        user_id TEXT NOT NULL,
        until TEXT NOT NULL,
        PRIMARY KEY (item, session_id)
    ){no_rowid}
    """,
    """
    CREATE TABLE review_labels (
        run {number} NOT NULL REFERENCES runs (number),
        answer_id TEXT NOT NULL,
        candidate_id TEXT NOT NULL,
        question_id TEXT NOT NULL,
        user_id TEXT NOT NULL,
        part TEXT NOT NULL,
        levels TEXT NOT NULL,
        blind BOOLEAN NOT NULL,
        blind_levels TEXT,
        grade BIGINT,
        grader_levels TEXT,
        reason TEXT,
        comment {bytes},
        saved_at TEXT NOT NULL,
        version BIGINT NOT NULL,
        PRIMARY KEY (run, answer_id, user_id, part)
    )
    """,
    "CREATE INDEX review_labels_by_time ON review_labels (saved_at)",
    "CREATE INDEX review_labels_by_user ON review_labels (user_id, saved_at)",
    """
    CREATE TABLE review_log (
        number {identity},
        at TEXT NOT NULL,
        actor TEXT NOT NULL,
        action TEXT NOT NULL,
        run {number} NOT NULL REFERENCES runs (number),
        answer_id TEXT NOT NULL,
        candidate_id TEXT NOT NULL,
        version BIGINT NOT NULL,
        detail {bytes} NOT NULL,
        UNIQUE (run, answer_id, version)
    )
    """,
    "CREATE INDEX review_log_by_actor ON review_log (actor, number)",
    "CREATE INDEX review_log_by_candidate ON review_log (candidate_id, run)",
    """
    CREATE TABLE candidate_decisions (
        number {identity},
        run {number} NOT NULL REFERENCES runs (number),
        candidate_id TEXT NOT NULL,
        decision TEXT NOT NULL,
        user_id TEXT NOT NULL,
        at TEXT NOT NULL,
        note {bytes} NOT NULL
    )
    """,
    "CREATE INDEX candidate_decisions_by_candidate ON candidate_decisions (run, candidate_id, number)",
)
