"""Redaction: what tells who wrote an answer is taken out of what a grader reads, and every quote finds its way back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.redaction import measure
from evaluator.core.contact_search import Found
from evaluator.core.identity import Identity
from evaluator.core.redaction import Redaction, redact, redaction_of
from evaluator.core.span import Span

MARK = Identity(names=("Mark", "Page"), emails=("mark.page@example.com",), links=("github.com/mpage-x",))


@pytest.mark.parametrize("split", ["development", "held_out"])
def test_what_the_table_has_of_a_person_is_found_wherever_it_is_written(split: str) -> None:
    """Every name, address, phone number and link of every made-up person, in every passage."""
    tally = measure("identity", split)
    assert tally.misses == []
    assert sum(tally.of.values()) > 400
    # Texts that name nobody, held against every person of the split: a name that is also a word is mostly told apart.
    assert tally.technical_gone / tally.technical_words < 0.001
    assert tally.gone / tally.words < 0.001


@pytest.mark.parametrize("split", ["development", "held_out"])
def test_contacts_that_no_table_has_are_found_by_their_form(split: str) -> None:
    """E-mail addresses, phone numbers, links and postal addresses of twenty countries; figures and code stay."""
    tally = measure("all", split)
    found, of = sum(tally.found.values()), sum(tally.of.values())
    assert found / of >= 0.98, tally.misses
    assert tally.technical_gone / tally.technical_words <= 0.005, tally.extras


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("We mark the rows and page through them.", "We mark the rows and page through them."),
        ("Markov chains, page views, bookmarks, Pages.", "Markov chains, page views, bookmarks, Pages."),
        ("I am Mark Page.", "I am [NAME_1]."),
        ("mark page here", "[NAME_1] here"),
        ("Page, Mark", "[NAME_1]"),
        ("M. Page wrote it", "[NAME_1] wrote it"),
        ("Ask Mark, or mail MARK.PAGE@EXAMPLE.COM", "Ask [NAME_1], or mail [EMAIL_1]"),
        ("see https://www.github.com/mpage-x/churn.", "see [LINK_1]."),
        ("my handle is mpage-x", "my handle is [HANDLE_1]"),
        ("Mark all rows that leak. Page 3 has the plot.", "Mark all rows that leak. Page 3 has the plot."),
        ("Regards,\nMark", "Regards,\n[NAME_1]"),
        ("[NAME_1] is not me, Mark Page is", "[NAME_1] is not me, [NAME_2] is"),
    ],
)
def test_a_name_that_is_also_a_word(text: str, read: str) -> None:
    """Whole words only; a word in small letters, or at the beginning of a sentence, is that word."""
    assert redact(text, MARK, "identity").text == read


def test_off_and_an_answer_of_nobody_known_are_left_alone() -> None:
    """Nothing is replaced where nothing is known, or where it is not wanted."""
    text = "I am Mark Page, mark.page@example.com"
    assert redact(text, MARK, "off") == Redaction(text, text)
    assert redact(text, None, "identity") == Redaction(text, text)


def test_the_same_words_get_the_same_placeholder() -> None:
    """A grader can still see that one person is spoken of twice."""
    redaction = redact("Ana Bell did it. ANA BELL again, not Ana.", Identity(names=("Ana Bell",)), "identity")
    assert redaction.text == "[NAME_1] did it. [NAME_1] again, not [NAME_2]."


def test_a_quote_is_found_in_the_answer_as_it_was_submitted() -> None:
    """What a grader quotes of the text it read has its place in the candidate's own text, and their own words."""
    text = "Hello, I am Priyanka Rao (rao@example.org): train on the past."
    redaction = redact(text, Identity(names=("Priyanka Rao",), emails=("rao@example.org",)), "identity")
    quote = "I am [NAME_1] ([EMAIL_1]): train"
    span = redaction.finder().find(quote)
    assert span is not None
    assert text[span.start : span.end] == "I am Priyanka Rao (rao@example.org): train"
    assert redaction.restored(quote) == "I am Priyanka Rao (rao@example.org): train"
    assert redaction.finder().find("I am Priyanka Rao") is None


@pytest.mark.parametrize("odd", ["12 \u00ad Elm Street", "12 \u0301, Elm Street", "\u00ad", "12\u00ad Elm Street"])
def test_an_address_with_a_lone_accent_or_soft_hyphen_is_read_without_it(odd: str) -> None:
    """Tables that went through a word processor have them, in an address and in an answer."""
    who = Identity(names=("Ana Bell",), addresses=(odd,))
    at_home = redact("I work from 12 Elm \u00ad Street, so", who, "identity").text
    assert at_home == ("I work from [ADDRESS_1], so" if "Elm" in odd else "I work from 12 Elm \u00ad Street, so")


ANYTHING = st.text(st.characters(), max_size=60)


@given(st.lists(st.tuples(ANYTHING, st.booleans()), max_size=8))
def test_the_map_leads_back_from_any_unicode(pieces: list[tuple[str, bool]]) -> None:
    """Whatever the answer holds, half surrogate pairs and placeholders of its own too: putting the words back gives it
    to the letter, and every span of what was read has its span of what was submitted.
    """
    text, found = "", []
    for piece, is_personal in pieces:
        if is_personal and piece:
            found.append(Found(Span(len(text), len(text) + len(piece)), "name"))
        text += piece
    redaction = redaction_of(text, found)
    back, last = "", 0
    for each in redaction.replacements:
        at = redaction.text.index(each.placeholder, last)
        back += redaction.text[last:at] + text[each.start : each.end]
        last = at + len(each.placeholder)
    assert back + redaction.text[last:] == text
    whole = redaction.original_span(Span(0, len(redaction.text)))
    assert (whole.start, whole.end) == (0, len(text)) or not text
    for start in range(0, len(redaction.text), 3):
        span = redaction.original_span(Span(start, len(redaction.text)))
        assert 0 <= span.start <= span.end == len(text)


ODD_LINKS = st.sampled_from(["https://[::1/jdoe", "https://a]b.example/x", "http://a:99999/x", "//[", "@", "mailto:"])


@given(
    st.text(max_size=300),
    st.lists(st.text(min_size=1, max_size=12), min_size=1, max_size=3),
    st.lists(ODD_LINKS | st.text(min_size=1, max_size=12), max_size=3),
)
def test_any_text_and_any_name_is_read_without_a_failure(text: str, names: list[str], others: list[str]) -> None:
    """Tables hold odd names and answers odd characters; what is found are places of the text, in order and apart."""
    known = Identity(*map(tuple, (names, others, others, others, others)))
    for how in ("identity", "all"):
        redaction = redact(text, known, how)
        ends = [0, *(each.end for each in redaction.replacements)]
        assert all(each.start >= end for each, end in zip(redaction.replacements, ends, strict=False))
        assert redaction.original == text
