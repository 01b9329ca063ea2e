"""Known answers as rows: kept with a sample of what they say, found again by what another one says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, LargeBinary, Select, select, type_coerce

from evaluator.store.many_rows import ManyRows, Parameters, insert_into
from evaluator.store.near_copy_schema import near_copy_answers, near_copy_pairs, near_copy_shingles
from evaluator.store.schema import answers
from evaluator.store.sealed_bytes import opened_if_possible


@dataclass(frozen=True, slots=True)
class NewAnswer:
    """An answer to be known from now on; `asked` tells its tenant and question from others'."""

    asked: str
    run: int
    answer_id: str
    candidate_id: str
    known_as: bytes | None
    """Keyed hash of an e-mail address, by which the same person is told."""


@dataclass(frozen=True, slots=True)
class KnownAnswer:
    """An answer that came earlier; `sampled`: how many of its shingles lead to it."""

    number: int
    asked: str
    run: int
    answer_id: str
    candidate_id: str
    known_as: bytes | None
    sampled: int

    def is_by_another(self, new: NewAnswer) -> bool:
        """Whether it is an answer to the same question, by somebody else as far as is known."""
        is_same = self.candidate_id == new.candidate_id or (self.known_as is not None and self.known_as == new.known_as)
        return self.asked == new.asked and not is_same


def add_answer(connection: Connection, new: NewAnswer, shingles: Sequence[int]) -> int | None:
    """Has an answer known by these shingles; its number. None where it is known already."""
    row = {
        "asked": new.asked,
        "run": new.run,
        "answer_id": new.answer_id,
        "candidate_id": new.candidate_id,
        "known_as": new.known_as,
        "sampled": len(shingles),
    }
    insert = insert_into(connection.dialect.name, near_copy_answers).values(row).on_conflict_do_nothing()
    number: int | None = connection.execute(insert.returning(near_copy_answers.c.number)).scalar()
    if number is not None:
        _SHINGLES.carry_out(connection, [(shingle, number) for shingle in shingles])
    return number


def newest(connection: Connection, asked: str) -> KnownAnswer | None:
    """The answer to a question that came last. Later ones have higher numbers, for whoever writes answers to one
    question takes turns; unless it is erased, where SQLite gives its number again.
    """
    last = _KNOWN.where(near_copy_answers.c.asked == asked).order_by(near_copy_answers.c.number.desc()).limit(1)
    row = connection.execute(last).first()
    return None if row is None else KnownAnswer(*row)


def having(connection: Connection, shingles: Sequence[int], *, after: int = 0) -> list[tuple[int, int]]:
    """Each of these shingles with each answer that it leads to, by number; of those that came after this one."""
    found = select(near_copy_shingles.c.shingle, near_copy_shingles.c.answer)
    found = found.where(near_copy_shingles.c.shingle.in_(list(shingles)), near_copy_shingles.c.answer > after)
    rows = connection.execute(found)
    return [(row.shingle, row.answer) for row in rows]


def known_answers(connection: Connection, numbers: Sequence[int], *, held: bool = False) -> list[KnownAnswer]:
    """The answers of these numbers that are still known; `held`: nobody erases them before the transaction ends."""
    asked = _KNOWN.where(near_copy_answers.c.number.in_(list(numbers))).order_by(near_copy_answers.c.number)
    rows = connection.execute(asked.with_for_update(read=True) if held else asked)
    return [KnownAnswer(*row) for row in rows]


def texts_of(connection: Connection, numbers: Sequence[int]) -> dict[int, str]:
    """What these answers say, by number."""
    return _texts(connection, _TEXTS.where(near_copy_answers.c.number.in_(list(numbers))))


def latest_texts(connection: Connection, asked: str, limit: int) -> dict[int, str]:
    """What the latest answers to a question say, by number."""
    latest = _TEXTS.where(near_copy_answers.c.asked == asked).order_by(near_copy_answers.c.number.desc()).limit(limit)
    return _texts(connection, latest)


def came_since(connection: Connection, asked: str, number: int, count: int) -> bool:
    """Whether so many answers to a question came after this one."""
    later = select(near_copy_answers.c.number).where(near_copy_answers.c.asked == asked)
    later = later.where(near_copy_answers.c.number > number).order_by(near_copy_answers.c.number)
    return connection.scalar(later.offset(count - 1).limit(1)) is not None


def add_pair(connection: Connection, earlier: int, later: int, containment: float) -> None:
    """Notes that two known answers are nearly the same."""
    row = {"earlier": earlier, "later": later, "containment": containment}
    insert = insert_into(connection.dialect.name, near_copy_pairs).values(row)
    connection.execute(insert.on_conflict_do_nothing())


def _texts(connection: Connection, asked: Select[tuple[int, bytes]]) -> dict[int, str]:
    """Without those that nobody can read any more: they hold up no one else's grade."""
    found = ((row.number, opened_if_possible(connection.dialect, row.body)) for row in connection.execute(asked))
    return {number: body.decode("utf-8", "surrogatepass") for number, body in found if body is not None}


_KNOWN = select(*(near_copy_answers.c[name] for name in KnownAnswer.__slots__))
_TEXTS = select(near_copy_answers.c.number, type_coerce(answers.c.body, LargeBinary).label("body")).join(
    answers, (answers.c.run == near_copy_answers.c.run) & (answers.c.answer_id == near_copy_answers.c.answer_id)
)


def _insert_shingles(dialect: str, rows: Parameters) -> object:
    return insert_into(dialect, near_copy_shingles).values(rows)


_SHINGLES = ManyRows(("shingle", "answer"), _insert_shingles)
