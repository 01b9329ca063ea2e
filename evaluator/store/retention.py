"""Retention: what the store has kept for longer than was decided, found, counted and deleted."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, func, select, tuple_, update

from evaluator.core.grade import CriterionGrade, Grade
from evaluator.store.account_schema import audit_log
from evaluator.store.database import Database
from evaluator.store.near_copy_schema import near_copy_answers
from evaluator.store.privacy_schema import erasures, redactions
from evaluator.store.run_shelf import RunShelf
from evaluator.store.schema import answers, grades, replies, run_replies, runs
from evaluator.store.sealed_bytes import sealed_one
from evaluator.store.service_retention import forget_old_words, old_words

_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Periods:
    """Days for which something is kept; None: for ever.

    `replies`: since they came. `answers`: the texts, what was replaced in them, and the words that grades quote and
    say of them, since the run's end; levels, scores and offsets stay. So do the texts of submissions, events and
    deliveries, since they were settled. `grades`: the whole run with everything of it.
    `logs`: records of erasures and the log of people who use the pages.
    """

    replies: int | None = None
    answers: int | None = None
    grades: int | None = None
    logs: int | None = None


@dataclass(frozen=True, slots=True)
class Overdue:
    """What is kept longer than was decided. `answers_of`, `runs`: numbers of runs."""

    replies: int
    answers: int
    answers_of: tuple[int, ...]
    runs: tuple[int, ...]
    logs: int
    words: Mapping[str, int] = field(default_factory=dict)
    """What the service keeps of candidates' words, by kind."""

    @property
    def counts(self) -> Mapping[str, int]:
        """By kind, without what is none."""
        found = {"replies": self.replies, "answers": self.answers, **self.words}
        found |= {"runs": len(self.runs), "log entries": self.logs}
        return {name: count for name, count in found.items() if count}


class Retention:
    """Finds and deletes what one store has kept long enough."""

    def __init__(self, database: Database, shelf: RunShelf) -> None:
        self._database = database
        self._runs = shelf

    def overdue(self, periods: Periods, now: datetime, *, spare: Collection[int] = ()) -> Overdue:
        """What `apply` would delete."""
        with self._database.reading() as connection:
            whole = tuple(number for number in _ended(connection, periods.grades, now) if number not in spare)
            texts = [each for each in _ended(connection, periods.answers, now) if each not in (*whole, *spare)]
            with_text = answers.c.run.in_(texts) & (func.length(answers.c.body) > 0)
            kept = connection.execute(select(answers.c.run, func.count()).where(with_text).group_by(answers.c.run))
            by_run = {run: int(count) for run, count in kept}
            old = 0
            if periods.replies is not None:
                of = select(func.count()).where(replies.c.kept_at < _before(periods.replies, now))
                old = int(connection.scalar(of) or 0)
            words = {} if periods.answers is None else old_words(connection, _before(periods.answers, now))
            logs = 0
            if periods.logs is not None:
                for column in (erasures.c.erased_at, audit_log.c.at):
                    logs += int(connection.scalar(select(func.count()).where(column < _before(periods.logs, now))) or 0)
        return Overdue(old, sum(by_run.values()), tuple(sorted(by_run)), whole, logs, words)

    def apply(self, periods: Periods, now: datetime, *, spare: Collection[int] = ()) -> Overdue:
        """Deletes it, run by run, but for the runs to `spare`; what it was. A kill between leaves a whole store, and
        the rest for the next time.
        """
        found = self.overdue(periods, now, spare=spare)
        for number in found.runs:
            self._runs.delete(number)
        for number in found.answers_of:
            self._forget_words(number)
        with self._database.writing() as connection:
            if self._database.is_sqlite:
                # What is deleted is overwritten in the file too.
                connection.exec_driver_sql("PRAGMA secure_delete = ON")
            if periods.replies is not None:
                _delete_replies(connection, _before(periods.replies, now))
            if periods.answers is not None:
                forget_old_words(connection, _before(periods.answers, now))
            if periods.logs is not None:
                connection.execute(delete(erasures).where(erasures.c.erased_at < _before(periods.logs, now)))
                connection.execute(delete(audit_log).where(audit_log.c.at < _before(periods.logs, now)))
        if self._database.is_sqlite:
            with self._database.connect() as connection:
                connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        return found

    def _forget_words(self, number: int) -> None:
        after = 0
        while True:
            with self._database.writing() as connection:
                if self._database.is_sqlite:
                    connection.exec_driver_sql("PRAGMA secure_delete = ON")
                owner = select(answers.c.candidate_id).where(
                    answers.c.run == grades.c.run, answers.c.answer_id == grades.c.answer_id
                )
                page = connection.execute(
                    select(grades.c.number, grades.c.answer_id, grades.c.body, owner.scalar_subquery().label("owner"))
                    .where(grades.c.run == number, grades.c.number > after)
                    .order_by(grades.c.number)
                    .limit(_AT_ONCE)
                ).all()
                for row in page:
                    bare = without_words(Grade.model_validate_json(row.body)).model_dump_json().encode()
                    connection.execute(
                        update(grades)
                        .where(grades.c.run == number, grades.c.number == row.number)
                        .values(body=sealed_one(connection, row.owner, bare))
                    )
                named = [(number, row.answer_id) for row in page]
                maps = tuple_(redactions.c.run, redactions.c.answer_id).in_(named)
                connection.execute(delete(redactions).where(maps))
                of_page = tuple_(answers.c.run, answers.c.answer_id).in_(named)
                connection.execute(update(answers).where(of_page).values(body=b""))
                known = tuple_(near_copy_answers.c.run, near_copy_answers.c.answer_id).in_(named)
                connection.execute(delete(near_copy_answers).where(known))
            if len(page) < _AT_ONCE:
                return
            after = page[-1].number


def without_words(grade: Grade) -> Grade:
    """The grade without the candidate's words and without what was said of them: levels, offsets and versions stay."""
    return grade.model_copy(
        update={
            "criteria": tuple(_wordless(criterion) for criterion in grade.criteria),
            "red_flags": tuple(flag.model_copy(update={"quote": ""}) for flag in grade.red_flags),
            "flags": tuple(flag.model_copy(update={"detail": ""}) for flag in grade.flags),
        }
    )


def _wordless(criterion: CriterionGrade) -> CriterionGrade:
    evidence = tuple(each.model_copy(update={"quote": ""}) for each in criterion.evidence)
    return criterion.model_copy(update={"evidence": evidence, "missing": "", "rationale": ""})


def _ended(connection: Connection, days: int | None, now: datetime) -> tuple[int, ...]:
    """Runs that ended before; one that never did, by when it was last heard of."""
    if days is None:
        return ()
    ended = func.coalesce(runs.c.finished_at, runs.c.heard_at)
    return tuple(connection.scalars(select(runs.c.number).where(ended < _before(days, now)).order_by(runs.c.number)))


def _delete_replies(connection: Connection, before: str) -> None:
    numbers = list(connection.scalars(select(replies.c.id).where(replies.c.kept_at < before)))
    for start in range(0, len(numbers), _AT_ONCE):
        some = numbers[start : start + _AT_ONCE]
        connection.execute(delete(run_replies).where(run_replies.c.reply.in_(some)))
        connection.execute(delete(replies).where(replies.c.id.in_(some)))


def _before(days: int, now: datetime) -> str:
    # Times are kept as text in UTC with their zone, so that they sort as they follow each other.
    return (now - timedelta(days=days)).isoformat(timespec="seconds")
