"""Durable work on DBOS: what is enqueued is graded, whichever worker ends meanwhile."""
