"""Grades that workers wrote, until the review queue has looked at them.

Workers of one run commit in any order, so that no number says up to where everything was seen: each grade is noted in
the transaction that writes it, and the note is taken by whoever brings the queue up to date.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, delete, select

from evaluator.store.many_rows import ManyRows, Parameters, insert_into
from evaluator.store.review_schema import review_arrivals, review_intake

_EVERYTHING = (1 << 63) - 1


def note_arrivals(connection: Connection, run: int, numbers: Sequence[int]) -> None:
    """Notes new grades of a run that workers write."""
    # Nobody has to go through such a run by its numbers.
    by_note = insert_into(connection.dialect.name, review_intake).values(run=run, seen=_EVERYTHING)
    connection.execute(by_note.on_conflict_do_nothing())
    _NOTE.carry_out(connection, [(run, number) for number in numbers])


def note_change(connection: Connection, run: int, number: int) -> None:
    """Notes a grade that was given before and has got another flag."""
    noted = insert_into(connection.dialect.name, review_arrivals).values(run=run, number=number)
    # Where it is noted already, that row is held: whoever takes the note just now reads the grade as it is to be.
    again = noted.on_conflict_do_update(
        index_elements=[review_arrivals.c.run, review_arrivals.c.number], set_={"number": noted.excluded.number}
    )
    connection.execute(again)


def take_arrivals(connection: Connection, run: int, limit: int) -> list[int]:
    """The numbers of noted grades of a run; their notes are gone with the end of the transaction."""
    noted = select(review_arrivals.c.number).where(review_arrivals.c.run == run)
    numbers = list(connection.scalars(noted.order_by(review_arrivals.c.number).limit(limit)))
    if numbers:
        connection.execute(
            delete(review_arrivals).where(review_arrivals.c.run == run, review_arrivals.c.number.in_(numbers))
        )
    return numbers


def _noted(dialect: str, rows: Parameters) -> Any:
    return insert_into(dialect, review_arrivals).values(rows).on_conflict_do_nothing()


_NOTE = ManyRows(("run", "number"), _noted)
