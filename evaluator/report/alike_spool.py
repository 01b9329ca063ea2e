"""Answers that are nearly the same as others, kept on disk until every answer of a run was seen: a page shows both."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from types import TracebackType
from typing import Self

from evaluator.core.grade import Grade
from evaluator.files.scratch_database import ScratchDatabase, restored, stored
from evaluator.report.alike_view import AlikeAnswer
from evaluator.report.graded_answer import GradedAnswer


class AlikeSpool:
    """Takes graded answers as they come, keeps the near copies among them, and gives back the others of one."""

    def __init__(self) -> None:
        self._database = ScratchDatabase(
            "CREATE TABLE answer (question TEXT, row INTEGER, candidate BLOB, answer BLOB, text BLOB);"
            "CREATE INDEX answer_at ON answer (question, row); CREATE TABLE graded (body BLOB);"
            "CREATE TABLE pair (question TEXT, row INTEGER, other INTEGER)"
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._database.close()

    def add(self, graded: GradedAnswer) -> None:
        """Takes one answer; one that is like no other is not kept."""
        rows = graded.grade.rows_alike
        if not rows:
            return
        # Pickle and not JSON: it carries any string, half a surrogate pair too, and only this object reads it.
        body = pickle.dumps(graded, protocol=pickle.HIGHEST_PROTOCOL)
        self._database.change("INSERT INTO graded VALUES (?)", body)
        answer, question = graded.answer, graded.grade.question_id
        if answer.row is None:
            return
        self._database.change(
            "INSERT INTO answer VALUES (?, ?, ?, ?, ?)",
            question, answer.row, stored(answer.candidate_id), stored(answer.answer_id), stored(answer.text),
        )  # fmt: skip
        for other in rows:
            self._database.change("INSERT INTO pair VALUES (?, ?, ?)", question, answer.row, other)

    def all(self) -> Iterator[GradedAnswer]:
        """What was kept, in the order in which it came."""
        for (body,) in self._database.rows("SELECT body FROM graded ORDER BY rowid"):
            graded: GradedAnswer = pickle.loads(body)  # noqa: S301 written by this object, into a file without a name  # nosec B301
            yield graded

    def of(self, grade: Grade) -> tuple[AlikeAnswer, ...]:
        """The answers that are nearly the same as the one of this grade, as far as they were added."""
        found = (self._answer(grade.question_id, row) for row in grade.rows_alike)
        return tuple(each for each in found if each is not None)

    def pairs(self) -> Iterator[tuple[str, AlikeAnswer, AlikeAnswer]]:
        """Every two answers that are nearly the same, once, with the question's id; in the order of the table."""
        query = "SELECT DISTINCT question, min(row, other), max(row, other) FROM pair ORDER BY 1, 2, 3"
        for question, one, other in self._database.rows(query):
            first, second = self._answer(question, one), self._answer(question, other)
            if first is not None and second is not None:
                yield question, first, second

    def _answer(self, question: str, row: int) -> AlikeAnswer | None:
        query = "SELECT candidate, answer, text FROM answer WHERE question = ? AND row = ?"
        found = self._database.first(query, question, row)
        if found is None:
            return None
        candidate, answer, text = (restored(each) for each in found)
        return AlikeAnswer(candidate, answer, row, text)
