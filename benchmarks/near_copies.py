"""What it takes to hold an answer against all earlier ones to its question, as they come one by one.

    python -m benchmarks.near_copies [EARLIER] [--store PATH|URL] [--words own|phrases]

Two kinds of answers: of words of their own, some of them common, and of the same few phrases (the worst case: whatever
is alike has to be looked at, and is none). CPU is of this process; with PostgreSQL the server's own comes on top.
Figures of one run say as much about the machine: read the ratios.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from sqlalchemy import func, select, text
from sqlalchemy.exc import OperationalError

from benchmarks.answers import make_answer
from evaluator import Answer, Grade, make_grader
from evaluator.core.submission import NewSubmission, SubmittedAnswer
from evaluator.core.work import WorkBatch, WorkItem
from evaluator.run.durable.admission import Admission
from evaluator.run.grader import Grader
from evaluator.store.graded_rows import WorkOutcome, write_outcomes
from evaluator.store.near_copies import NearCopies
from evaluator.store.near_copy_schema import near_copy_answers, near_copy_shingles
from evaluator.store.store import Store, open_store

_QUESTION = "degradation"
_GROUP = 200  # answers in a transaction while the store is filled
_MEASURED = 300
_TABLES = ("near_copy_answers", "near_copy_shingles", "near_copy_pairs")


def own_words(number: int) -> str:
    """About 110 words: a few thousand, the commonest said by nearly everybody, as in a language."""
    chance = random.Random(f"own {number}")
    return " ".join(f"w{int(1.002 ** chance.uniform(0, 4200))}" for _ in range(chance.randint(80, 140)))


def first_batch(store: Store, grader: Grader) -> WorkBatch:
    """A submission of one answer, taken: the others are written as if they were of its run."""
    answers = (SubmittedAnswer(_QUESTION, "An answer like none of the others, written before them all."),)
    store.submissions.submit(NewSubmission("api", "first", "first", "ml_engineer_screen", answers))
    Admission(store, lambda _: grader, lambda _: "", lambda _: {}, lambda: datetime.now(UTC)).take_in(1)
    batch = store.work.start(store.work.due(1, "webhook")[0].id, "benchmark")
    if batch is None:
        raise AssertionError("nobody else takes it")
    return batch


def outcomes(make: Callable[[int], str], grade: Grade) -> Iterator[WorkOutcome]:
    """Answers of a candidate each, all with the same grade."""
    number = 1
    while True:
        name = f"c{number}.{_QUESTION}"
        answer = Answer(name, f"c{number}", _QUESTION, make(number))
        given = grade.model_copy(update={"answer_id": name, "candidate_id": f"c{number}"})
        yield WorkOutcome(WorkItem(10_000 + number, answer), given)
        number += 1


def size(store: Store) -> int | None:
    """Bytes of the tables and their indexes; None where the database does not say."""
    with store.runs.database.reading() as connection:
        if not store.runs.database.is_sqlite:
            total = sum(connection.scalar(text(f"SELECT pg_total_relation_size('{name}')")) or 0 for name in _TABLES)
            return int(total)
        named = " OR ".join(f"name LIKE '%{name}%'" for name in _TABLES)
        try:
            return int(connection.exec_driver_sql(f"SELECT sum(pgsize) FROM dbstat WHERE {named}").scalar() or 0)
        except OperationalError:  # SQLite without its own statistics
            return None


def percentile(times: Sequence[float], share: float) -> float:
    return sorted(times)[min(len(times) - 1, int(share * len(times)))]


def main() -> None:
    """Fills a store, then measures a few hundred answers more, written one by one as a worker does."""
    options = argparse.ArgumentParser()
    options.add_argument("earlier", type=int, nargs="?", default=100_000)
    options.add_argument("--store")
    options.add_argument("--words", choices=("own", "phrases"), default="own")
    chosen = options.parse_args()
    make = own_words if chosen.words == "own" else make_answer
    with tempfile.TemporaryDirectory() as folder, open_store(chosen.store or str(Path(folder) / "s.sqlite3")) as store:
        grader = make_grader("baseline")
        batch = first_batch(store, grader)
        grade = asyncio.run(grader.grade(batch.items[0].answer))
        coming = outcomes(make, grade)
        database, search = store.runs.database, NearCopies(store.runs.database, None)
        begun = time.process_time()
        for _ in range(chosen.earlier // _GROUP):
            some = list(islice(coming, _GROUP))
            looked = search.look(batch, [each.item for each in some])
            with database.writing() as connection:
                write_outcomes(connection, batch.run, search.settle(connection, looked, batch.run, some))
        filling = time.process_time() - begun
        plain, whole, look, held = [], [], [], []
        for outcome in islice(coming, _MEASURED):
            # The same answer for the table's search does without: what a worker's write takes by itself.
            bare = replace(outcome, item=replace(outcome.item, number=outcome.item.number + 10_000_000))
            begun = time.process_time()
            with database.writing() as connection:
                write_outcomes(connection, batch.run, [bare])
            plain.append(time.process_time() - begun)
            cpu, begun = time.process_time(), time.perf_counter()
            looked = search.look(batch, [outcome.item])
            look.append(time.perf_counter() - begun)
            with database.writing() as connection:
                begun = time.perf_counter()
                write_outcomes(connection, batch.run, search.settle(connection, looked, batch.run, [outcome]))
                held.append(time.perf_counter() - begun)
            whole.append(time.process_time() - cpu)
        with database.reading() as connection:
            answers = connection.scalar(select(func.count()).select_from(near_copy_answers)) or 1
            shingles = connection.scalar(select(func.count()).select_from(near_copy_shingles)) or 0
            alike = connection.scalar(text("SELECT count(*) FROM near_copy_pairs")) or 0
        stored = size(store)
    each = (sum(whole) - sum(plain)) / _MEASURED
    print(f"{answers:,} answers ({chosen.words}), {shingles / answers:.1f} numbers and "
          f"{'?' if stored is None else f'{stored / answers:,.0f}'} bytes each; {alike} pairs found alike")  # fmt: skip
    print(f"filling: {1000 * filling / max(1, chosen.earlier):.2f} ms of CPU an answer, its grade's row included")
    print(f"one more: {1000 * each:.2f} ms of CPU, beside {1000 * sum(plain) / _MEASURED:.2f} for writing its grade")
    for name, times in (("look", look), ("transaction", held)):
        print(f"{name}: p50 {1000 * percentile(times, 0.5):.2f} ms, p95 {1000 * percentile(times, 0.95):.2f} ms")


if __name__ == "__main__":
    main()
