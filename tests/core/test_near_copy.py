"""Shingles, likeness and common passages: what two answers to one question have in common."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from evaluator.core.near_copy.likeness import Commonness, likeness
from evaluator.core.near_copy.passages import common_passages
from evaluator.core.near_copy.shingles import Shingler

QUESTION = "How do you find out why the model got worse?"


def shingles(*texts: str):
    found = Shingler([QUESTION]).shingled(texts).distinct()
    return [found.numbers[found.owners == place] for place in range(len(texts))]


def test_a_run_of_three_words_is_one_shingle_whatever_stands_between_the_words():
    """Case, commas and line ends do not matter; the words and their order do."""
    one, other, turned = shingles("The label is late.", "the label,\nis LATE", "late is the label")
    assert len(one) == 2
    assert np.array_equal(one, other)
    assert not len(np.intersect1d(one, turned))


def test_what_the_question_says_is_nobodys():
    """An answer that quotes the question has none of its runs."""
    quoted, own = shingles(QUESTION + " I would look at the labels.", "I would look at the labels.")
    assert set(own) <= set(quoted)
    assert len(quoted) - len(own) == 2, "the two runs across the border of quotation and answer"


def test_scripts_without_spaces_are_cut_letter_by_letter():
    """Otherwise a whole Chinese sentence would be one word, and a copy with one sign changed would share nothing."""
    one, other = shingles("一笔付款是一个样本，只用当时已知的信息。", "一笔付款是一个例子，只用当时已知的信息。")
    assert len(np.intersect1d(one, other)) >= 8


def test_likeness_by_hand():
    """Four answers, no run in two of them but one: weights are log(1 + 4/1) and log(1 + 4/2)."""
    commonness = Commonness()
    one, other = np.array([1, 2, 3], np.uint64), np.array([3, 4], np.uint64)
    for each in (one, other, np.array([5], np.uint64), np.array([6], np.uint64)):
        commonness.count(each, 1)
    alike = likeness(one, other, commonness)
    rare, shared = math.log(5), math.log(3)
    assert math.isclose(alike.resemblance, shared / (3 * rare + shared))
    assert math.isclose(alike.containment, shared / (rare + shared))
    assert alike.shared == 1
    assert not alike.is_near_copy, "one run in common is chance"


def test_passages_are_found_wherever_they_stand_in_the_other():
    """A sentence that was moved is marked in both; two words in common are not."""
    one = "I would wait for the labels. Then I replay the logs. Thanks!"
    other = "Then I replay the logs, as the labels are late."
    assert [one[each.start : each.end] for each in common_passages(one, other)] == ["Then I replay the logs"]
    assert [other[each.start : each.end] for each in common_passages(other, one)] == ["Then I replay the logs"]


@given(st.text(max_size=300), st.text(max_size=300))
def test_passages_lie_in_the_text_in_order_and_apart(one, other):
    """Whatever two texts hold."""
    found = common_passages(one, other)
    assert all(0 <= each.start < each.end <= len(one) for each in found)
    assert all(before.end <= after.start for before, after in pairwise(found))


@given(st.lists(st.text(max_size=200), max_size=5))
def test_any_text_has_shingles_or_none(texts):
    """Half a surrogate pair, marks on nothing, the empty text: each answer's shingles come in order and once."""
    for each in shingles(*texts):
        assert np.array_equal(each, np.unique(each))
