"""Version 9: counts of the queue, and what is handed to somebody, without looking at the whole of it."""

STATEMENTS = (
    "CREATE INDEX review_items_assigned ON review_items (assigned_to, state, rank, id) WHERE assigned_to IS NOT NULL",
    "CREATE INDEX review_items_counts ON review_items (state, flags)",
    "CREATE INDEX review_items_counts_of_run ON review_items (run, state, flags)",
    "CREATE INDEX review_items_counts_of_question ON review_items (question_id, state, flags)",
)
