"""Erasure: everything of one candidate taken out of the store, its place in the order of deletion, and a record of it.

Whoever adds a table says here how a candidate is found in it, or that it holds nothing of any.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Table, delete, exists, func, select, tuple_, update

from evaluator.errors import UsageError
from evaluator.store.database import Database
from evaluator.store.keyring import Keyring, forget_key, own_key
from evaluator.store.near_copy_schema import near_copy_answers
from evaluator.store.privacy_schema import erasures, redactions, reply_candidates
from evaluator.store.review_schema import (
    candidate_decisions,
    review_items,
    review_labels,
    review_leases,
    review_log,
    review_skips,
)
from evaluator.store.run_record import RunState
from evaluator.store.run_shelf import RunShelf
from evaluator.store.schema import (
    answers,
    grades,
    inbox,
    replies,
    run_replies,
    submissions,
    work_answers,
    work_chunks,
)
from evaluator.store.sealed_bytes import opened, sealed_one
from evaluator.store.service_erasure import erase_service_rows
from evaluator.store.stored_text import stored_text

_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose rows: a candidate's id as stored, in one run (its number) or everywhere (None)."""

    candidate_id: str
    run: int | None = None


Rows = Callable[[Scope], Any]


def _by_candidate(table: Table) -> Rows:
    """Rows that have the candidate's id and a run."""
    return lambda scope: (table.c.candidate_id == scope.candidate_id) & _in_run(table, scope)


def _by_answer(table: Table) -> Rows:
    """Rows that name an answer of a run."""
    return lambda scope: tuple_(table.c.run, table.c.answer_id).in_(
        select(answers.c.run, answers.c.answer_id).where(
            answers.c.candidate_id == scope.candidate_id, _in_run(answers, scope)
        )
    )


def _by_item(table: Table) -> Rows:
    """Rows that name an item of the review queue."""
    return lambda scope: table.c.item.in_(
        select(review_items.c.id).where(review_items.c.candidate_id == scope.candidate_id, _in_run(review_items, scope))
    )


def _in_run(table: Table, scope: Scope) -> Any:
    return table.c.run == scope.run if scope.run is not None else table.c.run.is_not(None)


def _by_chunk(scope: Scope) -> Any:
    """Answers that wait for a worker, in a chunk of a run."""
    of_run = select(work_chunks.c.number).where(_in_run(work_chunks, scope))
    return (work_answers.c.candidate_id == scope.candidate_id) & work_answers.c.chunk.in_(of_run)


ERASED: Sequence[tuple[Table, Rows]] = (
    # Before all else: whoever finds a near copy of an answer holds its row, and then changes its grade.
    (near_copy_answers, _by_candidate(near_copy_answers)),
    # Then what leads from a placeholder to a person; an answer last, since others are found by it.
    (redactions, _by_answer(redactions)),
    (review_skips, _by_item(review_skips)),
    (review_leases, _by_item(review_leases)),
    (review_labels, _by_candidate(review_labels)),
    (review_log, _by_candidate(review_log)),
    (candidate_decisions, _by_candidate(candidate_decisions)),
    (review_items, _by_candidate(review_items)),
    (grades, _by_answer(grades)),
    (work_answers, _by_chunk),
    (answers, _by_candidate(answers)),
)
"""Tables whose rows of a candidate are deleted, in order."""

ERASED_OTHERWISE: Mapping[str, str] = {
    "replies": "deleted where they are about no other candidate; else they stay, and are no longer this one's",
    "reply_candidates": "deleted with the candidate",
    "run_replies": "deleted with the replies",
    "candidate_keys": "deleted with the candidate: what they encrypted and is still somewhere can be read by nobody",
    "inbox": "emptied by service_erasure",
    "submissions": "emptied by service_erasure",
    "deliveries": "deleted by service_erasure",
    "outbound": "emptied by service_erasure: an event that was not sent is not sent any more",
    "submission_answers": "deleted by service_erasure",
    "assessments": "deleted by service_erasure",
    "near_copy_shingles": "deleted with near_copy_answers",
    "near_copy_pairs": "deleted with near_copy_answers, whichever of the two it is",
}
"""Tables that are erased by code of their own, and how."""

FREE_OF_CANDIDATES: Mapping[str, str] = {
    "store_migrations": "versions of the store",
    "review_arrivals": "numbers of grades that the review queue has not looked at",
    "runs": "what was graded by what: names of files, counts",
    "store_keys": "keys",
    "erasures": "keyed hashes of ids",
    "review_intake": "how far a run was looked at",
    "users": "people who use the pages",
    "sign_in_links": "people who use the pages",
    "sign_in_sessions": "people who use the pages",
    "sign_in_devices": "people who use the pages",
    "sign_in_failures": "people who use the pages",
    "run_access": "people who use the pages",
    "audit_log": "what was done by people who use the pages; of candidates only that one was erased",
    "work_chunks": "which answers wait for workers, by number",
    "workers": "processes that grade",
    "api_keys": "programs that use the API",
    "scheduled_jobs": "what is done when",
    "scheduled_runs": "what came of scheduled work: counts, and figures on an eval set",
}
"""Tables that hold nothing of a candidate, and what they hold."""


@dataclass(frozen=True, slots=True)
class OfCandidate:
    """What the store has of a candidate: rows by table, and the runs it is in (ids, folders, inputs)."""

    counts: Mapping[str, int]
    runs: tuple[RunPlaces, ...]

    @property
    def total(self) -> int:
        """Rows."""
        return sum(self.counts.values())


@dataclass(frozen=True, slots=True)
class RunPlaces:
    """A run that a candidate is in, and where its files are."""

    number: int
    id: str
    state: RunState
    folder: str
    input_path: str


@dataclass(frozen=True, slots=True)
class Erased:
    """What was erased: rows by table, the pseudonym under which that is on record, and when (UTC, ISO 8601)."""

    counts: Mapping[str, int]
    pseudonym: str
    erased_at: str


class Erasure:
    """Erases candidates from one store."""

    def __init__(self, database: Database, keyring: Keyring | None, shelf: RunShelf) -> None:
        self._database = database
        self._runs = shelf
        self._keyring = keyring

    def holding(self, candidate_id: str, run: int | None = None) -> OfCandidate:
        """What there is to be erased."""
        scope = Scope(stored_text(candidate_id), run)
        with self._database.reading() as connection:
            counts = {table.name: _count(connection, table, rows(scope)) for table, rows in ERASED}
            own, shared, unclaimed = _replies_of(connection, scope)
            counts |= {"replies": len(own), "replies shared": len(shared), "replies unclaimed": len(unclaimed)}
            if run is None:
                counts |= {
                    "submissions": _count(connection, submissions, submissions.c.candidate_id == scope.candidate_id),
                    "events": _count(connection, inbox, inbox.c.candidate_id == scope.candidate_id),
                }
            numbers = _runs_of(connection, scope)
        records = [record for record in self._runs.all() if record.number in numbers]
        places = tuple(
            RunPlaces(each.number, each.id, each.state, each.order.folder, each.order.input_path) for each in records
        )
        return OfCandidate({name: count for name, count in counts.items() if count}, places)

    def erase(
        self, candidate_id: str, run: int | None = None, *, reason: str = "erase", while_graded: bool = False
    ) -> Erased:
        """Erases a candidate, all of it or nothing. Safe to call again.

        Raises UsageError where one of its runs is being graded, unless `while_graded`: an answer that is in flight
        then is written after it, and has to be erased by a second call.
        """
        scope = Scope(stored_text(candidate_id), run)
        for place in () if while_graded else self.holding(candidate_id, run).runs:
            if place.state == "running":
                raise UsageError(f"Run {place.id} is being graded now.", hint="Stop it, or wait for its end.")
        with self._database.writing() as connection:
            if self._database.is_sqlite:
                # What is deleted is overwritten in the file too.
                connection.exec_driver_sql("PRAGMA secure_delete = ON")
            counts = self._erase(connection, scope)
            erased_at = datetime.now(UTC).isoformat(timespec="seconds")
            pseudonym = self._pseudonym(connection, scope.candidate_id)
            connection.execute(
                erasures.insert(),
                {
                    "candidate": pseudonym,
                    "run": None if run is None else str(run),
                    "reason": reason,
                    "erased_at": erased_at,
                    "counts": json.dumps(counts),
                },
            )
        if self._database.is_sqlite:
            with self._database.connect() as connection:
                connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        return Erased(counts, pseudonym, erased_at)

    def erased_at(self, candidate_id: str) -> str | None:
        """When this candidate was last erased everywhere; None where that never was."""
        with self._database.writing() as connection:
            name = self._pseudonym(connection, stored_text(candidate_id))
            asked = select(func.max(erasures.c.erased_at)).where(erasures.c.candidate == name, erasures.c.run.is_(None))
            found: str | None = connection.scalar(asked)
            return found

    def _erase(self, connection: Connection, scope: Scope) -> dict[str, int]:
        own, shared, unclaimed = _replies_of(connection, scope)
        counts: dict[str, int] = {}
        for table, rows in ERASED:
            counts[table.name] = connection.execute(delete(table).where(rows(scope))).rowcount
        counts["replies"] = _delete_replies(connection, [*own, *unclaimed])
        counts["replies shared"] = len(shared)
        for reply in shared:
            _hand_over(connection, reply, scope.candidate_id)
        if scope.run is None:
            counts |= erase_service_rows(connection, scope.candidate_id)
        if scope.run is None or not _is_known(connection, scope.candidate_id):
            counts["keys"] = forget_key(connection, scope.candidate_id)
        return {name: count for name, count in counts.items() if count}

    def _pseudonym(self, connection: Connection, candidate_id: str) -> str:
        key = own_key(connection, self._keyring, "audit")
        return hmac.new(key, candidate_id.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()


def _replies_of(connection: Connection, scope: Scope) -> tuple[list[int], list[int], list[int]]:
    """Replies about this candidate alone; about others too; and those of its runs of which nobody knows whose they are.

    The last are of before it was noted, or of requests that a kill came between.
    """
    others = reply_candidates.alias()
    about = select(reply_candidates.c.reply).where(reply_candidates.c.candidate_id == scope.candidate_id)
    if scope.run is not None:
        about = about.where(
            exists().where(run_replies.c.reply == reply_candidates.c.reply, run_replies.c.run == scope.run)
        )
    is_others = exists().where(others.c.reply == reply_candidates.c.reply, others.c.candidate_id != scope.candidate_id)
    shared = list(connection.scalars(about.where(is_others)))
    own = list(connection.scalars(about.where(~is_others)))
    numbers = _runs_of(connection, scope)
    unclaimed = select(run_replies.c.reply).where(
        run_replies.c.run.in_(numbers), ~exists().where(others.c.reply == run_replies.c.reply)
    )
    return own, shared, list(connection.scalars(unclaimed.distinct())) if numbers else []


def _delete_replies(connection: Connection, numbers: Sequence[int]) -> int:
    for start in range(0, len(numbers), _AT_ONCE):
        some = numbers[start : start + _AT_ONCE]
        connection.execute(delete(run_replies).where(run_replies.c.reply.in_(some)))
        connection.execute(delete(reply_candidates).where(reply_candidates.c.reply.in_(some)))
        connection.execute(delete(replies).where(replies.c.id.in_(some)))
    return len(numbers)


def _hand_over(connection: Connection, reply: int, candidate_id: str) -> None:
    """A reply that others share is theirs from now on: encrypted with another's key."""
    of_reply = reply_candidates.c.reply == reply
    connection.execute(delete(reply_candidates).where(of_reply, reply_candidates.c.candidate_id == candidate_id))
    heir = connection.scalar(select(reply_candidates.c.candidate_id).where(of_reply).limit(1))
    body = connection.scalar(select(replies.c.body).where(replies.c.id == reply))
    if body is not None:
        plain = opened(connection.dialect, body)
        connection.execute(
            update(replies).where(replies.c.id == reply).values(body=sealed_one(connection, heir, plain))
        )


def _runs_of(connection: Connection, scope: Scope) -> set[int]:
    asked = select(answers.c.run).where(answers.c.candidate_id == scope.candidate_id, _in_run(answers, scope))
    return set(connection.scalars(asked.distinct()))


def _is_known(connection: Connection, candidate_id: str) -> bool:
    return any(
        connection.scalar(select(table.c.candidate_id).where(table.c.candidate_id == candidate_id).limit(1)) is not None
        for table in (answers, reply_candidates, submissions, inbox, review_items, review_log)
    )


def _count(connection: Connection, table: Table, where: Any) -> int:
    return int(connection.scalar(select(func.count()).select_from(table).where(where)) or 0)
