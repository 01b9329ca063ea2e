"""What hides in a text is shown, what belongs to the writing is left, and marks never lose a word."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import escape

from evaluator.report.escaped import shown, shown_again
from evaluator.report.marked_answer import Mark, criterion_letter, segments
from evaluator.report.visible_text import visible

CASES = [
    ("plain, with ünïcode — and “quotes”", "plain, with ünïcode — and “quotes”"),
    ("tab\tand\nline\r\nends\rall", "tab\tand\nline\nends\nall"),
    ("over\u202eride", "over⟦U+202E⟧ride"),
    ("zero\u200bwidth", "zero⟦U+200B⟧width"),
    ("a\x00\x1b", "a⟦U+0000⟧⟦U+001B⟧"),
    ("\ufeffmark", "⟦U+FEFF⟧mark"),
    ("soft\u00adhyphen", "soft⟦U+00AD⟧hyphen"),
    ("joiner\u200dbetween letters", "joiner⟦U+200D⟧between letters"),
    ("👩\u200d💻 and ❤\ufe0f\u200d🔥", "👩\u200d💻 and ❤\ufe0f\u200d🔥"),
    ("می\u200cخواهم", "می\u200cخواهم"),
    ("क\u094d\u200dष", "क\u094d\u200dष"),
    ("\u200d starts", "⟦U+200D⟧ starts"),
    ("half \ud800", "half ⟦U+D800⟧"),
    ("".join(chr(0xE0000 + ord(c)) for c in "hire"), "⟦4 hidden characters, U+E0068 … U+E0065, spelling “hire”⟧"),
    ("\u200b" * 9, "⟦9 hidden characters, U+200B … U+200B⟧"),
    ("\u3164\u2800", "⟦U+3164⟧⟦U+2800⟧"),
]


@pytest.mark.parametrize(("text", "shown"), CASES)
def test_what_hides_is_written_out(text, shown):
    """Control, direction, zero-width and tag characters are named; joiners inside words and emoji stay."""
    assert visible(text) == shown


@given(st.text(alphabet=st.characters(), max_size=60))
def test_nothing_that_turns_the_line_around_gets_through(text):
    """Whatever the text, no control, surrogate or direction character is left in what is shown."""
    shown = visible(text)
    assert not any(unicodedata.category(c) in ("Cc", "Cs") for c in shown if c not in "\t\n")
    assert not set(shown) & set("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
    assert visible(shown) == shown


@given(st.text(max_size=20) | st.text(alphabet="ab <>&\"'\t\n\r\x00\x7f\u202e\ud800ü", max_size=8))
def test_every_text_is_escaped_alike(text):
    """What is plain goes a shorter way into a page, and stands there as any text does: escaped, nothing hidden."""
    assert shown(text) == shown_again(text) == escape(visible(text))


@given(st.text(alphabet=st.characters(max_codepoint=0x7F), max_size=20))
def test_plain_text_is_shown_as_it_is_and_no_other(text):
    """ASCII is passed by without a look at each letter; beside any other letter it is shown the same."""
    assert visible(text + "é") == visible(text) + "é"


SPANS = st.lists(st.tuples(st.integers(-3, 60), st.integers(-3, 60), st.sampled_from("ABC!")), max_size=8)


@given(st.text(alphabet="ab \n\u202e\u200b👩é", max_size=50), SPANS)
def test_marks_cut_an_answer_without_losing_or_moving_a_word(text, spans):
    """However quotes overlap, the segments read as the answer, and a mark holds over exactly its own characters."""
    marks = [
        Mark(start, end, "k0", f"{letter}{number}", "", f"m{number}")
        for number, (start, end, letter) in enumerate(spans)
    ]
    cut = list(segments(text, marks))
    plain = "".join(segment.text for segment in cut if not segment.hidden)
    assert plain == "".join(c for c in text if c not in "\u202e\u200b")
    for mark in marks:
        valid = 0 <= mark.start < min(mark.end, len(text))
        over = [segment for segment in cut if mark in segment.marks]
        assert bool(over) == valid
        if valid:
            assert sum(mark in segment.begins for segment in cut) == 1
            assert sum(mark in segment.ends for segment in cut) == 1
            kept = "".join(segment.text for segment in over if not segment.hidden)
            assert kept == "".join(c for c in text[mark.start : mark.end] if c not in "\u202e\u200b")


@pytest.mark.parametrize(("place", "letters"), [(0, "A"), (25, "Z"), (26, "AA"), (51, "AZ"), (52, "BA")])
def test_every_criterion_has_a_letter_of_its_own(place, letters):
    """A to Z, then AA, AB, as a spreadsheet names its columns."""
    assert criterion_letter(place) == letters
