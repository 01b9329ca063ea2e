"""Version 4: who may use the pages, how they sign in, and the log of it."""

STATEMENTS = (
    """
    CREATE TABLE users (
        id TEXT PRIMARY KEY,
        name TEXT NOT NULL UNIQUE,
        role TEXT NOT NULL,
        password_hash TEXT,
        made_at TEXT NOT NULL,
        disabled_at TEXT
    )
    """,
    """
    CREATE TABLE sign_in_links (
        token_hash TEXT PRIMARY KEY,
        user_id TEXT NOT NULL REFERENCES users (id),
        made_by TEXT NOT NULL,
        made_at TEXT NOT NULL,
        expires_at TEXT NOT NULL,
        used_at TEXT
    )
    """,
    "CREATE INDEX sign_in_links_by_user ON sign_in_links (user_id)",
    """
    CREATE TABLE sign_in_sessions (
        id TEXT PRIMARY KEY,
        token_hash TEXT NOT NULL UNIQUE,
        user_id TEXT NOT NULL REFERENCES users (id),
        made_at TEXT NOT NULL,
        seen_at TEXT NOT NULL,
        expires_at TEXT NOT NULL,
        ended_at TEXT
    )
    """,
    "CREATE INDEX sign_in_sessions_by_user ON sign_in_sessions (user_id)",
    """
    CREATE TABLE sign_in_devices (
        token_hash TEXT PRIMARY KEY,
        user_id TEXT NOT NULL REFERENCES users (id),
        made_at TEXT NOT NULL
    )
    """,
    "CREATE INDEX sign_in_devices_by_user ON sign_in_devices (user_id)",
    """
    CREATE TABLE sign_in_failures (
        subject TEXT PRIMARY KEY,
        failures BIGINT NOT NULL,
        last_at TEXT NOT NULL
    )
    """,
    """
    CREATE TABLE run_access (
        run {number} NOT NULL REFERENCES runs (number),
        user_id TEXT NOT NULL REFERENCES users (id),
        given_by TEXT NOT NULL,
        given_at TEXT NOT NULL,
        PRIMARY KEY (run, user_id)
    )
    """,
    "CREATE INDEX run_access_by_user ON run_access (user_id)",
    """
    CREATE TABLE audit_log (
        number {identity},
        at TEXT NOT NULL,
        actor TEXT NOT NULL,
        action TEXT NOT NULL,
        about TEXT NOT NULL,
        detail TEXT NOT NULL
    )
    """,
    "CREATE INDEX audit_log_by_about ON audit_log (about, number)",
    "CREATE INDEX audit_log_by_actor ON audit_log (actor, number)",
)
