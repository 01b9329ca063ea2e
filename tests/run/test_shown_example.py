"""Whoever wrote a graded example is kept out of prompts as far as their contacts say who they are."""

from __future__ import annotations

from evaluator.core.examples import GradedExample
from evaluator.run.shown_example import shown_example

EXAMPLE = GradedExample(
    id="e1",
    question_id="q",
    answer="I split by time. Ask ann.lee@example.org or +44 20 7946 0958 for more, and mail ann.lee@example.org again.",
    levels={"one": 3},
    evidence={"one": ("I split by time.", "Ask ann.lee@example.org or +44 20 7946 0958 for more")},
    source="a table",
)


def test_contacts_are_taken_out_of_an_example_and_of_its_quotes() -> None:
    """The quotes still stand in the answer that is shown."""
    shown = shown_example(EXAMPLE, "identity")
    assert "ann.lee" not in shown.model_dump_json()
    assert "7946" not in shown.model_dump_json()
    assert all(quote in shown.answer for quotes in shown.evidence.values() for quote in quotes)
    assert shown.levels == EXAMPLE.levels
    assert shown_example(shown, "all") == shown


def test_an_example_without_contacts_is_shown_as_it_is() -> None:
    """So no prompt of before changes; nor does one where nothing is to be taken out."""
    plain = EXAMPLE.model_copy(update={"answer": "I split by time.", "evidence": {}})
    assert shown_example(plain, "identity") is plain
    assert shown_example(EXAMPLE, "off") is EXAMPLE
