"""Version 1: the ledger."""

STATEMENTS = (
    """
    CREATE TABLE replies (
        id {identity},
        fingerprint TEXT NOT NULL UNIQUE,
        body {bytes} NOT NULL,
        model TEXT,
        usage TEXT NOT NULL,
        kept_at TEXT NOT NULL
    )
    """,
)
