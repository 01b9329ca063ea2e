"""Which answers each candidate gave, gathered on disk: a table may hold them far apart."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from types import TracebackType
from typing import NamedTuple, Self

from evaluator.files.scratch_database import ScratchDatabase, restored, stored


class CandidateAnswers(NamedTuple):
    """A candidate and the ids of their answers, in the order in which they were added."""

    candidate_id: str
    answer_ids: tuple[str, ...]


class AnswersByCandidate:
    """Takes answers in any order, gives them back candidate by candidate, sorted by the candidate's id."""

    def __init__(self) -> None:
        self._database = ScratchDatabase("CREATE TABLE answer (candidate BLOB NOT NULL, answer BLOB NOT NULL)")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._database.close()

    def add(self, candidate_id: str, answer_id: str) -> None:
        """Takes in one answer."""
        self._database.change("INSERT INTO answer VALUES (?, ?)", stored(candidate_id), stored(answer_id))

    def __iter__(self) -> Iterator[CandidateAnswers]:
        rows = self._database.rows("SELECT candidate, answer FROM answer ORDER BY candidate, rowid")
        for candidate, answers in groupby(rows, key=lambda row: row[0]):
            yield CandidateAnswers(restored(candidate), tuple(restored(answer) for _, answer in answers))
