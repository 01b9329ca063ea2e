"""Submissions in the workers' queue, and the events that tell others what became of them."""

STATEMENTS = (
    "ALTER TABLE work_chunks ADD COLUMN lane TEXT NOT NULL DEFAULT 'bulk'",
    "ALTER TABLE work_chunks ADD COLUMN submission {number} REFERENCES submissions (number)",
    "DROP INDEX work_chunks_by_turn",
    "CREATE INDEX work_chunks_by_turn ON work_chunks (lane, state, priority)",
    """
    CREATE TABLE outbound (
        number {identity},
        id TEXT NOT NULL UNIQUE,
        kind TEXT NOT NULL,
        tenant TEXT NOT NULL,
        run {number} NOT NULL REFERENCES runs (number),
        submission {number} REFERENCES submissions (number),
        candidate_id TEXT NOT NULL,
        body {bytes},
        state TEXT NOT NULL,
        made_at TEXT NOT NULL
    )
    """,
    "CREATE INDEX outbound_by_state ON outbound (state, number)",
    "CREATE INDEX outbound_by_candidate ON outbound (candidate_id)",
    """
    CREATE TABLE deliveries (
        event {number} NOT NULL REFERENCES outbound (number),
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
    "CREATE INDEX deliveries_by_state ON deliveries (state, due_at)",
    "CREATE INDEX deliveries_by_flow ON deliveries (target, flow, event)",
)
