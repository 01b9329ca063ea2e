"""Copies, near copies and shared candidates are found and named; honest neighbours are not."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluator.core.metrics.leakage import (
    KeptText,
    find_duplicates,
    find_leaks,
    fingerprint,
    normalised,
    separable_units,
)

LONG = (
    "I would define the positive class as a transaction that the bank later confirmed as fraud within ninety days, "
    "and I would keep chargebacks apart because they come in late and are decided by other people."
)
OTHER = (
    "For churn I take a customer who has not logged in for sixty days and whose contract ended; a pause for the "
    "summer is not churn, so seasonal accounts are labelled by their own rule that sales agreed to."
)
SHORT = "Split by time, never at random."


def one(text: str, text_id: str = "one", candidate_id: str | None = None) -> list[KeptText]:
    return [KeptText(text_id, text, candidate_id)]


@pytest.mark.parametrize(
    "variant",
    [
        LONG.upper(),
        LONG.replace(" ", "  \n"),
        LONG.replace("fi", "\N{LATIN SMALL LIGATURE FI}"),
        LONG.replace(" ", "\N{NO-BREAK SPACE}"),
    ],
    ids=["case", "spacing", "ligature", "no-break spaces"],
)
def test_a_text_in_other_clothes_has_the_same_fingerprint(variant: str) -> None:
    """Case, width and spacing do not make another text."""
    assert fingerprint(variant) == fingerprint(LONG)
    assert [leak.kind for leak in find_leaks(one(LONG), one(variant, "two"))] == ["exact copy"]


def test_a_fingerprint_is_stable() -> None:
    """SHA-256 of the normalised text: what was recorded once can be compared for ever."""
    assert fingerprint("  Hello\tWorld ") == "b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9"


@pytest.mark.parametrize(
    "variant",
    [
        LONG.replace("ninety", "sixty"),
        LONG + " That is all.",
        LONG.replace("I would", "I'd"),
    ],
    ids=["a word changed", "a sentence added", "contracted"],
)
def test_a_text_with_a_few_words_changed_is_a_near_copy(variant: str) -> None:
    """Both texts are named, with how alike they are."""
    (leak,) = find_leaks(one(LONG), one(variant, "two"))
    assert (leak.kind, leak.first_id, leak.second_id) == ("near copy", "one", "two")
    assert leak.similarity is not None
    assert 0.8 <= leak.similarity < 1
    assert str(leak) == f"one and two: near copy, {leak.similarity:.0%} alike"


def test_the_similarity_is_the_share_of_shingles_that_both_have() -> None:
    """Sixty characters and the same with one more: 56 of 57 runs of five are shared."""
    text = "abcdefghijklmnopqrstuvwxyz0123456789äöüéèêàâçñõøåæœðþłđħŋŧŵŷ"[:60]
    (leak,) = find_leaks(one(text), one(text + "!", "two"))
    assert leak.similarity == pytest.approx(56 / 57)


def test_two_answers_to_one_question_are_not_copies() -> None:
    """The same subject in other words."""
    assert find_leaks(one(LONG), one(OTHER, "two")) == ()


def test_short_texts_are_compared_by_edits() -> None:
    """One letter of a short sentence is a near copy; half of its words are not."""
    (leak,) = find_leaks(one(SHORT), one("Split by time, never at randon.", "two"))
    assert leak.kind == "near copy"
    assert find_leaks(one(SHORT), one("Split by user, always at once.", "two")) == ()


def test_what_anybody_might_write_gives_nobody_away() -> None:
    """Two people who do not know are not a leak; the bound can be moved."""
    assert find_leaks(one("I don't know."), one("I don't know.", "two")) == ()
    assert find_leaks(one("I don't know."), one("I don't know.", "two"), least_characters=1) != ()


def test_a_candidate_on_both_sides_is_named_once() -> None:
    """Two answers of Ann on one side and two on the other: one leak."""
    first = [KeptText("q1", LONG, "ann"), KeptText("q2", "", "ann"), KeptText("q3", "", None)]
    second = [KeptText("q4", OTHER, "ann"), KeptText("q5", "", "ann"), KeptText("q6", "", None)]
    (leak,) = find_leaks(first, second)
    assert str(leak) == "candidate ann is on both sides"


def test_one_copy_among_many_is_found() -> None:
    """A planted answer among three hundred is the only pair named."""
    many = [KeptText(f"a{place}", f"{place * 7919} {OTHER[place % 50 :]} {place * 104729}") for place in range(300)]
    planted = [*many[:150], KeptText("planted", LONG.replace("late", "later"))]
    assert [(leak.first_id, leak.second_id) for leak in find_leaks(one(LONG, "example"), planted)] == [
        ("example", "planted")
    ]


def test_duplicates_within_a_set_are_named_once_each() -> None:
    """A text is no copy of itself, and a pair is one pair."""
    texts = [KeptText("a", LONG), KeptText("b", OTHER), KeptText("c", LONG + " Yes."), KeptText("d", OTHER)]
    assert [(leak.kind, leak.first_id, leak.second_id) for leak in find_duplicates(texts)] == [
        ("exact copy", "b", "d"),
        ("near copy", "a", "c"),
    ]


def test_texts_that_a_split_must_not_part_are_one_unit() -> None:
    """Ann wrote a and b; b is nearly Ben's c; Cem's d is his own, so that a split has two units to part."""
    texts = [
        KeptText("a", OTHER, "ann"),
        KeptText("b", LONG, "ann"),
        KeptText("c", LONG + " Yes.", "ben"),
        KeptText("d", "Nothing that anybody else has written in this set of answers.", "cem"),
    ]
    units = separable_units(texts)
    assert units == {"a": "a", "b": "a", "c": "a", "d": "d"}
    sides = [[text for text in texts if units[text.text_id] == unit] for unit in ("a", "d")]
    assert find_leaks(*sides) == ()


@given(st.text(max_size=60))
@settings(max_examples=60, deadline=None)
def test_normalising_twice_changes_nothing(text: str) -> None:
    """A text has one normal form (checked where Unicode folding itself settles in one pass)."""
    once = normalised(text)
    assert normalised(normalised(once)) == normalised(once)


@given(st.text(alphabet="abc de", min_size=30, max_size=90), st.text(alphabet="abc de", min_size=30, max_size=90))
@settings(max_examples=40, deadline=None)
def test_it_does_not_matter_which_side_is_first(first: str, second: str) -> None:
    """A leak is a leak from either side."""
    straight = [(leak.kind, leak.similarity) for leak in find_leaks(one(first), one(second, "two"))]
    turned = [(leak.kind, leak.similarity) for leak in find_leaks(one(second, "two"), one(first))]
    assert straight == turned
