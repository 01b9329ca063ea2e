"""Cutting a text into sentences: slices of the text, in order, whatever is in it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluator.core.sentences import sentences


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("One thing. Another one! A third?", ["One thing.", "Another one!", "A third?"]),
        ("flat from week 1? then it was a lie. ok", ["flat from week 1?", "then it was a lie.", "ok"]),
        ("first line\nsecond line\r\nthird", ["first line", "second line", "third"]),
        ("- keep income\n\n- drop the balance", ["- keep income", "- drop the balance"]),
        ("1. The label. 2. The split.", ["1. The label.", "2. The split."]),
        ("Costs 3.14 or 0.5%. Done.", ["Costs 3.14 or 0.5%.", "Done."]),
        ("Counters, e.g. per card, vs. totals.", ["Counters, e.g. per card, vs. totals."]),
        ("Nulls, zeros etc. Then retrain.", ["Nulls, zeros etc.", "Then retrain."]),
        ("A list (zeros etc.) is watched.", ["A list (zeros etc.) is watched."]),
        ('He said "stop." We stopped.', ['He said "stop."', "We stopped."]),
        ("训练集按时间切分。测试集更晚！好", ["训练集按时间切分。", "测试集更晚！", "好"]),
        ("क्या यह ठीक है? हाँ। चलो।", ["क्या यह ठीक है?", "हाँ।", "चलो।"]),
        ("Wait... what? file.csv stays whole", ["Wait...", "what?", "file.csv stays whole"]),
        ("", []),
        (" \n\t\n", []),
    ],
)
def test_a_text_is_cut_where_a_reader_would_pause(text: str, pieces: list[str]) -> None:
    """Lines and closing marks end a sentence; decimals, abbreviations and list numbers do not."""
    assert [sentence.text for sentence in sentences(text)] == pieces


@given(st.text())
def test_every_sentence_is_a_slice_of_the_text(text: str) -> None:
    """Offsets count characters of the text; sentences do not overlap and are not blank."""
    end = 0
    for sentence in sentences(text):
        assert sentence.start >= end
        assert text[sentence.start : sentence.end] == sentence.text
        assert sentence.text.strip() == sentence.text != ""
        end = sentence.end


@given(st.text())
def test_nothing_but_white_space_is_left_out(text: str) -> None:
    """Joined again, the sentences have every character with ink."""
    assert "".join("".join(sentence.text for sentence in sentences(text)).split()) == "".join(text.split())


@given(st.lists(st.text(st.characters(codec="ascii", categories=["L", "N", "P", "Zs"])), max_size=5))
def test_a_blank_line_more_changes_no_sentence(lines: list[str]) -> None:
    """Only what is written counts, not how far apart."""
    close = [sentence.text for sentence in sentences("\n".join(lines))]
    apart = [sentence.text for sentence in sentences("\n \n\n".join(lines))]
    assert close == apart
