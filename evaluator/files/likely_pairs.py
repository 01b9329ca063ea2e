"""Pairs of answers that are likely near copies: those that share enough of a sample of their shingles, found on disk.

Of each answer a quarter of its shingles are kept: those that a hash chooses, so the same ones in every answer. What
waits goes to temporary files, to be read again in parts.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from itertools import pairwise
from tempfile import SpooledTemporaryFile
from types import TracebackType
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from evaluator.core.near_copy.likeness import Commonness
from evaluator.core.near_copy.sample import FEWEST_SAMPLED, LEAST_CONTAINMENT, is_sampled
from evaluator.core.near_copy.shingles import Numbers, Shingled

Pairs = npt.NDArray[np.uint32]
"""A row a pair: the places of two answers among all, the earlier one first."""
_FINEST, _A_PART = 256, 100_000  # parts at most; values in one, until there are that many
_ALL_PAIRS = 8  # answers that share a shingle and are all compared; of more, each with the two before it
_NEIGHBOURS = 2
_ENTRY = np.dtype([("key", np.uint64), ("number", np.uint64), ("owner", np.uint32)])
_PAIR = np.dtype([("pair", np.uint64), ("weight", np.float32)])
_IN_MEMORY = 4 * 1024 * 1024  # bytes


class LikelyPairs:
    """Takes in the shingles of answers, then says which pairs are to be compared as a whole. Use it in a `with`."""

    def __init__(self) -> None:
        self._files = ExitStack()
        self._entries = self._files.enter_context(_Parts(_ENTRY))
        self._shared = self._files.enter_context(_Parts(_PAIR))
        self._answers = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._files.close()

    def take_in(self, found: Shingled, salts: Numbers) -> None:
        """The shingles of some more answers; `salts` has a number for each that is another for another question."""
        kept = is_sampled(found.numbers)
        sample = Shingled(found.numbers[kept], found.owners[kept]).distinct()
        entries = np.empty(len(sample.numbers), dtype=_ENTRY)
        entries["key"], entries["number"] = sample.numbers ^ salts[sample.owners], sample.numbers
        entries["owner"] = sample.owners + self._answers
        self._answers += len(salts)
        self._entries.add(entries, entries["key"])

    def pairs(self, commonness: Commonness) -> Pairs:
        """The pairs that share enough of the sample, in order. To be asked once, when all are taken in."""
        whole = np.zeros(self._answers, dtype=np.float32)
        for entries in self._entries:
            shared = _pairs_within(entries, commonness, whole)
            self._shared.add(shared, _first(shared["pair"]))
        kept = [np.empty(0, np.uint64)]
        for shared in self._shared:
            pairs, places, times = np.unique(shared["pair"], return_inverse=True, return_counts=True)
            weight = np.bincount(places, shared["weight"])
            least = LEAST_CONTAINMENT * np.minimum(whole[_first(pairs)], whole[_second(pairs)])
            kept.append(pairs[(weight >= least) & (times >= FEWEST_SAMPLED)])
        found = np.sort(np.concatenate(kept))
        return np.stack([_first(found), _second(found)], axis=1)


class _Parts:
    """Values in one temporary file, in memory while it is small, to be read again in parts by a number of theirs."""

    def __init__(self, kind: np.dtype[Any]) -> None:
        self._kind = kind
        self._file = SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 closed by whoever enters it
        self._borders: list[npt.NDArray[np.int64]] = []
        self._end = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def add(self, values: npt.NDArray[Any], by: npt.NDArray[Any]) -> None:
        """Writes some more; those with the same number in `by` come in the same part."""
        remainders = by % _FINEST
        order = np.argsort(remainders, kind="stable")
        self._file.write(values[order].tobytes())
        self._borders.append(self._end + np.searchsorted(remainders[order], np.arange(_FINEST + 1)))
        self._end += len(values)

    def __iter__(self) -> Iterator[npt.NDArray[Any]]:
        """The values, part by part."""
        parts = min(_FINEST, 1 + self._end // _A_PART)
        for first, last in pairwise(np.linspace(0, _FINEST, parts + 1, dtype=np.int64).tolist()):
            pieces = [self._read(borders[first], borders[last]) for borders in self._borders]
            yield np.frombuffer(b"".join(pieces), dtype=self._kind)

    def _read(self, start: int, end: int) -> bytes:
        self._file.seek(int(start) * self._kind.itemsize)
        return self._file.read(int(end - start) * self._kind.itemsize)


def _first(pairs: Numbers) -> Pairs:
    return (pairs >> np.uint64(32)).astype(np.uint32)


def _second(pairs: Numbers) -> Pairs:
    return pairs.astype(np.uint32)  # the low half


def _pairs_within(
    entries: npt.NDArray[Any], commonness: Commonness, whole: npt.NDArray[np.float32]
) -> npt.NDArray[Any]:
    """Pairs of answers that share a shingle, with what it counts: all of a few, of many each with the two before it.

    What each answer's shingles count is added to `whole`.
    """
    entries = entries[np.lexsort((entries["owner"], entries["key"]))]
    keys, owners = entries["key"], entries["owner"]
    borders = np.flatnonzero(np.concatenate([[True], keys[1:] != keys[:-1], [True]]))
    lengths = np.repeat(np.diff(borders), np.diff(borders))
    weights = commonness.weights(entries["number"]).astype(np.float32)
    np.add.at(whole, owners, weights)
    found = [np.empty(0, dtype=_PAIR)]
    for apart in range(1, _ALL_PAIRS):
        same = keys[:-apart] == keys[apart:]
        if apart > _NEIGHBOURS:
            same &= lengths[:-apart] <= _ALL_PAIRS
        pairs = np.empty(int(same.sum()), dtype=_PAIR)
        pairs["pair"] = owners[:-apart][same].astype(np.uint64) << np.uint64(32) | owners[apart:][same]
        pairs["weight"] = weights[:-apart][same]
        found.append(pairs)
    return np.concatenate(found)
