"""Version 12: scheduled work, and each time that it was due."""

STATEMENTS = (
    """
    CREATE TABLE scheduled_jobs (
        name TEXT PRIMARY KEY NOT NULL,
        cron TEXT NOT NULL,
        next_at TEXT NOT NULL,
        set_at TEXT NOT NULL
    )
    """,
    """
    CREATE TABLE scheduled_runs (
        name TEXT NOT NULL,
        due_at TEXT NOT NULL,
        state TEXT NOT NULL,
        owner TEXT,
        tries BIGINT NOT NULL,
        started_at TEXT,
        ended_at TEXT,
        said TEXT,
        told_apart TEXT,
        is_reference BOOLEAN NOT NULL,
        body {bytes},
        PRIMARY KEY (name, due_at)
    )
    """,
)
