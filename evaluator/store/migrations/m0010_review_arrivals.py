"""Version 10: grades that workers wrote, until the review queue has looked at them."""

STATEMENTS = (
    """
    CREATE TABLE review_arrivals (
        run {number} NOT NULL REFERENCES runs (number),
        number BIGINT NOT NULL,
        PRIMARY KEY (run, number)
    ){no_rowid}
    """,
)
