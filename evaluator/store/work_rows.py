"""Answers that wait in a chunk, as rows: sealed as any answer's text, gone once their grade is written."""

from __future__ import annotations

import json
from collections.abc import Sequence

from sqlalchemy import Connection, RowMapping, select

from evaluator.core.answer import Answer
from evaluator.core.near_copy.found import NearCopy
from evaluator.core.work import WorkItem
from evaluator.store.identity_bytes import identity_bytes, identity_in
from evaluator.store.many_rows import ManyRows, insert_into
from evaluator.store.schema import work_answers
from evaluator.store.sealed_bytes import sealed_one
from evaluator.store.stored_text import stored_text

_ANSWER_COLUMNS = tuple(column.name for column in work_answers.columns)
_ANSWER = ManyRows(_ANSWER_COLUMNS, lambda dialect, rows: insert_into(dialect, work_answers).values(rows))


def write_items(connection: Connection, chunk: int, items: Sequence[WorkItem]) -> None:
    """Puts answers into the chunk of this number."""
    rows = [_row(connection, chunk, item) for item in items]
    _ANSWER.carry_out(connection, [tuple(row[name] for name in _ANSWER_COLUMNS) for row in rows])


def items_of(connection: Connection, chunk: int) -> tuple[WorkItem, ...]:
    """What is not graded yet of a chunk, in order."""
    of_chunk = select(work_answers).where(work_answers.c.chunk == chunk).order_by(work_answers.c.number)
    return tuple(_item(row) for row in connection.execute(of_chunk).mappings())


def _row(connection: Connection, chunk: int, item: WorkItem) -> dict[str, object]:
    answer = item.answer
    candidate_id = stored_text(answer.candidate_id)
    known = identity_bytes(answer.identity)
    return {
        "chunk": chunk,
        "number": item.number,
        "answer_id": stored_text(answer.answer_id),
        "candidate_id": candidate_id,
        "question_id": answer.question_id,
        "body": sealed_one(connection, candidate_id, answer.text.encode("utf-8", "surrogatepass")),
        "absent": answer.absent,
        "row": answer.row,
        "tries": item.tries,
        "deaths": item.deaths,
        "identity": None if known is None else sealed_one(connection, candidate_id, known),
        "alike": json.dumps([[each.row, each.containment] for each in answer.alike]) if answer.alike else None,
    }


def _item(row: RowMapping) -> WorkItem:
    text = row["body"].decode("utf-8", "surrogatepass")
    alike = tuple(NearCopy(*each) for each in json.loads(row["alike"] or "[]"))
    answer = Answer(
        row["answer_id"], row["candidate_id"], row["question_id"], text, row["absent"], row["row"],
        identity=identity_in(row["identity"]), alike=alike,
    )  # fmt: skip
    return WorkItem(row["number"], answer, row["tries"], row["deaths"])
