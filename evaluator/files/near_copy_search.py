"""The search for near copies: every answer of a table against every other one to the same question, on disk.

The table is read once or twice more, before it is graded. Of each answer a quarter of its shingles are kept (those that
a hash chooses, so the same in every answer); answers that share two of them and more are compared as a whole. What
waits goes to temporary files in parts; memory grows by some ten bytes an answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import islice
from tempfile import SpooledTemporaryFile, TemporaryFile, gettempdir
from types import TracebackType
from typing import IO, Any, Self, TypeVar

import numpy as np
import numpy.typing as npt

from evaluator.core.answer import Answer
from evaluator.core.near_copy.found import NearCopy
from evaluator.core.near_copy.likeness import Commonness, Likeness, likeness
from evaluator.core.near_copy.shingles import Numbers, Shingled, Shingler
from evaluator.errors import OutputError
from evaluator.files.scratch_database import ScratchDatabase, restored, stored

MOST_NAMED = 5
"""Near copies of one answer that are named."""
_AT_ONCE = 1_000  # answers
_SAMPLED_BITS = np.uint64(2)  # one shingle in four
_PARTS = 64
_ALL_PAIRS = 8  # answers that share a shingle and are all compared; of more, each with the two before it
_NEIGHBOURS = 2
_FEWEST_SAMPLED = 2
_LEAST_CONTAINMENT = 0.28  # as the sample puts it, for two to be compared as a whole; it errs by a tenth or so
_ENTRY = np.dtype([("key", np.uint64), ("number", np.uint64), ("owner", np.uint32)])
_PAIR = np.dtype([("pair", np.uint64), ("weight", np.float32)])
_LOW = np.uint64(0xFFFFFFFF)
_IN_MEMORY = 64 * 1024  # bytes of one part
_Item = TypeVar("_Item")


class NearCopySearch:
    """Finds the near copies among some answers. Use it as a context manager: it holds temporary files."""

    def __init__(self, questions: Sequence[str]) -> None:
        """`questions`: the texts that were asked."""
        self._shingler = Shingler(questions)
        self._commonness = Commonness()
        self._files = ExitStack()
        self._entries: dict[int, _Spool] = {}
        self._pairs: dict[int, _Spool] = {}
        self._looked_at = 0
        self._database = self._files.enter_context(
            ScratchDatabase(
                "CREATE TABLE answer (number INTEGER PRIMARY KEY, candidate BLOB, identity TEXT, row INTEGER, "
                " start INTEGER, shingles INTEGER);"
                "CREATE TABLE copy (number INTEGER, row INTEGER, containment REAL);"
                "CREATE INDEX copy_of ON copy (number)"
            )
        )
        self._found: frozenset[int] = frozenset()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._files.close()

    def look_through(self, answers: Iterable[Answer]) -> int:
        """Reads the answers, twice where any may be alike; how many have a near copy.

        Raises OutputError where temporary files cannot be written.
        """
        try:
            return self._look_through(answers)
        except OSError as error:
            raise OutputError(
                f"Temporary notes cannot be written or read: {error.strerror}.",
                hint=f"Make room in the system's temporary folder ({gettempdir()}), or name another one in TMPDIR.",
            ) from error

    def _look_through(self, answers: Iterable[Answer]) -> int:
        for some in _groups(enumerate(answers), _AT_ONCE):
            self._take_in([answer for _, answer in some], some[0][0])
        pairs = self._candidates()
        if not len(pairs):
            return 0
        wanted = np.unique(np.concatenate([pairs >> np.uint64(32), pairs & _LOW]))
        with TemporaryFile() as shingles:
            self._keep_whole(answers, wanted, shingles)
            self._compare(pairs, shingles)
        self._found = frozenset(number for (number,) in self._database.rows("SELECT DISTINCT number FROM copy"))
        return len(self._found)

    def of(self, number: int) -> tuple[NearCopy, ...]:
        """Near copies of the answer with this place, from 0, among those looked through: the closest first."""
        if number not in self._found:
            return ()
        found = self._database.rows(
            "SELECT row, containment FROM copy WHERE number = ? ORDER BY containment DESC, row LIMIT ?",
            number,
            MOST_NAMED,
        )
        return tuple(NearCopy(row, containment) for row, containment in found)

    def _take_in(self, answers: list[Answer], first: int) -> None:
        found = self._shingled(answers)
        self._commonness.count(found.numbers, sum(answer.absent is None for answer in answers))
        self._looked_at += len(answers)
        kept = found.numbers >> (np.uint64(64) - _SAMPLED_BITS) == 0
        sample = Shingled(found.numbers[kept], found.owners[kept]).distinct()
        entries = np.empty(len(sample.numbers), dtype=_ENTRY)
        # Only answers to the same question are to meet.
        salts = self._shingler.salts([answer.question_id for answer in answers])
        entries["key"], entries["number"] = sample.numbers ^ salts[sample.owners], sample.numbers
        entries["owner"] = sample.owners + first
        self._spool(self._entries, entries, (entries["key"] & np.uint64(_PARTS - 1)).astype(np.int64))

    def _shingled(self, answers: list[Answer]) -> Shingled:
        texts = ["" if answer.absent is not None else answer.text for answer in answers]
        return self._shingler.shingled(texts)

    def _spool(self, spools: dict[int, _Spool], values: npt.NDArray[Any], parts: npt.NDArray[np.int64]) -> None:
        order = np.argsort(parts, kind="stable")
        borders = np.searchsorted(parts[order], np.arange(_PARTS + 1))
        for part in range(_PARTS):
            here = order[borders[part] : borders[part + 1]]
            if len(here):
                if part not in spools:
                    spools[part] = self._files.enter_context(_Spool(values.dtype))
                spools[part].add(values[here])

    def _candidates(self) -> Numbers:
        """Pairs of answers that share enough of the sample: the first's number in the high half, the second's below."""
        whole = np.zeros(self._looked_at, dtype=np.float32)
        for spool in self._entries.values():
            pairs = _pairs_within(spool.read(), self._commonness, whole)
            parts = (pairs["pair"] >> np.uint64(32)) & np.uint64(_PARTS - 1)
            self._spool(self._pairs, pairs, parts.astype(np.int64))
        kept = [np.empty(0, np.uint64)]
        for spool in self._pairs.values():
            found = spool.read()
            pairs, places, times = np.unique(found["pair"], return_inverse=True, return_counts=True)
            shared = np.bincount(places, found["weight"])
            first, second = whole[(pairs >> np.uint64(32)).astype(np.int64)], whole[(pairs & _LOW).astype(np.int64)]
            likely = shared >= _LEAST_CONTAINMENT * np.minimum(first, second)
            kept.append(pairs[likely & (times >= _FEWEST_SAMPLED)])
        return np.sort(np.concatenate(kept))

    def _keep_whole(self, answers: Iterable[Answer], wanted: Numbers, shingles: IO[bytes]) -> None:
        """Writes down the shingles, and whose they are, of the answers with these numbers."""
        numbers = set(wanted.tolist())
        chosen = ((number, answer) for number, answer in enumerate(answers) if number in numbers)
        start = 0
        for some in _groups(chosen, _AT_ONCE):
            found = self._shingled([answer for _, answer in some]).distinct()
            sizes = np.bincount(found.owners, minlength=len(some))
            shingles.write(found.numbers.tobytes())
            for (number, answer), size in zip(some, sizes.tolist(), strict=True):
                self._database.change(
                    "INSERT INTO answer VALUES (?, ?, ?, ?, ?, ?)",
                    number, stored(answer.candidate_id), _known_as(answer), answer.row, start, size,
                )  # fmt: skip
                start += size

    def _compare(self, pairs: Numbers, shingles: IO[bytes]) -> None:
        for first, second in zip((pairs >> np.uint64(32)).tolist(), (pairs & _LOW).tolist(), strict=True):
            one, other = self._noted(first), self._noted(second)
            # Whoever answers twice copies nobody, under another id too.
            if one.candidate == other.candidate or (one.identity is not None and one.identity == other.identity):
                continue
            alike = self._likeness(one, other, shingles)
            if alike.is_near_copy:
                for number, row in ((first, other.row), (second, one.row)):
                    self._database.change("INSERT INTO copy VALUES (?, ?, ?)", number, row, alike.containment)

    def _noted(self, number: int) -> _Noted:
        query = "SELECT candidate, identity, row, start, shingles FROM answer WHERE number = ?"
        # One row: every answer of a pair was written down.
        ((candidate, identity, row, start, size),) = self._database.rows(query, number)
        return _Noted(restored(candidate), identity, row, start, size)

    def _likeness(self, one: _Noted, other: _Noted, shingles: IO[bytes]) -> Likeness:
        return likeness(_read(shingles, one), _read(shingles, other), self._commonness)


@dataclass(frozen=True, slots=True)
class _Noted:
    """Whose an answer is, and where its shingles stand in the file, counted in numbers of 8 bytes."""

    candidate: str
    identity: str | None
    row: int | None
    start: int
    size: int


class _Spool:
    """Values in a temporary file, in memory while they are few."""

    def __init__(self, kind: np.dtype[Any]) -> None:
        self._kind = kind
        self._file = SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 closed by whoever enters it

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def add(self, values: npt.NDArray[Any]) -> None:
        """Writes some more."""
        self._file.write(values.tobytes())

    def read(self) -> npt.NDArray[Any]:
        """All of them."""
        self._file.seek(0)
        return np.frombuffer(self._file.read(), dtype=self._kind)


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


def _read(shingles: IO[bytes], noted: _Noted) -> Numbers:
    shingles.seek(8 * noted.start)
    return np.frombuffer(shingles.read(8 * noted.size), dtype=np.uint64)


def _known_as(answer: Answer) -> str | None:
    """By what two rows of the same person are told: an e-mail address; None where the table has none."""
    emails = answer.identity.emails if answer.identity else ()
    return min(emails).lower() if emails else None


def _groups(items: Iterable[_Item], size: int) -> Iterator[list[_Item]]:
    iterator = iter(items)
    while some := list(islice(iterator, size)):
        yield some
