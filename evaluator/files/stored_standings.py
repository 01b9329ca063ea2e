"""All candidates' standings on disk, gone through in reading order as often as wanted."""

from __future__ import annotations

from collections.abc import Iterator
from types import TracebackType
from typing import Self

from evaluator.core.candidate import CandidateStanding
from evaluator.files.scratch_database import ScratchDatabase, stored

_SCHEMA = """
    CREATE TABLE standing (
        unscored INTEGER NOT NULL, incomplete INTEGER NOT NULL, score REAL NOT NULL, candidate BLOB NOT NULL,
        standing TEXT NOT NULL
    )
"""
# The order of `evaluator.core.candidate.in_reading_order`: bytes of UTF-8 sort as the characters they stand for.
_ORDER = "unscored, incomplete, score DESC, candidate"


class StoredStandings:
    """Takes standings in any order; a sequence's `len` and `iter`, and nothing of it in memory."""

    def __init__(self) -> None:
        self._database = ScratchDatabase(_SCHEMA)
        self._count = 0
        self._is_sorted = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._database.close()

    def add(self, standing: CandidateStanding) -> None:
        """Takes in one candidate's standing; each candidate has one."""
        self._database.change(
            "INSERT INTO standing VALUES (?, ?, ?, ?, ?)",
            standing.score is None,
            not standing.complete,
            standing.score or 0.0,
            stored(standing.candidate_id),
            standing.model_dump_json(),
        )
        self._count += 1

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[CandidateStanding]:
        if not self._is_sorted:
            self._database.change(f"CREATE INDEX IF NOT EXISTS reading_order ON standing ({_ORDER})")
            self._is_sorted = True
        for (standing,) in self._database.rows(f"SELECT standing FROM standing ORDER BY {_ORDER}"):  # noqa: S608  # nosec B608
            yield CandidateStanding.model_validate_json(standing)
