"""What became of answers that were put into the queue, for whoever waits for them."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import bindparam, select

from evaluator.store.database import Database
from evaluator.store.grade_rows import STANDING, StoredGrade, stored_grade
from evaluator.store.schema import answers, grades, work_answers, work_chunks
from evaluator.store.stored_text import stored_text

_AT_ONCE = 500  # names in one statement

_STANDING = (
    select(*STANDING)
    .join(grades, (grades.c.run == answers.c.run) & (grades.c.number == answers.c.grade))
    .where(answers.c.run == bindparam("run"), answers.c.answer_id.in_(bindparam("names", expanding=True)))
)


class WorkWatch:
    """Looks at the chunks of one store, and changes nothing."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def pending(self, run: int, answer_ids: Sequence[str]) -> dict[str, int]:
        """Which of these answers wait in a chunk of the run: the chunk's number by the answer's id, as stored."""
        found: dict[str, int] = {}
        with self._database.reading() as connection:
            for start in range(0, len(answer_ids), _AT_ONCE):
                names = [stored_text(each) for each in answer_ids[start : start + _AT_ONCE]]
                rows = connection.execute(
                    select(work_answers.c.answer_id, work_answers.c.chunk)
                    .join(work_chunks, work_chunks.c.number == work_answers.c.chunk)
                    .where(work_chunks.c.run == run, work_answers.c.answer_id.in_(names))
                )
                found.update({row.answer_id: row.chunk for row in rows})
        return found

    def done(self, chunks: Sequence[int]) -> list[int]:
        """Which of these chunks (their numbers) are done."""
        found: list[int] = []
        with self._database.reading() as connection:
            for start in range(0, len(chunks), _AT_ONCE):
                some = chunks[start : start + _AT_ONCE]
                wanted = select(work_chunks.c.number).where(
                    work_chunks.c.number.in_(some), work_chunks.c.state == "done"
                )
                found.extend(connection.scalars(wanted))
        return found

    def grades_of(self, run: int, answer_ids: Sequence[str]) -> list[StoredGrade]:
        """The grades of the run that stand for these answers."""
        found: list[StoredGrade] = []
        with self._database.reading() as connection:
            for start in range(0, len(answer_ids), _AT_ONCE):
                names = [stored_text(each) for each in answer_ids[start : start + _AT_ONCE]]
                rows = connection.execute(_STANDING, {"run": run, "names": names})
                found.extend(map(stored_grade, rows))
        return found
