"""What is found about an earlier answer, whose grade was given: its flags gain it, its levels stay, others are told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection, LargeBinary, or_, select, type_coerce, update

from evaluator.core.grade import Grade
from evaluator.core.near_copy.flag import flagged
from evaluator.core.near_copy.found import MOST_NAMED, NearCopy
from evaluator.store.near_copy_rows import KnownAnswer, add_pair, known_answers
from evaluator.store.near_copy_schema import near_copy_pairs
from evaluator.store.outbox import announce
from evaluator.store.review_arrivals import note_change
from evaluator.store.schema import answers, grades, runs, submissions
from evaluator.store.sealed_bytes import opened_if_possible, sealed_one

_SETTLED = ("complete", "set_aside")


@dataclass(frozen=True, slots=True)
class Finding:
    """An earlier answer that a later one (its number) is nearly the same as."""

    earlier: KnownAnswer
    later: int
    containment: float


def note_findings(connection: Connection, run: int, found: Sequence[Finding]) -> None:
    """Notes what was found while answers of a run are written. What was erased meanwhile is told nothing."""
    if not found:
        return
    held = known_answers(connection, sorted({each.earlier.number for each in found}), held=True)
    there = {each.number for each in held}
    # In order, so that two who find something in each other's runs do not wait for each other.
    wanted = sorted({run, *(each.run for each in held)})
    connection.execute(
        select(runs.c.number).where(runs.c.number.in_(wanted)).order_by(runs.c.number).with_for_update(key_share=True)
    )
    for each in found:
        if each.earlier.number in there:
            add_pair(connection, each.earlier.number, each.later, each.containment)
    complete = _submissions_of(connection, held)
    told = set()
    for known in held:
        if _flag(connection, known) and known.answer_id in complete:
            number, tenant = complete[known.answer_id]
            if number not in told:
                told.add(number)
                announce(
                    connection, "submission.needs_review", tenant=tenant, run=known.run, submission=number,
                    candidate_id=known.candidate_id, now=datetime.now(UTC),
                )  # fmt: skip


def _submissions_of(connection: Connection, held: Sequence[KnownAnswer]) -> dict[str, tuple[int, str]]:
    """Number and tenant, by the answer's id, of the submissions that others were told of. Those that are not complete
    tell of themselves soon: whoever completes one of them waits until this transaction ends, or has ended before.
    """
    names = {each.answer_id: each.answer_id.partition(".")[0] for each in held}
    asked = (
        select(submissions.c.id, submissions.c.number, submissions.c.tenant, submissions.c.state)
        .where(submissions.c.id.in_(set(names.values())))
        .order_by(submissions.c.number)
        .with_for_update(key_share=True)
    )
    told = {row.id: (row.number, row.tenant) for row in connection.execute(asked) if row.state in _SETTLED}
    return {answer: told[name] for answer, name in names.items() if name in told}


def _flag(connection: Connection, known: KnownAnswer) -> bool:
    """Writes the flag of all near copies of an answer into its grade; whether the grade had none before."""
    of_answer = (answers.c.run == known.run) & (answers.c.answer_id == known.answer_id)
    row = connection.execute(
        select(grades.c.number, type_coerce(grades.c.body, LargeBinary).label("body"), grades.c.needs_review)
        .join(answers, (answers.c.run == grades.c.run) & (answers.c.grade == grades.c.number))
        .where(of_answer)
    ).first()
    line = None if row is None else opened_if_possible(connection.dialect, row.body)
    if row is None or line is None:
        return False
    grade = Grade.model_validate_json(line)
    with_all = flagged(grade, [NearCopy(None, each) for each in _containments(connection, known.number)])
    if with_all == grade:
        return False
    body = sealed_one(connection, known.candidate_id, with_all.model_dump_json().encode())
    of_grade = (grades.c.run == known.run, grades.c.number == row.number)
    connection.execute(update(grades).where(*of_grade).values(body=body, needs_review=True))
    if not row.needs_review:
        connection.execute(update(runs).where(runs.c.number == known.run).values(to_review=runs.c.to_review + 1))
    note_change(connection, known.run, row.number)
    return all(flag.code != "near_duplicate" for flag in grade.flags)


def _containments(connection: Connection, number: int) -> list[float]:
    either = or_(near_copy_pairs.c.earlier == number, near_copy_pairs.c.later == number)
    asked = select(near_copy_pairs.c.containment).where(either).order_by(near_copy_pairs.c.containment.desc())
    return list(connection.scalars(asked.limit(MOST_NAMED)))
