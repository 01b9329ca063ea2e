"""Shingles: an answer as the set of its runs of words, each a number, for as many answers at a time as are at hand.

A run is three words; in a script without spaces five characters. What the questions say is left out. The numbers
are the same on every machine and in every run.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import chain

import numpy as np
import numpy.typing as npt

from evaluator.core.near_copy.letters import LETTER_OR_WORD, UNSPACED

Numbers = npt.NDArray[np.uint64]

_WORD = re.compile(r"[^\W_]+")
# ASCII in lower case, and a space for whatever is no letter or digit: many times as fast as a pattern.
_WORDS_ONLY = bytes(each if chr(each).isalnum() and each < 128 else 32 for each in range(256)).lower()
_MOST_KNOWN = 20_000
_OF_WORDS, _OF_LETTERS = 3, 5
# Odd constants of 64 bits, one for each place in a run, and those of splitmix64 (Steele, Lea and Flood 2014).
_PLACES = np.array(
    [0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0x27D4EB2F165667C5, 0x85EBCA77C2B2AE63],
    dtype=np.uint64,
)
_MIX_1, _MIX_2 = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)


@dataclass(frozen=True, slots=True)
class Shingled:
    """The shingles of several answers; `owners` says beside each number whose it is, by place in the texts."""

    numbers: Numbers
    owners: npt.NDArray[np.int64]

    def distinct(self) -> Shingled:
        """One answer after the other, each answer's in order and without repeats."""
        order = np.lexsort((self.numbers, self.owners))
        numbers, owners = self.numbers[order], self.owners[order]
        fresh = np.ones(len(numbers), dtype=bool)
        fresh[1:] = (numbers[1:] != numbers[:-1]) | (owners[1:] != owners[:-1])
        return Shingled(numbers[fresh], owners[fresh])


class Shingler:
    """Makes shingles of texts. It remembers words, up to a limit: most are seen again and again."""

    def __init__(self, questions: Sequence[str]) -> None:
        self._words = _WordNumbers()
        self._given = np.empty(0, np.uint64)
        self._given = np.unique(self.shingled(questions).numbers)

    def shingled(self, texts: Sequence[str]) -> Shingled:
        """The shingles of these answers, with repeats, without what the questions say."""
        by_size: dict[int, list[int]] = {}
        said: list[list[int]] = []
        for place, text in enumerate(texts):
            words, size = self._said(text)
            said.append(words)
            by_size.setdefault(size, []).append(place)
        numbers, owners = [], []
        for size, places in by_size.items():
            found, whose = _runs([said[place] for place in places], size)
            numbers.append(found)
            owners.append(np.array(places, dtype=np.int64)[whose])
        if not numbers:
            return Shingled(np.empty(0, np.uint64), np.empty(0, np.int64))
        every = Shingled(np.concatenate(numbers), np.concatenate(owners))
        own = ~_is_in(every.numbers, self._given)
        return Shingled(every.numbers[own], every.owners[own])

    def salts(self, questions: Sequence[str]) -> Numbers:
        """A number for each of these questions, by id, that tells its shingles from another's."""
        return np.array([self._words.of(f"question {name}") for name in questions], dtype=np.uint64)

    def _said(self, text: str) -> tuple[list[int], int]:
        if text.isascii():
            said = text.encode("ascii").translate(_WORDS_ONLY).split()
            return list(map(self._words.__getitem__, said)), _OF_WORDS
        lowered = text.lower()
        if not UNSPACED.search(lowered):
            return list(map(self._words.of, _WORD.findall(lowered))), _OF_WORDS
        words = list(map(self._words.of, LETTER_OR_WORD.findall(lowered)))
        letters = len(UNSPACED.findall(text))
        return words, _OF_LETTERS if 2 * letters > len(words) else _OF_WORDS


class _WordNumbers(dict[bytes, int]):
    """By word in UTF-8: 64 bits of its BLAKE2b. Grown too large, it forgets all."""

    def __missing__(self, word: bytes) -> int:
        if len(self) >= _MOST_KNOWN:
            self.clear()
        number = self[word] = int.from_bytes(blake2b(word, digest_size=8).digest(), "little")
        return number

    def of(self, word: str) -> int:
        """The number of a word."""
        return self[word.encode("utf-8", "surrogatepass")]


def _runs(texts: Sequence[list[int]], size: int) -> tuple[Numbers, npt.NDArray[np.int64]]:
    """Every run of `size` words as a number, and which text it is from."""
    lengths = np.array([len(each) for each in texts], dtype=np.int64)
    joined = np.fromiter(chain.from_iterable(texts), dtype=np.uint64, count=int(lengths.sum()))
    last = len(joined) - size + 1
    if last <= 0:
        return np.empty(0, np.uint64), np.empty(0, np.int64)
    owners = np.repeat(np.arange(len(texts)), lengths)
    with np.errstate(over="ignore"):
        runs = joined[:last] * _PLACES[0]
        for place in range(1, size):
            runs += joined[place : last + place] * _PLACES[place]
        whole = owners[:last] == owners[size - 1 :]
        return _mixed(runs[whole]), owners[:last][whole]


def _mixed(numbers: Numbers) -> Numbers:
    """The finishing steps of splitmix64: every bit of the result depends on every bit that goes in."""
    numbers = (numbers ^ (numbers >> np.uint64(30))) * _MIX_1
    numbers = (numbers ^ (numbers >> np.uint64(27))) * _MIX_2
    return numbers ^ (numbers >> np.uint64(31))


def _is_in(numbers: Numbers, wanted: Numbers) -> npt.NDArray[np.bool_]:
    """Which of the numbers are among `wanted`, which is sorted."""
    if not len(wanted):
        return np.zeros(len(numbers), dtype=bool)
    place = np.minimum(np.searchsorted(wanted, numbers), len(wanted) - 1)
    found: npt.NDArray[np.bool_] = wanted[place] == numbers
    return found
