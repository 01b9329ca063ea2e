"""Replies as rows: what is written and read, in as few statements as there are sizes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, select

from evaluator.core.ledger import KeptReply
from evaluator.store.many_rows import ManyRows, Parameters, insert_into
from evaluator.store.schema import replies, run_replies
from evaluator.store.stored_text import stored_text
from evaluator.store.stored_usage import usage_from_json, usage_to_json

_MOST_BYTES = 8 << 20  # of replies that are turned into bytes at once


@dataclass(frozen=True, slots=True)
class KeptRow:
    """A reply to write; `run` is the number of the run that paid for it, if any."""

    fingerprint: str
    reply: KeptReply
    run: int | None


@dataclass(frozen=True, slots=True)
class FoundRow:
    """A reply that was read, with its number."""

    number: int
    reply: KeptReply


def write_replies(connection: Connection, kept: Sequence[KeptRow]) -> None:
    """The last reply under each name stands, also where one stood before."""
    kept_at = datetime.now(UTC).isoformat(timespec="seconds")
    last = {row.fingerprint: row for row in kept}
    for few in _by_bytes(list(last.values())):
        rows = [
            (
                row.fingerprint,
                row.reply.text.encode("utf-8", "surrogatepass"),
                None if row.reply.model is None else stored_text(row.reply.model),
                usage_to_json(row.reply.usage),
                kept_at,
            )
            for row in few
        ]
        _KEEP.carry_out(connection, rows)
    by_run: dict[int, list[str]] = {}
    for row in kept:
        if row.run is not None:
            by_run.setdefault(row.run, []).append(row.fingerprint)
    for run, fingerprints in by_run.items():
        numbers = [row.id for result in _NUMBERS.run(connection, [(each,) for each in fingerprints]) for row in result]
        write_links(connection, [(run, number) for number in numbers])


def write_links(connection: Connection, links: Sequence[tuple[int, int]]) -> None:
    """Which run (its number) used which reply (its number)."""
    _LINK.carry_out(connection, list(dict.fromkeys(links)))


def read_replies(connection: Connection, fingerprints: Sequence[str]) -> dict[str, FoundRow]:
    """What is kept under these names (all different)."""
    return {
        row.fingerprint: FoundRow(
            row.id, KeptReply(row.body.decode("utf-8", "surrogatepass"), row.model, usage_from_json(row.usage))
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
    return insert.on_conflict_do_update(index_elements=[replies.c.fingerprint], set_=new)


def _link(dialect: str, rows: Parameters) -> Any:
    return insert_into(dialect, run_replies).values(rows).on_conflict_do_nothing()


def _numbers(_dialect: str, rows: Parameters) -> Any:
    return select(replies.c.id).where(replies.c.fingerprint.in_([row["fingerprint"] for row in rows]))


def _find(_dialect: str, rows: Parameters) -> Any:
    kept = (replies.c.id, replies.c.fingerprint, replies.c.body, replies.c.model, replies.c.usage)
    return select(*kept).where(replies.c.fingerprint.in_([row["fingerprint"] for row in rows]))


_KEEP = ManyRows(("fingerprint", "body", "model", "usage", "kept_at"), _keep)
_LINK = ManyRows(("run", "reply"), _link)
_NUMBERS = ManyRows(("fingerprint",), _numbers)
_FIND = ManyRows(("fingerprint",), _find)
