"""The answer ids that a table gives, checked for being each answer's own."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from evaluator.files.scratch_database import ScratchDatabase, key_of
from evaluator.files.tables.answer_rows import RowAnswer
from evaluator.files.tables.findings import Findings


class GivenAnswerIds:
    """Remembers on disk whose each id is; used as a context manager, for as long as a table is checked."""

    def __init__(self) -> None:
        self._database = ScratchDatabase("CREATE TABLE given (id BLOB PRIMARY KEY, owner BLOB NOT NULL) WITHOUT ROWID")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._database.close()

    def record(self, given: RowAnswer, findings: Findings) -> None:
        """An id that two candidates or two questions share is a mistake; a repeated answer may repeat its id."""
        answer = given.answer
        key, owner = key_of(answer.answer_id), key_of(f"{answer.question_id}\0{answer.candidate_id}")
        if self._database.change("INSERT OR IGNORE INTO given VALUES (?, ?)", key, owner):
            return
        if self._database.first("SELECT 1 FROM given WHERE id = ? AND owner = ?", key, owner) is None:
            findings.mistake(f"answer_id {answer.answer_id!r} belongs to another answer already", row=given.row)
