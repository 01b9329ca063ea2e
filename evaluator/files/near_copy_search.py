"""The search for near copies: every answer of a table against every other one to the same question, on disk.

The table is read once or twice more, before it is graded. Answers that share enough of a sample of their shingles are
compared as a whole. Afterwards only what was found is kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from tempfile import TemporaryFile, gettempdir
from types import TracebackType
from typing import IO, Self, TypeVar

import numpy as np

from evaluator.core.answer import Answer
from evaluator.core.identity import known_as
from evaluator.core.near_copy.found import MOST_NAMED, NearCopy
from evaluator.core.near_copy.likeness import Commonness, likeness
from evaluator.core.near_copy.shingles import Numbers, Shingled, Shingler
from evaluator.errors import OutputError
from evaluator.files.freed_memory import give_back
from evaluator.files.likely_pairs import LikelyPairs, Pairs
from evaluator.files.scratch_database import ScratchDatabase, restored, stored

_AT_ONCE = 1_000  # answers
_Item = TypeVar("_Item")


class NearCopySearch:
    """Finds the near copies among some answers. Use it as a context manager: what it finds is on disk."""

    def __init__(self, questions: Sequence[str]) -> None:
        """`questions`: the texts that were asked."""
        self._questions = questions
        self._found: frozenset[int] = frozenset()
        self._database = ScratchDatabase(
            "CREATE TABLE answer (number INTEGER PRIMARY KEY, candidate BLOB, identity TEXT, row INTEGER, "
            " start INTEGER, shingles INTEGER);"
            "CREATE TABLE copy (number INTEGER, row INTEGER, containment REAL);"
            "CREATE INDEX copy_of ON copy (number)"
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._database.close()

    def look_through(self, answers: Iterable[Answer]) -> int:
        """Reads the answers, twice where any may be alike; how many have a near copy.

        Raises OutputError where temporary files cannot be written.
        """
        try:
            alike = self._look_through(answers)
        except OSError as error:
            raise OutputError(
                f"Temporary notes cannot be written or read: {error.strerror}.",
                hint=f"Make room in the system's temporary folder ({gettempdir()}), or name another one in TMPDIR.",
            ) from error
        give_back()  # grading needs less than the search did
        return alike

    def _look_through(self, answers: Iterable[Answer]) -> int:
        shingler, commonness = Shingler(self._questions), Commonness()
        with LikelyPairs() as likely:
            for some in _groups(answers, _AT_ONCE):
                found = _shingled(some, shingler)
                # What one answer says several times stands in one answer.
                commonness.count(found.distinct().numbers, sum(answer.absent is None for answer in some))
                # Only answers to the same question are to meet.
                likely.take_in(found, shingler.salts([answer.question_id for answer in some]))
            pairs = likely.pairs(commonness)
        if not len(pairs):
            return 0
        with TemporaryFile() as shingles:
            self._keep_whole(answers, np.unique(pairs), shingler, shingles)
            self._compare(pairs, commonness, shingles)
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

    def _keep_whole(self, answers: Iterable[Answer], wanted: Pairs, shingler: Shingler, shingles: IO[bytes]) -> None:
        """Writes down the shingles, and whose they are, of the answers with these numbers."""
        is_wanted = bytearray(int(wanted[-1]) + 1)  # a byte an answer, where a set of their numbers takes sixty
        np.frombuffer(is_wanted, dtype=np.uint8)[wanted] = 1
        chosen = (
            (number, answer) for number, answer in enumerate(islice(answers, len(is_wanted))) if is_wanted[number]
        )
        start = 0
        for some in _groups(chosen, _AT_ONCE):
            found = _shingled([answer for _, answer in some], shingler).distinct()
            sizes = np.bincount(found.owners, minlength=len(some))
            shingles.write(found.numbers.tobytes())
            for (number, answer), size in zip(some, sizes.tolist(), strict=True):
                self._database.change(
                    "INSERT INTO answer VALUES (?, ?, ?, ?, ?, ?)",
                    number, stored(answer.candidate_id), known_as(answer.identity), answer.row, start, size,
                )  # fmt: skip
                start += size

    def _compare(self, pairs: Pairs, commonness: Commonness, shingles: IO[bytes]) -> None:
        for first, second in _one_by_one(pairs):
            one, other = self._noted(first), self._noted(second)
            # Whoever answers twice copies nobody, under another id too.
            if one.candidate == other.candidate or (one.identity is not None and one.identity == other.identity):
                continue
            alike = likeness(_read(shingles, one), _read(shingles, other), commonness)
            if alike.is_near_copy:
                for number, row in ((first, other.row), (second, one.row)):
                    self._database.change("INSERT INTO copy VALUES (?, ?, ?)", number, row, alike.containment)

    def _noted(self, number: int) -> _Noted:
        query = "SELECT candidate, identity, row, start, shingles FROM answer WHERE number = ?"
        # One row: every answer of a pair was written down.
        ((candidate, identity, row, start, size),) = self._database.rows(query, number)
        return _Noted(restored(candidate), identity, row, start, size)


@dataclass(frozen=True, slots=True)
class _Noted:
    """Whose an answer is, and where its shingles stand in the file, counted in numbers of 8 bytes."""

    candidate: str
    identity: str | None
    row: int | None
    start: int
    size: int


def _shingled(answers: Sequence[Answer], shingler: Shingler) -> Shingled:
    return shingler.shingled(["" if answer.absent is not None else answer.text for answer in answers])


def _read(shingles: IO[bytes], noted: _Noted) -> Numbers:
    shingles.seek(8 * noted.start)
    return np.frombuffer(shingles.read(8 * noted.size), dtype=np.uint64)


def _one_by_one(pairs: Pairs) -> Iterator[tuple[int, int]]:
    """As Python's own numbers, a few pairs at a time: they take ten times the memory."""
    for start in range(0, len(pairs), _AT_ONCE):
        yield from pairs[start : start + _AT_ONCE].tolist()


def _groups(items: Iterable[_Item], size: int) -> Iterator[list[_Item]]:
    iterator = iter(items)
    while some := list(islice(iterator, size)):
        yield some
