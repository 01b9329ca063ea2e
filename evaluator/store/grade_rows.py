"""Answers and grades as rows: written in groups, read in pages (a page begins after the last number of another)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, and_, bindparam, func, select

from evaluator.core.answer import Absence, Answer
from evaluator.core.grade import Grade
from evaluator.core.redaction import Replacement
from evaluator.store.many_rows import ManyRows, Parameters, insert_into
from evaluator.store.privacy_schema import redactions
from evaluator.store.schema import answers, grades
from evaluator.store.sealed_bytes import sealed
from evaluator.store.stored_text import stored_text

PAGE = 200
"""Grades in a page; a few kilobytes each."""


@dataclass(frozen=True, slots=True)
class GradeRow:
    """One outcome to write: the answer, its grade, the grade's line without the line's end, what was paid for it."""

    run: int
    number: int
    answer: Answer
    grade: Grade
    line: bytes
    paid_requests: int
    paid_usd: float | None
    replacements: tuple[Replacement, ...] = ()
    """What was replaced in the answer before it was graded."""


@dataclass(frozen=True, slots=True)
class StoredGrade:
    """An answer with the grade that stands. `number` is the grade's place in the order of writing."""

    number: int
    text: str
    absent: Absence | None
    row: int | None
    line: bytes
    paid_requests: int
    paid_usd: float | None

    @property
    def grade(self) -> Grade:
        """The grade, parsed."""
        return Grade.model_validate_json(self.line)

    def answer(self, grade: Grade) -> Answer:
        """The answer that `grade`, this one's, was given to."""
        return Answer(grade.answer_id, grade.candidate_id, grade.question_id, self.text, self.absent, self.row)


def write_grades(connection: Connection, rows: Sequence[GradeRow]) -> None:
    """Grades are appended; the answer's row points to the last one."""
    graded = []
    standing = {}
    texts = [(stored_text(row.answer.candidate_id), row.answer.text.encode("utf-8", "surrogatepass")) for row in rows]
    bodies = sealed(connection, texts)
    lines = sealed(connection, [(owner, row.line) for (owner, _), row in zip(texts, rows, strict=True)])
    for row, (candidate_id, _), body, line in zip(rows, texts, bodies, lines, strict=True):
        answer, grade = row.answer, row.grade
        answer_id = stored_text(answer.answer_id)
        standing[row.run, answer_id] = (
            row.run, answer_id, candidate_id, answer.question_id, body, answer.absent, answer.row, row.number,
        )  # fmt: skip
        graded.append((
            row.run, row.number, answer_id, answer.question_id, grade.status, grade.score, grade.band,
            grade.needs_review, grade.provenance.graded_at, row.paid_requests, row.paid_usd, line,
        ))  # fmt: skip
    _GRADE.carry_out(connection, graded)
    _ANSWER.carry_out(connection, list(standing.values()))
    redacted = {(row.run, stored_text(row.answer.answer_id)): row for row in rows if row.replacements}
    maps = sealed(
        connection,
        [(stored_text(row.answer.candidate_id), _map_of(row.replacements)) for row in redacted.values()],
    )
    _REDACTION.carry_out(connection, [(*key, body) for key, body in zip(redacted, maps, strict=True)])


def _map_of(replacements: Sequence[Replacement]) -> bytes:
    """Where, and what stood in its place: with the answer it leads both ways, and alone it says nothing of anybody."""
    return json.dumps([[each.start, each.end, each.placeholder] for each in replacements]).encode()


def read_grades(connection: Connection, run: int, after: int) -> list[StoredGrade]:
    """A page of the grades that stand: those next after the number `after`, in the order of writing.

    A page that is not full is the last one.
    """
    page: list[StoredGrade] = []
    while len(page) < PAGE:
        # Between two numbers: without an end, PostgreSQL joins the whole run with its answers for each page.
        numbers = _NUMBERS.limit(PAGE - len(page)).subquery()
        upto = connection.scalar(select(func.max(numbers.c.number)), {"run": run, "after": after})
        if upto is None:
            break
        rows = connection.execute(_BETWEEN, {"run": run, "after": after, "upto": upto})
        page += [stored_grade(row) for row in rows]
        after = upto
    return page


def read_answers(
    connection: Connection, run: int, *, answer_id: str | None = None, candidate_id: str | None = None
) -> list[StoredGrade]:
    """One answer of a run, or all of one candidate's, with the grades that stand, in the order of writing."""
    query = _STANDING.where(answers.c.run == run)
    if answer_id is not None:
        query = query.where(answers.c.answer_id == answer_id)
    if candidate_id is not None:
        query = query.where(answers.c.candidate_id == candidate_id)
    # Sorted here: asked for in this order, SQLite reads every grade of the run for it.
    return sorted((stored_grade(row) for row in connection.execute(query)), key=lambda stored: stored.number)


def stored_grade(row: Any) -> StoredGrade:
    """The grade in a row of `STANDING`."""
    return StoredGrade(
        row.number, row.text.decode("utf-8", "surrogatepass"), row.absent, row.row, row.line, row.paid_requests,
        row.paid_usd,
    )  # fmt: skip


STANDING = (
    grades.c.number,
    answers.c.body.label("text"),
    answers.c.absent,
    answers.c.row,
    grades.c.body.label("line"),
    grades.c.paid_requests,
    grades.c.paid_usd,
)
"""What is read of an answer and of the grade of it that stands."""
_STANDING = select(*STANDING).join(
    answers,
    and_(
        answers.c.run == grades.c.run,
        answers.c.answer_id == grades.c.answer_id,
        answers.c.grade == grades.c.number,
    ),
)

_NEXT = and_(grades.c.run == bindparam("run"), grades.c.number > bindparam("after"))
_NUMBERS = select(grades.c.number).where(_NEXT).order_by(grades.c.number)
_BETWEEN = _STANDING.where(_NEXT, grades.c.number <= bindparam("upto")).order_by(grades.c.number)


def _answer(dialect: str, rows: Parameters) -> Any:
    insert = insert_into(dialect, answers).values(rows)
    new = {name: insert.excluded[name] for name in _ANSWER_COLUMNS if name not in ("run", "answer_id")}
    return insert.on_conflict_do_update(index_elements=[answers.c.run, answers.c.answer_id], set_=new)


def _grade(dialect: str, rows: Parameters) -> Any:
    # A number is given out once by the run's one writer: it is there already only where a server lost its answer.
    return insert_into(dialect, grades).values(rows).on_conflict_do_nothing()


def _redaction(dialect: str, rows: Parameters) -> Any:
    insert = insert_into(dialect, redactions).values(rows)
    return insert.on_conflict_do_update(
        index_elements=[redactions.c.run, redactions.c.answer_id], set_={"body": insert.excluded.body}
    )


_ANSWER_COLUMNS = tuple(column.name for column in answers.columns)
_ANSWER = ManyRows(_ANSWER_COLUMNS, _answer)
_REDACTION = ManyRows(("run", "answer_id", "body"), _redaction)
_GRADE = ManyRows(tuple(column.name for column in grades.columns), _grade)
