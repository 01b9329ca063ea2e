"""Replies as rows: what is written and read, in as few statements as there are sizes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, select

from evaluator.core.ledger import KeptReply
from evaluator.store.many_rows import ManyRows, Parameters, insert_into
from evaluator.store.privacy_schema import reply_candidates
from evaluator.store.schema import replies, run_replies
from evaluator.store.sealed_bytes import opened, sealed
from evaluator.store.stored_text import stored_text
from evaluator.store.stored_usage import usage_from_json, usage_to_json

_MOST_BYTES = 8 << 20  # of replies that are turned into bytes at once


@dataclass(frozen=True, slots=True)
class KeptRow:
    """A reply to write; `run` is the number of the run that paid for it, `candidate_id` whose answer it is about."""

    fingerprint: str
    reply: KeptReply
    run: int | None
    candidate_id: str | None = None


@dataclass(frozen=True, slots=True)
class ReplyLink:
    """That a run, and a candidate's answer in it, used a reply (their numbers, and the candidate's id as stored)."""

    reply: int
    run: int | None
    candidate_id: str | None


@dataclass(frozen=True, slots=True)
class FoundRow:
    """A reply that was read, with its number."""

    number: int
    reply: KeptReply


def write_replies(connection: Connection, kept: Sequence[KeptRow]) -> None:
    """The last reply under each name stands, also where one stood before."""
    kept_at = datetime.now(UTC).isoformat(timespec="seconds")
    last = {row.fingerprint: row for row in kept}
    numbers: dict[str, int] = {}
    for few in _by_bytes(list(last.values())):
        owned = [(row.candidate_id, row.reply.text.encode("utf-8", "surrogatepass")) for row in few]
        rows = [
            (
                row.fingerprint,
                body,
                None if row.reply.model is None else stored_text(row.reply.model),
                usage_to_json(row.reply.usage),
                kept_at,
            )
            for row, body in zip(few, sealed(connection, owned), strict=True)
        ]
        for result in _KEEP.run(connection, rows):
            numbers.update((row.fingerprint, row.id) for row in result)
    write_links(connection, [ReplyLink(numbers[row.fingerprint], row.run, row.candidate_id) for row in kept])


def write_links(connection: Connection, links: Sequence[ReplyLink]) -> None:
    """Which run and which candidate used which reply."""
    runs_of = dict.fromkeys((link.run, link.reply) for link in links if link.run is not None)
    candidates_of = dict.fromkeys((link.reply, link.candidate_id) for link in links if link.candidate_id is not None)
    _LINK.carry_out(connection, list(runs_of))
    _OWN.carry_out(connection, list(candidates_of))


def read_replies(connection: Connection, fingerprints: Sequence[str]) -> dict[str, FoundRow]:
    """What is kept under these names (all different)."""
    return {
        row.fingerprint: FoundRow(
            row.id,
            KeptReply(
                opened(connection.dialect, row.body).decode("utf-8", "surrogatepass"),
                row.model,
                usage_from_json(row.usage),
            ),
        )
        for result in _FIND.run(connection, [(each,) for each in fingerprints])
        for row in result
    }


def count_replies(connection: Connection, fingerprints: Sequence[str]) -> int:
    """Under how many of these names (all different) something is kept."""
    return sum(len(result.all()) for result in _NUMBERS.run(connection, [(each,) for each in fingerprints]))


def _by_bytes(kept: Sequence[KeptRow]) -> Iterator[list[KeptRow]]:
    few: list[KeptRow] = []
    size = 0
    for row in kept:
        few.append(row)
        size += len(row.reply.text)
        if size >= _MOST_BYTES:
            yield few
            few, size = [], 0
    if few:
        yield few


def _keep(dialect: str, rows: Parameters) -> Any:
    insert = insert_into(dialect, replies).values(rows)
    new = {name: insert.excluded[name] for name in ("body", "model", "usage", "kept_at")}
    kept = insert.on_conflict_do_update(index_elements=[replies.c.fingerprint], set_=new)
    return kept.returning(replies.c.id, replies.c.fingerprint)


def _link(dialect: str, rows: Parameters) -> Any:
    return insert_into(dialect, run_replies).values(rows).on_conflict_do_nothing()


def _own(dialect: str, rows: Parameters) -> Any:
    return insert_into(dialect, reply_candidates).values(rows).on_conflict_do_nothing()


def _numbers(_dialect: str, rows: Parameters) -> Any:
    return select(replies.c.id, replies.c.fingerprint).where(
        replies.c.fingerprint.in_([row["fingerprint"] for row in rows])
    )


def _find(_dialect: str, rows: Parameters) -> Any:
    kept = (replies.c.id, replies.c.fingerprint, replies.c.body, replies.c.model, replies.c.usage)
    return select(*kept).where(replies.c.fingerprint.in_([row["fingerprint"] for row in rows]))


_KEEP = ManyRows(("fingerprint", "body", "model", "usage", "kept_at"), _keep)
_LINK = ManyRows(("run", "reply"), _link)
_OWN = ManyRows(("reply", "candidate_id"), _own)
_NUMBERS = ManyRows(("fingerprint",), _numbers)
_FIND = ManyRows(("fingerprint",), _find)
