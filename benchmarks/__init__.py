"""Measurements of the grader as a whole: a mock endpoint, the clients beside it, and the tables they make."""
