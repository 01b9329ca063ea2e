"""What the queue and a review take on the server, at a hundred thousand answers that need a person.

    python -m benchmarks.review_queue [ANSWERS] [STORE]

Fills a store (a SQLite file of its own unless one is named; one that has a run is taken as it is), then calls what the
pages and their buttons call, each 200 times, and prints the 50th and 95th percentile in milliseconds. No browser
and no network: the server's own time.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from evaluator import Answer, make_grader
from evaluator.core.account import Who
from evaluator.core.grade import Flag, FlagCode
from evaluator.core.review_draw import DrawShares
from evaluator.core.review_queue import QueueFilter
from evaluator.core.run_manifest import RunManifest
from evaluator.files.grades_file import GradesFile
from evaluator.run.grading_run import GradingRun
from evaluator.run.review_desk import ReviewDesk
from evaluator.run.review_reading import ReviewReading
from evaluator.run.review_upkeep import ReviewUpkeep
from evaluator.store.run_record import RunOrder
from evaluator.store.store import Store, open_store

_TEXT = "Train on 2022 and test on 2023, by application date. We watch the share of missing values per day. " * 8
_CODES: tuple[FlagCode, ...] = (
    "near_bar",
    "graders_disagree",
    "injection_suspected",
    "red_flag",
    "evidence_unverified",
)
_TIMES = 200


def fill(store: Store, count: int, folder: str) -> None:
    """A run of `count` answers by a fifth as many candidates, each with a flag that sends it to a person."""
    grader = make_grader("baseline")
    questions = [question.id for question in grader.questionnaire.questions]
    pattern = asyncio.run(grader.grade(Answer("c0.q", "c0", questions[0], _TEXT)))
    begun = GradingRun(grader, [], GradesFile(Path(folder) / "none"), limit=None).manifest(
        run_id="be9c4000",
        about_grader="",
        input_name="answers.csv",
        input_sha256="0" * 64,
        layout="long csv",
        notes=(),
        questions_asked=tuple(questions),
        candidates=count // len(questions),
    )
    manifest: RunManifest = begun.model_copy(update={"answers": count})
    record = store.runs.begin(RunOrder(manifest, grader.rubric, grader.questionnaire, folder, "answers.csv", {}))

    async def write() -> None:
        log = store.runs.open_log(record.number)
        for number in range(count):
            question = questions[number % len(questions)]
            candidate = f"candidate-{number // len(questions):07}"
            code = _CODES[number % len(_CODES)]
            grade = pattern.model_copy(
                update={
                    "answer_id": f"{candidate}.{question}",
                    "candidate_id": candidate,
                    "question_id": question,
                    "score": (number * 7 % 100) / 10,
                    "flags": (Flag(code=code, severity="review", detail="for this measurement"),),
                }
            )
            answer = Answer(grade.answer_id, candidate, question, _TEXT)
            await log.append(answer, grade, grade.model_dump_json().encode(), (0, None))
        await log.flush()
        log.close()

    asyncio.run(write())


def measured(name: str, call: Callable[[int], Any], times: int = _TIMES) -> None:
    """Calls it so often, each time with another number; prints percentiles of the clock and of the processor."""
    clock, processor = [], []
    for number in range(times):
        begun, busy = time.perf_counter(), time.process_time()
        call(number)
        clock.append((time.perf_counter() - begun) * 1000)
        processor.append((time.process_time() - busy) * 1000)
    said = "   ".join(
        f"{what} {statistics.median(taken):7.2f} {statistics.quantiles(taken, n=20)[-1]:7.2f} ms"
        for what, taken in (("clock", clock), ("processor", processor))
    )
    print(f"{name:42} {said}", flush=True)


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with tempfile.TemporaryDirectory() as folder:
        where = sys.argv[2] if len(sys.argv) > 2 else str(Path(folder) / "store.sqlite3")
        with open_store(where) as store:
            if not store.runs.all():
                begun = time.perf_counter()
                fill(store, count, folder)
                print(f"{count:,} answers written in {time.perf_counter() - begun:.1f} s", flush=True)
            measure(store, count)


def measure(store: Store, count: int) -> None:
    """Everything that the queue and the review page ask of the store, and every button."""

    def now() -> datetime:
        return datetime.now(UTC)

    begun = time.perf_counter()
    ReviewUpkeep(store, DrawShares(), now).catch_up()
    seconds = time.perf_counter() - begun
    print(f"taken into the queue in {seconds:.1f} s, {seconds / count * 1e6:.0f} µs an answer", flush=True)
    name = f"reviewer{len(store.users.all())}"
    store.users.add(name, name, "reviewer", now().isoformat())
    who = Who(name, "reviewer", f"{name}'s browser")
    reading, desk = ReviewReading(store, now), ReviewDesk(store, now)
    everything, one_flag = QueueFilter(), QueueFilter(flag="injection_suspected", question="loan_features")
    cursors: list[str | None] = [None]
    for _ in range(400):
        page = reading.queue(who, everything, cursors[-1])
        if page.after is None:
            break
        cursors.append(page.after)
    measured("queue: a page of 50, anywhere in it", lambda n: reading.queue(who, everything, cursors[n % len(cursors)]))
    measured("queue: a page of 50, by flag and question", lambda _: reading.queue(who, one_flag))
    measured("queue: the counts", lambda _: reading.counts(who, everything))
    measured("queue: what to filter by", lambda _: reading.choices())
    taken: list[int] = []

    def next_item(_: int) -> None:
        taken.append(desk.next_item(who, everything, taken[-1] if taken else None) or 0)

    measured("the next answer, with its lease", next_item)

    def opened(number: int) -> None:
        item = taken[number % len(taken)]
        reading.open_item(who, item, held_until=desk.hold(who, item))

    measured("an answer opened", opened)
    record = store.runs.all()[0]
    levels = {each.id: 1 for each in record.order.rubric.criteria}
    mine = list(dict.fromkeys(taken))
    measured("levels saved", lambda n: desk.save(who, mine[n], 0, levels, "other"), min(len(mine), _TIMES))
    measured("a candidate whole", lambda n: reading.candidate(who, record, f"candidate-{n:07}"))


if __name__ == "__main__":
    main()
