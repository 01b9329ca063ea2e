"""What in an answer speaks to its grader instead of answering: found by code, before and beside any model."""
