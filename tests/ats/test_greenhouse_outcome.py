"""What Greenhouse is told of a finished test."""

from __future__ import annotations

from evaluator.ats.write_back.greenhouse import GreenhouseAssessments
from evaluator.core.outcome import Outcome, OutcomeAnswer


def test_a_question_takes_no_line_of_ours() -> None:
    """Titles are free: one may be called as the state or the note is, and both are told."""
    answers = tuple(
        OutcomeAnswer(title.lower(), title, "graded", None, score, (), (), by_person=False, waits=False)
        for title, score in (("State", 4.0), ("Note", 6.0), ("Fraud", 8.0))
    )
    outcome = Outcome("s", "c", "a", None, "screen", 4, 10.0, answers, "https://example.org", None)
    said = GreenhouseAssessments().status(outcome)["metadata"]
    assert list(said) == [
        "State", "Questionnaire", "State (question)", "Note (question)", "Fraud", "Note", "Highest score"
    ]  # fmt: skip
