"""Version 13: assessments that an applicant tracking system ordered, and waits to be told of."""

STATEMENTS = (
    """
    CREATE TABLE assessments (
        number {identity},
        id TEXT NOT NULL UNIQUE,
        tenant TEXT NOT NULL,
        source TEXT NOT NULL,
        reference TEXT NOT NULL,
        test TEXT NOT NULL,
        application_id TEXT NOT NULL,
        candidate_id TEXT NOT NULL,
        answer_to TEXT,
        state TEXT NOT NULL,
        made_at TEXT NOT NULL,
        UNIQUE (tenant, source, reference)
    )
    """,
    "CREATE INDEX assessments_by_application ON assessments (tenant, source, application_id)",
    "CREATE INDEX assessments_by_candidate ON assessments (candidate_id)",
    "CREATE INDEX submissions_by_application ON submissions (application_id)",
    "ALTER TABLE outbound ADD COLUMN assessment TEXT",
)
