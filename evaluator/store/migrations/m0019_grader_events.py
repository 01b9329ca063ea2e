"""Version 19: events that belong to no run, such as that the grader drifted, and what a canary's alarm was about.

PostgreSQL lets a column have no value from now on. SQLite has no such change: the tables are written anew, what they
held before is overwritten, and `outbound` is dropped when nothing refers to it any more.
"""

STATEMENTS = ("ALTER TABLE scheduled_runs ADD COLUMN reasons TEXT",)
POSTGRESQL = ("ALTER TABLE outbound ALTER COLUMN run DROP NOT NULL",)
SQLITE = (
    "PRAGMA secure_delete = ON",
    """
    CREATE TABLE outbound_anew (
        number {identity},
        id TEXT NOT NULL UNIQUE,
        kind TEXT NOT NULL,
        tenant TEXT NOT NULL,
        run {number} REFERENCES runs (number),
        submission {number} REFERENCES submissions (number),
        candidate_id TEXT NOT NULL,
        body {bytes},
        state TEXT NOT NULL,
        made_at TEXT NOT NULL,
        answer_id TEXT,
        version BIGINT,
        assessment TEXT
    )
    """,
    """
    CREATE TABLE deliveries_anew (
        event {number} NOT NULL REFERENCES outbound_anew (number),
        target TEXT NOT NULL,
        flow TEXT NOT NULL,
        state TEXT NOT NULL,
        tries BIGINT NOT NULL,
        due_at TEXT NOT NULL,
        claimed_by TEXT,
        reason TEXT,
        settled_at TEXT,
        PRIMARY KEY (event, target)
    )
    """,
    """
    INSERT INTO outbound_anew
    SELECT number, id, kind, tenant, run, submission, candidate_id, body, state, made_at, answer_id, version, assessment
    FROM outbound
    """,
    """
    INSERT INTO deliveries_anew
    SELECT event, target, flow, state, tries, due_at, claimed_by, reason, settled_at FROM deliveries
    """,
    "DROP TABLE deliveries",
    "DROP TABLE outbound",
    "ALTER TABLE outbound_anew RENAME TO outbound",
    "ALTER TABLE deliveries_anew RENAME TO deliveries",
    "CREATE INDEX outbound_by_state ON outbound (state, number)",
    "CREATE INDEX outbound_by_candidate ON outbound (candidate_id)",
    "CREATE INDEX deliveries_by_state ON deliveries (state, due_at)",
    "CREATE INDEX deliveries_by_flow ON deliveries (target, flow, event)",
)
