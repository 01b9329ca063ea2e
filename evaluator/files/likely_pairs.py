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
_REMAINDERS = np.arange(_FINEST + 1, dtype=np.uint16)
_A_SLICE, _A_BLOCK = 50_000, 10_000  # values of a part that are held at once, and read
_SAMPLED = 20  # of so many values one says where the slices begin
_AT_ONCE = 20_000  # entries whose pairs are made at once
_ALL_PAIRS = 8  # answers that share a shingle and are all compared; of more, each with the two before it
_NEIGHBOURS = 2
_ENTRY = np.dtype([("key", np.uint64), ("number", np.uint64), ("owner", np.uint32)])
_PAIR = np.dtype([("pair", np.uint64), ("weight", np.float32)])
_IN_MEMORY = 4 * 1024 * 1024  # bytes


class LikelyPairs:
    """Takes in the shingles of answers, then says which pairs are to be compared as a whole. Use it in a `with`."""

    def __init__(self) -> None:
        self._files = ExitStack()
        self._entries = self._files.enter_context(_Parts(_ENTRY, "key"))
        self._shared = self._files.enter_context(_Parts(_PAIR, "pair"))
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
            for shared in _pairs_within(entries, commonness, whole):
                self._shared.add(shared, _first(shared["pair"]))
            del entries  # before the next are read
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

    def __init__(self, kind: np.dtype[Any], by: str) -> None:
        """`by`: the field of a value; those in which it is the same are read at once."""
        self._kind = kind
        self._by = by
        self._file = SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 closed by whoever enters it
        # Where in what was added at once each part begins, and the last one ends: many small arrays are holes later.
        self._borders = bytearray()
        self._end = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def add(self, values: npt.NDArray[Any], parted_by: npt.NDArray[np.unsignedinteger[Any]]) -> None:
        """Writes some more; `parted_by` is the same for all whose field is, and leaves other remainders for others."""
        remainders = (parted_by % _FINEST).astype(np.uint16)  # numbers this small are sorted in no time
        order = np.argsort(remainders, kind="stable")
        self._file.write(values[order].tobytes())
        self._borders += np.searchsorted(remainders[order], _REMAINDERS).astype(np.uint32).tobytes()
        self._end += len(values)

    def __iter__(self) -> Iterator[npt.NDArray[Any]]:
        """The values part by part, a part from its lowest field to its highest; those of one field in the order added.

        Of a part that is large, because many have the same or because there are many, a slice at a time.
        """
        parts = min(_FINEST, 1 + self._end // _A_PART)
        for first, last in pairwise(np.linspace(0, _FINEST, parts + 1, dtype=np.int64).tolist()):
            lowest = self._lowest(first, last)
            for place, low in enumerate(lowest, start=1):
                high = lowest[place] if place < len(lowest) else None
                yield np.concatenate([block[self._within(block, low, high)] for block in self._blocks(first, last)])

    def _lowest(self, first: int, last: int) -> list[np.uint64]:
        """Of these parts, the lowest field in each slice, so that the slices are about as large: by a sample."""
        fields = bytearray()
        for block in self._blocks(first, last):
            fields += block[self._by][::_SAMPLED].tobytes()
        lowest = np.unique(np.sort(np.frombuffer(fields, dtype=np.uint64))[:: _A_SLICE // _SAMPLED])
        lowest[:1] = 0
        return list(lowest)

    def _within(self, block: npt.NDArray[Any], low: np.uint64, high: np.uint64 | None) -> npt.NDArray[np.bool_]:
        fields = block[self._by]
        within: npt.NDArray[np.bool_] = fields >= low
        return within if high is None else within & (fields < high)

    def _blocks(self, first: int, last: int) -> Iterator[npt.NDArray[Any]]:
        """The values of these parts in the order they were added, some at a time."""
        width = self._kind.itemsize
        borders = np.frombuffer(self._borders, dtype=np.uint32).reshape(-1, _FINEST + 1)
        ends = np.cumsum(borders[:, -1], dtype=np.int64)
        starts = ends - borders[:, -1] + borders[:, first]
        pieces, size = [], 0
        for start, length in zip(starts.tolist(), (borders[:, last] - borders[:, first]).tolist(), strict=True):
            self._file.seek(start * width)
            pieces.append(self._file.read(length * width))
            size += length
            if size >= _A_BLOCK:
                yield np.frombuffer(b"".join(pieces), dtype=self._kind)
                pieces, size = [], 0
        yield np.frombuffer(b"".join(pieces), dtype=self._kind)


def _first(pairs: Numbers) -> Pairs:
    return (pairs >> np.uint64(32)).astype(np.uint32)


def _second(pairs: Numbers) -> Pairs:
    return pairs.astype(np.uint32)  # the low half


def _pairs_within(
    entries: npt.NDArray[Any], commonness: Commonness, whole: npt.NDArray[np.float32]
) -> Iterator[npt.NDArray[Any]]:
    """Pairs of answers that share a shingle, with what it counts: all of a few, of many each with the two before it.

    They come in many small arrays, however many answers share one. `entries` with the same key are in the order of
    their owners. What each answer's shingles count is added to `whole`.
    """
    order = np.argsort(entries["key"], kind="stable")
    few = _of_a_few(entries["key"][order])
    for start in range(0, len(order), _AT_ONCE):
        end = start + _AT_ONCE + _ALL_PAIRS - 1  # the last ones here have their others too
        yield _pairs_from(entries[order[start:end]], few[start : start + _AT_ONCE], commonness, whole)


def _of_a_few(keys: Numbers) -> npt.NDArray[np.bool_]:
    """Whether each of these sorted keys is there so rarely that all of its answers are compared."""
    few = np.ones(len(keys), dtype=bool)
    again = keys[_ALL_PAIRS:] == keys[:-_ALL_PAIRS]
    for place in range(_ALL_PAIRS + 1):
        few[place : place + len(again)] &= ~again
    return few


def _pairs_from(
    entries: npt.NDArray[Any], few: npt.NDArray[np.bool_], commonness: Commonness, whole: npt.NDArray[np.float32]
) -> npt.NDArray[Any]:
    """The pairs whose earlier one is among the first `len(few)` of these sorted entries."""
    keys, owners = entries["key"], entries["owner"]
    weights = commonness.weights(entries["number"][: len(few)]).astype(np.float32)
    np.add.at(whole, owners[: len(few)], weights)
    found = [np.empty(0, dtype=_PAIR)]
    for apart in range(1, _ALL_PAIRS):
        others = keys[apart : len(few) + apart]
        same = keys[: len(others)] == others
        if apart > _NEIGHBOURS:
            same &= few[: len(others)]
        (places,) = np.nonzero(same)
        pairs = np.empty(len(places), dtype=_PAIR)
        pairs["pair"] = owners[places].astype(np.uint64) << np.uint64(32) | owners[places + apart]
        pairs["weight"] = weights[places]
        found.append(pairs)
    return np.concatenate(found)
