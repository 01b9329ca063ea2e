"""Finding a quote: by its characters, with offsets into the answer as it was submitted."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluator.core.span import QuoteFinder


@pytest.mark.parametrize(
    ("answer", "quote", "found"),
    [
        ("Split by time, always.", "Split by time", "Split by time"),
        ("Split  by\n time, always.", "split by TIME", "Split  by\n time"),
        ("“No return” is not “fraud”", '"No return" is not', "“No return” is not"),
        ("We don’t know yet", "don't know", "don’t know"),
        ("known — later", "known - later", "known — later"),
        ("Split by time, always.", '"Split by time"', "Split by time"),
        ("Split by time, always.", "…by time, always…", "by time, always"),
        ("café au lait", unicodedata.normalize("NFD", "café au"), "café au"),
        (unicodedata.normalize("NFD", "café au lait"), "café au", unicodedata.normalize("NFD", "café au")),
        ("Straße gesperrt", "strasse GESPERRT", "Straße gesperrt"),
        ("ﬁnal label", "final label", "ﬁnal label"),
        ("so\u200bft hy\u00adphen", "soft hyphen", "so\u200bft hy\u00adphen"),
        ("한국어 답변", unicodedata.normalize("NFD", "한국어"), "한국어"),
        ("泄漏检查很重要", "泄漏检查", "泄漏检查"),
    ],
)
def test_a_quote_is_found_where_it_stands(answer: str, quote: str, found: str) -> None:
    """Differences that carry no meaning are forgiven; the span is of the original characters."""
    span = QuoteFinder(answer).find(quote)
    assert span is not None
    assert answer[span.start : span.end] == found


@pytest.mark.parametrize(
    ("answer", "quote"),
    [
        ("Split by time", "Split by date"),
        ("Split by time", "time by Split"),
        ("Split by time", "Split … time"),
        ("Split by time", ""),
        ("Split by time", "   "),
        ("Split by time", "by"),
        ("Split by time", "…"),
        ("a : b", ":"),
        ("", "anything"),
    ],
)
def test_a_quote_is_never_found_by_its_meaning(answer: str, quote: str) -> None:
    """Other words, left out words and quotes too short to show anything are not found."""
    assert QuoteFinder(answer).find(quote) is None


text = st.text(min_size=1, max_size=60)


@given(text, text, text)
def test_any_stretch_of_an_answer_is_found_and_reads_the_same(before: str, middle: str, after: str) -> None:
    """Whatever the script, a verbatim quote long enough to show anything is found, with those very characters."""
    answer = before + middle + after
    span = QuoteFinder(answer).find(middle)
    if sum(character.isalnum() for character in middle) >= 4:
        assert span is not None
        assert answer[span.start : span.end] == middle


@given(text, st.text(max_size=30))
def test_what_is_found_lies_inside_the_answer(answer: str, quote: str) -> None:
    """Offsets are half-open and never leave the text."""
    span = QuoteFinder(answer).find(quote)
    if span is not None:
        assert 0 <= span.start < span.end <= len(answer)


@given(st.text(alphabet="abc DÉé\u0301\n\t", min_size=8, max_size=60))
def test_changing_case_space_and_form_loses_no_quote(answer: str) -> None:
    """Upper case, single spaces and composed letters still find the same words."""
    quote = " ".join(unicodedata.normalize("NFC", answer).upper().split())
    if sum(character.isalnum() for character in quote) >= 4:
        assert QuoteFinder(answer).find(quote) is not None
