"""Version 8: keys of encryption, whose replies are whose, what was taken out of answers, and what was erased."""

STATEMENTS = (
    "CREATE TABLE store_keys (name TEXT PRIMARY KEY, master TEXT, body {bytes} NOT NULL, made_at TEXT NOT NULL)",
    """
    CREATE TABLE candidate_keys (
        number {number} PRIMARY KEY,
        candidate_id TEXT NOT NULL UNIQUE,
        master TEXT NOT NULL,
        body {bytes} NOT NULL,
        made_at TEXT NOT NULL
    )
    """,
    """
    CREATE TABLE reply_candidates (
        reply {number} NOT NULL REFERENCES replies (id) ON DELETE CASCADE,
        candidate_id TEXT NOT NULL,
        PRIMARY KEY (reply, candidate_id)
    ){no_rowid}
    """,
    "CREATE INDEX reply_candidates_by_candidate ON reply_candidates (candidate_id)",
    """
    CREATE TABLE redactions (
        run {number} NOT NULL REFERENCES runs (number) ON DELETE CASCADE,
        answer_id TEXT NOT NULL,
        body {bytes} NOT NULL,
        PRIMARY KEY (run, answer_id)
    ){no_rowid}
    """,
    """
    CREATE TABLE erasures (
        number {identity},
        candidate TEXT NOT NULL,
        run TEXT,
        reason TEXT NOT NULL,
        erased_at TEXT NOT NULL,
        counts TEXT NOT NULL
    )
    """,
    "CREATE INDEX erasures_by_candidate ON erasures (candidate)",
)
