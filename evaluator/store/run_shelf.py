"""The runs of a store: begun, found, gone on with, finished, deleted."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, delete, exists, func, select

from evaluator.core.questionnaire import Questionnaire
from evaluator.core.rubric import Rubric
from evaluator.core.run_manifest import RunManifest
from evaluator.errors import UsageError
from evaluator.store.database import Database
from evaluator.store.grade_log import GradeLog, GradeLogs
from evaluator.store.grade_rows import PAGE, StoredGrade, read_grades
from evaluator.store.near_copy_schema import near_copy_answers
from evaluator.store.outbox import delete_outbound
from evaluator.store.review_rows import delete_reviews
from evaluator.store.run_record import RunCounts, RunOrder, RunRecord, RunState, is_alive, writer_name
from evaluator.store.schema import answers, grades, replies, run_replies, runs, submissions, work_answers, work_chunks
from evaluator.store.stored_text import stored_text

_ID_BYTES = 4


@dataclass(frozen=True, slots=True)
class Holding:
    """What a run holds in the store. `replies` are those that no other run uses."""

    answers: int
    grades: int
    replies: int


class RunShelf:
    """All runs of one store."""

    def __init__(self, database: Database, logs: GradeLogs) -> None:
        self.database = database
        self._logs = logs

    def begin(self, order: RunOrder) -> RunRecord:
        """Records a new run; `order.manifest.run_id` is its name."""
        with self.database.writing() as connection:
            row = _row(order, _now())
            if self.database.is_sqlite:
                row["number"] = _last_number(connection) + 1
            connection.execute(runs.insert(), row)
        return self.find(order.manifest.run_id)

    def go_on(self, number: int, order: RunOrder) -> None:
        """Records that a run is gone on with, and with what: nothing, or something, may have changed."""
        with self.database.writing() as connection:
            row = _row(order, _now())
            kept = {name: row[name] for name in row if name not in _COUNTED and name not in ("id", "started_at")}
            connection.execute(runs.update().where(runs.c.number == number), kept)

    def open_log(self, number: int) -> GradeLog:
        """The log of a run, for this process to write; another one that has it open is stopped at its next word."""
        name = writer_name(secrets.token_hex(_ID_BYTES))
        with self.database.writing() as connection:
            connection.execute(runs.update().where(runs.c.number == number), {"writer": name, "heard_at": _now()})
        return GradeLog(self._logs, number, name, lambda: datetime.now(UTC))

    def finish(self, number: int, manifest: RunManifest) -> None:
        """Records how a run ended."""
        with self.database.writing() as connection:
            ended = {
                "state": manifest.outcome,
                "stopped_because": manifest.stopped_because,
                "finished_at": manifest.finished_at,
                "heard_at": _now(),
                "manifest": manifest.model_dump_json().encode(),
            }
            connection.execute(runs.update().where(runs.c.number == number), ended)

    def all(self) -> list[RunRecord]:
        """Every run, the newest first."""
        with self.database.reading() as connection:
            return [_record(row) for row in connection.execute(select(runs).order_by(runs.c.number.desc())).mappings()]

    def find(self, name: str) -> RunRecord:
        """The run whose id begins so. Raises UsageError where there is none, or more than one."""
        with self.database.reading() as connection:
            begins = runs.c.id.startswith(stored_text(name), autoescape=True)
            found = [_record(row) for row in connection.execute(select(runs).where(begins).limit(3)).mappings()]
        exact = [record for record in found if record.id == name]
        if len(exact or found) == 1 and name:
            return (exact or found)[0]
        problem = f"More than one run begins with '{name}'." if found else f"There is no run '{name}'."
        raise UsageError(problem, hint="See: evaluator runs list")

    def get(self, number: int) -> RunRecord | None:
        """The run of this number."""
        with self.database.reading() as connection:
            row = connection.execute(select(runs).where(runs.c.number == number)).mappings().first()
        return _record(row) if row else None

    def named(self, run_id: str) -> RunRecord | None:
        """The run of exactly this name."""
        with self.database.reading() as connection:
            row = connection.execute(select(runs).where(runs.c.id == stored_text(run_id))).mappings().first()
        return _record(row) if row else None

    def has(self, run_id: str) -> bool:
        """Whether there is a run of exactly this name."""
        with self.database.reading() as connection:
            return connection.scalar(select(runs.c.number).where(runs.c.id == stored_text(run_id))) is not None

    def grades(self, number: int) -> Iterator[StoredGrade]:
        """The answers of a run with the grades that stand, in the order of writing, a page in memory at a time."""
        after = 0
        while True:
            with self.database.reading() as connection:
                page = read_grades(connection, number, after)
            yield from page
            if len(page) < PAGE:
                return
            after = page[-1].number

    def page(self, number: int, after: int) -> list[StoredGrade]:
        """A page of the grades that stand: those next after the one of this number."""
        with self.database.reading() as connection:
            return read_grades(connection, number, after)

    def standing(self, number: int) -> int:
        """How many answers of a run have a grade, or a reason for having none."""
        with self.database.reading() as connection:
            return _count(connection, select(func.count()).where(answers.c.run == number))

    def holding(self, number: int) -> Holding:
        """What deleting the run would take."""
        with self.database.reading() as connection:
            return Holding(
                answers=_count(connection, select(func.count()).where(answers.c.run == number)),
                grades=_count(connection, select(func.count()).where(grades.c.run == number)),
                replies=_count(connection, select(func.count(replies.c.id)).where(_is_only_of(number))),
            )

    def delete(self, number: int) -> Holding:
        """Deletes a run, its answers and grades, and the replies that no other run uses; what was deleted."""
        with self.database.writing() as connection:
            if self.database.is_sqlite:
                # What is deleted is overwritten in the file too.
                connection.exec_driver_sql("PRAGMA secure_delete = ON")
                connection.exec_driver_sql(f"PRAGMA user_version = {_last_number(connection)}")
            numbers = list(connection.scalars(select(replies.c.id).where(_is_only_of(number))))
            connection.execute(delete(run_replies).where(run_replies.c.run == number))
            for start in range(0, len(numbers), 500):
                connection.execute(delete(replies).where(replies.c.id.in_(numbers[start : start + 500])))
            chunks = select(work_chunks.c.number).where(work_chunks.c.run == number)
            connection.execute(delete(work_answers).where(work_answers.c.chunk.in_(chunks)))
            connection.execute(delete(work_chunks).where(work_chunks.c.run == number))
            delete_reviews(connection, number)
            delete_outbound(connection, number)
            connection.execute(delete(near_copy_answers).where(near_copy_answers.c.run == number))
            deleted = [
                connection.execute(delete(table).where(table.c.run == number)).rowcount for table in (grades, answers)
            ]
            # A submission that was graded in it stays, and has no grades any more; one that was not is taken in anew.
            of_run = submissions.c.run == number
            waits = of_run & submissions.c.state.in_(("queued", "grading"))
            connection.execute(submissions.update().where(waits).values({"state": "received", "run": None}))
            connection.execute(submissions.update().where(of_run).values({"run": None}))
            connection.execute(delete(runs).where(runs.c.number == number))
        if self.database.is_sqlite:
            with self.database.connect() as connection:
                connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        return Holding(answers=deleted[1], grades=deleted[0], replies=len(numbers))


def new_run_id() -> str:
    """A name for a run that no other has."""
    return secrets.token_hex(_ID_BYTES)


def _last_number(connection: Connection) -> int:
    """The highest number that a run of this SQLite store has or had: by itself SQLite gives a deleted run's number to
    the next one, and workers that hold answers of the old run, or its grader, would take the new one for it.
    """
    deleted: int = connection.exec_driver_sql("PRAGMA user_version").scalar_one()
    return max(deleted, connection.scalar(select(func.max(runs.c.number))) or 0)


def _is_only_of(number: int) -> Any:
    of_others = run_replies.alias()
    return exists().where(run_replies.c.reply == replies.c.id, run_replies.c.run == number) & ~exists().where(
        of_others.c.reply == replies.c.id, of_others.c.run != number
    )


_COUNTED = ("graded", "not_answered", "ungraded", "to_review", "cost_usd", "paid_usd")


def _row(order: RunOrder, now: str) -> dict[str, Any]:
    manifest = order.manifest
    # As its file says it: a default that the file leaves out is left out, so that its hash stays the same.
    question_set = {
        "rubric": order.rubric.model_dump(mode="json", exclude_unset=True),
        "questionnaire": order.questionnaire.model_dump(mode="json", exclude_unset=True),
    }
    return {
        "id": stored_text(manifest.run_id),
        "state": "running",
        "stopped_because": None,
        "started_at": manifest.started_at,
        "heard_at": now,
        "finished_at": None,
        "writer": writer_name("begun"),
        "folder": stored_text(order.folder),
        "input_name": stored_text(manifest.input_name),
        "input_path": stored_text(order.input_path),
        "input_sha256": manifest.input_sha256,
        "grader": stored_text(manifest.grader),
        "prompt": manifest.prompt,
        "prompt_sha256": manifest.prompt_sha256,
        "rubric": manifest.rubric,
        "rubric_sha256": manifest.rubric_sha256,
        "questionnaire": manifest.questionnaire,
        "questionnaire_sha256": manifest.questionnaire_sha256,
        "question_set": json.dumps(question_set).encode(),
        "options": json.dumps(order.options).encode(),
        "manifest": manifest.model_dump_json().encode(),
        "answers": manifest.answers,
        **dict.fromkeys(_COUNTED[:4], 0),
        **dict.fromkeys(_COUNTED[4:]),
    }


def _record(row: RowMapping) -> RunRecord:
    question_set = json.loads(row["question_set"])
    state: RunState = row["state"]
    if state == "running" and not is_alive(row["writer"], row["heard_at"], datetime.now(UTC)):
        state = "unfinished"
    order = RunOrder(
        manifest=RunManifest.model_validate_json(row["manifest"]),
        rubric=Rubric.model_validate(question_set["rubric"]),
        questionnaire=Questionnaire.model_validate(question_set["questionnaire"]),
        folder=row["folder"],
        input_path=row["input_path"],
        options=json.loads(row["options"]),
    )
    return RunRecord(row["number"], order, state, RunCounts(**{name: row[name] for name in _COUNTED}))


def _count(connection: Connection, query: Any) -> int:
    return int(connection.scalar(query) or 0)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
