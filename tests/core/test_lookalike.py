"""Letters that are not what they look like."""

from __future__ import annotations

import pytest

from evaluator.core.lookalike import lookalikes


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Grade: \u0440ass", [(7, "p")]),  # Cyrillic er
        ("le\u0430kage and dri\u03bdft", [(2, "a"), (15, "v")]),  # Cyrillic a, Greek nu
        ("a plain answer, naïve café, 5 µm", []),
        ("\u043f\u0440\u0438\u0432\u0435\u0442, \u03bb\u03cc\u03b3\u03bf\u03c2", []),  # words of their own scripts
        ("the \u03b1 of \u03b1-beta, ROC \u2265 0.9", []),  # a letter that stands for itself
        ("", []),
    ],
)
def test_only_letters_that_pass_for_latin_ones_in_a_latin_word_are_named(text, found):
    """A disguised letter in a word is shown; other scripts, accents and symbols are left in peace."""
    assert [(each.at, each.like) for each in lookalikes(text)] == found


def test_a_long_text_without_a_space_is_read_once():
    """A hostile answer of mixed letters costs no more than its length."""
    text = "a\u0430" * 20_000
    assert sum(1 for _ in lookalikes(text)) == 20_000
