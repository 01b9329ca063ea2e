"""What the store takes of an answer: CPU and memory for looking up and keeping replies and for logging grades.

    python benchmarks/store_share.py [--answers 20000] [--in-flight 64] [--store PATH|URL]

Without --store it is a new SQLite file in the temporary folder. The same loop without a store is measured first and
taken off. CPU is of the whole process, the store's thread included.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import resource
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from evaluator.core.answer import Answer
from evaluator.core.grade import Grade
from evaluator.core.ledger import KeptReply
from evaluator.core.reply import Usage
from evaluator.core.run_manifest import RunManifest, UsageTotals
from evaluator.store.run_record import RunCounts, RunOrder
from evaluator.store.run_shelf import new_run_id
from evaluator.store.store import Store, open_store
from evaluator.wiring import make_grader

REPLY = KeptReply("x" * 1000, "model", Usage(1500, 250, 1200, 300.0, 1))
TEXT = "I would split by time: train on 2022 and test on 2023, and refuse what is known only after the decision. " * 5


def cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def measured(step: Callable[[int], Awaitable[object]], answers: int, in_flight: int) -> float:
    """Microseconds of CPU an answer."""

    async def everything() -> None:
        numbers = iter(range(answers))

        async def one_after_the_other() -> None:
            for number in numbers:
                await step(number)

        await asyncio.gather(*(one_after_the_other() for _ in range(in_flight)))

    before = cpu_seconds()
    asyncio.run(everything())
    return (cpu_seconds() - before) / answers * 1e6


def begun(store: Store, answers: int) -> int:
    grader = make_grader("baseline")
    manifest = RunManifest(
        run_id=new_run_id(), started_at="", finished_at="", outcome="running", stopped_because=None, input_name="",
        input_sha256="", layout="", notes=(), grader="", is_language_model=True, about_grader="", prompt=None,
        prompt_sha256=None, calls=None, samples=1, rubric="", rubric_sha256="", questionnaire="",
        questionnaire_sha256="", questions_asked=(), answers=answers, graded=0, not_answered=0, ungraded=0,
        to_review=0, candidates=0, quotes_claimed=0, quotes_found=0, evaluator_version="",
        usage=UsageTotals(
            requests=0, input_tokens=None, output_tokens=None, cached_tokens=None, cost_usd=None, seconds=0
        ),
    )  # fmt: skip
    return store.runs.begin(RunOrder(manifest, grader.rubric, grader.questionnaire, "", "", {})).number


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--answers", type=int, default=20_000)
    parser.add_argument("--in-flight", type=int, default=64)
    parser.add_argument("--store")
    chosen = parser.parse_args()
    answers, in_flight = chosen.answers, chosen.in_flight
    salt = str(time.time_ns())
    names = [hashlib.sha256(f"{salt}.{number}".encode()).hexdigest() for number in range(answers)]
    answer = Answer("c.degradation", "c", "degradation", TEXT)
    grade: Grade = asyncio.run(make_grader("baseline").grade(answer))
    line = grade.model_dump_json().encode()
    every = [Answer(f"c{number}.degradation", f"c{number}", "degradation", TEXT) for number in range(answers)]

    with tempfile.TemporaryDirectory() as folder, open_store(chosen.store or str(Path(folder) / "s.sqlite3")) as store:
        number = begun(store, answers)
        ledger, log = store.ledger(number), store.runs.open_log(number)

        async def nothing(_: int) -> None:
            await asyncio.sleep(0)

        async def find(which: int) -> None:
            await ledger.find(names[which])

        async def keep(which: int) -> None:
            await ledger.keep(names[which], REPLY)

        async def write_down(which: int) -> None:
            await asyncio.sleep(0)
            await log.append(every[which], grade, line, (1, 0.001))
            log.came_to(RunCounts(graded=which))
            if which == answers - 1:
                await log.flush()

        loop = measured(nothing, answers, in_flight)
        print(
            f"{answers:,} answers, {in_flight} in flight; replies of {len(REPLY.text):,} bytes, grades of {len(line):,}"
        )
        print(f"{'the loop alone':28}{loop:8.1f} µs")
        total = 0.0
        for name, step in (("find, not there", find), ("keep", keep), ("write down a grade", write_down)):
            took = measured(step, answers, in_flight) - loop
            total += took
            print(f"{name:28}{took:8.1f} µs")
        print(f"{'an answer that is asked':28}{total:8.1f} µs")
        print(f"{'find, there':28}{measured(find, answers, in_flight) - loop:8.1f} µs")
        print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


if __name__ == "__main__":
    main()
