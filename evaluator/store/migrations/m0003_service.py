"""The service's doors: events as they rang, submissions with their answers, and keys of the API."""

STATEMENTS = (
    """
    CREATE TABLE inbox (
        number {identity},
        id TEXT NOT NULL UNIQUE,
        tenant TEXT NOT NULL,
        source TEXT NOT NULL,
        event_id TEXT NOT NULL,
        content_sha256 TEXT NOT NULL,
        kind TEXT NOT NULL,
        purpose TEXT NOT NULL,
        headers {bytes},
        body {bytes},
        candidate_id TEXT,
        survivor_id TEXT,
        state TEXT NOT NULL,
        reason TEXT,
        detail {bytes},
        submission TEXT,
        attempts BIGINT NOT NULL,
        received_at TEXT NOT NULL,
        settled_at TEXT,
        UNIQUE (tenant, source, event_id),
        UNIQUE (tenant, source, content_sha256)
    )
    """,
    "CREATE INDEX inbox_by_state ON inbox (state, number)",
    "CREATE INDEX inbox_by_candidate ON inbox (candidate_id)",
    "CREATE INDEX inbox_by_survivor ON inbox (survivor_id)",
    """
    CREATE TABLE submissions (
        number {identity},
        id TEXT NOT NULL UNIQUE,
        tenant TEXT NOT NULL,
        source TEXT NOT NULL,
        idempotency_key TEXT NOT NULL,
        content_sha256 TEXT NOT NULL,
        candidate_id TEXT NOT NULL,
        application_id TEXT,
        job TEXT,
        questionnaire TEXT NOT NULL,
        lane TEXT NOT NULL,
        context {bytes} NOT NULL,
        received_at TEXT NOT NULL,
        state TEXT NOT NULL,
        reason TEXT,
        run {number} REFERENCES runs (number),
        completed_at TEXT,
        attempts BIGINT NOT NULL,
        UNIQUE (tenant, source, idempotency_key)
    )
    """,
    "CREATE INDEX submissions_by_state ON submissions (state, number)",
    "CREATE INDEX submissions_by_candidate ON submissions (candidate_id)",
    """
    CREATE TABLE submission_answers (
        submission {number} NOT NULL REFERENCES submissions (number),
        question_id TEXT NOT NULL,
        body {bytes} NOT NULL,
        absent TEXT,
        PRIMARY KEY (submission, question_id)
    )
    """,
    """
    CREATE TABLE api_keys (
        id TEXT PRIMARY KEY,
        tenant TEXT NOT NULL,
        name TEXT NOT NULL,
        secret_sha256 TEXT NOT NULL,
        scopes TEXT NOT NULL,
        created_at TEXT NOT NULL,
        expires_at TEXT,
        revoked_at TEXT,
        last_used_at TEXT
    )
    """,
)
