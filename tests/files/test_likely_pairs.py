"""The pairs that are likely near copies: the same as a plain count finds, and never much in memory at once."""

from __future__ import annotations

import tracemalloc
from collections import defaultdict
from itertools import combinations, pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from evaluator.core.near_copy.likeness import Commonness
from evaluator.core.near_copy.sample import FEWEST_SAMPLED, LEAST_CONTAINMENT
from evaluator.core.near_copy.shingles import Shingled
from evaluator.files.likely_pairs import LikelyPairs

Said = list[set[int]]
"""Of each answer the shingles, small numbers: all of them are sampled."""


def found(said: Said, *, at_once: int) -> list[tuple[int, int]]:
    commonness = Commonness(1 << 16)  # a cell for each shingle
    with LikelyPairs() as likely:
        for start in range(0, len(said), at_once):
            some = said[start : start + at_once]
            numbers = np.array([number for each in some for number in sorted(each)], dtype=np.uint64)
            owners = np.repeat(np.arange(len(some)), [len(each) for each in some])
            commonness.count(numbers, len(some))
            likely.take_in(Shingled(numbers, owners), np.zeros(len(some), dtype=np.uint64))
        return [(first, second) for first, second in likely.pairs(commonness).tolist()]


def plainly(said: Said) -> list[tuple[int, int]]:
    """The same by the definition: what two answers share is looked up where few have it, or they are neighbours."""
    having: dict[int, list[int]] = defaultdict(list)
    for owner, each in enumerate(said):
        for number in each:
            having[number].append(owner)
    weight = {number: float(np.float32(np.log1p(len(said) / len(owners)))) for number, owners in having.items()}
    shared: dict[tuple[int, int], list[int]] = defaultdict(list)
    for number, owners in having.items():
        near = {*pairwise(owners), *zip(owners, owners[2:], strict=False)}
        for pair in near if len(owners) > 8 else combinations(owners, 2):
            shared[pair].append(number)
    whole = [sum(weight[number] for number in each) for each in said]
    return sorted(
        (first, second)
        for (first, second), numbers in shared.items()
        if len(numbers) >= FEWEST_SAMPLED
        and sum(weight[each] for each in numbers) >= LEAST_CONTAINMENT * min(whole[first], whole[second])
    )


@given(
    st.lists(st.sets(st.one_of(st.integers(0, 5), st.integers(0, 900)), max_size=12), max_size=60),
    st.integers(1, 20),
)
def test_the_pairs_are_those_that_a_plain_count_finds(said, at_once):
    """Whatever is shared, by few or by nearly all, and in whatever groups the answers come."""
    assert found(said, at_once=at_once) == plainly(said)


def test_the_pairs_of_a_large_table_are_those_too():
    """It is read in parts and slices: 160,000 entries, of which a few shingles are in thousands of answers."""
    ranks = np.exp(np.random.default_rng(1).random((20_000, 8)) * np.log(50_000)).astype(int)
    said = [set(each) for each in ranks.tolist()]
    assert found(said, at_once=1_000) == plainly(said)


def test_what_everybody_says_takes_little_memory():
    """200,000 answers that all share one run of words: less than 80 bytes an answer while their pairs are made."""
    answers, at_once = 200_000, 10_000
    commonness = Commonness(1 << 20)
    with LikelyPairs() as likely:
        for start in range(0, answers, at_once):
            own = np.arange(start, start + at_once, dtype=np.uint64) + np.uint64(answers)
            numbers = np.stack([np.zeros(at_once, dtype=np.uint64), own], axis=1).ravel()
            commonness.count(numbers, at_once)
            likely.take_in(Shingled(numbers, np.repeat(np.arange(at_once), 2)), np.zeros(at_once, dtype=np.uint64))
        tracemalloc.start()
        try:
            assert not len(likely.pairs(commonness))
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert peak < 80 * answers
