"""What a submission takes of a worker's processor, beside what the same worker takes when nothing comes.

    python -m benchmarks.submissions [--submissions 100] [--rate 4] [--latency-ms 300]

One worker over PostgreSQL and a mock endpoint, all on this machine. Submissions of two answers come one by one at
a steady rate, as they do through an ATS; the first thirty warm the worker up. Of the worker's processor time what it
takes idle is taken off. The load of the machine is printed too.
"""

from __future__ import annotations

import argparse
import os
import sys
import time

from benchmarks.answers import make_answer
from benchmarks.server_process import MockServer
from benchmarks.workers import cpu_seconds, database_server, new_database, running, time_of
from evaluator.core.submission import NewSubmission, SubmittedAnswer
from evaluator.store.store import Store, open_store

_QUESTIONS = ("degradation", "loan_features")
_WARM = 30  # submissions
_IDLE = 10.0  # seconds


def _sent(store: Store, first: int, count: int, rate: float) -> None:
    begun = time.monotonic()
    for number in range(first, first + count):
        answers = tuple(
            SubmittedAnswer(question, make_answer(len(_QUESTIONS) * number + place))
            for place, question in enumerate(_QUESTIONS)
        )
        name = f"c{number}"
        store.submissions.submit(NewSubmission("api", name, name, "ml_engineer_screen", answers))
        time.sleep(max(0.0, begun + (number - first + 1) / rate - time.monotonic()))


def measured(server: str, submissions: int, rate: float, latency_ms: float) -> tuple[float, float]:
    """Milliseconds of processor time a submission, and the share of a processor that the idle worker takes."""
    engine = new_database(server, f"submissions_{os.getpid()}")
    address = engine.url.render_as_string(hide_password=False)
    with MockServer(latency_ms=latency_ms) as model, open_store(address) as store:
        options = ["--store", address, "--base-url", model.base_url, "--grader", "openai:mock"]
        command = [sys.executable, "-m", "evaluator", "worker", *options, "--no-control-reading"]
        with running(command) as (worker,):
            _sent(store, 0, _WARM, rate)
            time_of(engine, len(_QUESTIONS) * _WARM)
            time.sleep(2)  # until nothing is told or tidied any more
            before, at = cpu_seconds(worker.pid), time.monotonic()
            time.sleep(_IDLE)
            idle = (cpu_seconds(worker.pid) - before) / (time.monotonic() - at)
            before, at = cpu_seconds(worker.pid), time.monotonic()
            _sent(store, _WARM, submissions, rate)
            time_of(engine, len(_QUESTIONS) * (_WARM + submissions))
            used = cpu_seconds(worker.pid) - before - idle * (time.monotonic() - at)
    engine.dispose()
    return used / submissions * 1000, idle


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--submissions", type=int, default=100)
    parser.add_argument("--rate", type=float, default=4, help="submissions a second")
    parser.add_argument("--latency-ms", type=float, default=300)
    given = parser.parse_args()
    with database_server() as (server, _):
        each, idle = measured(server, given.submissions, given.rate, given.latency_ms)
    print(f"{given.submissions:,} submissions of {len(_QUESTIONS)} answers, {given.rate:g} a second")
    print(f"{each:.1f} ms of processor time each; the idle worker takes {idle:.1%} of a processor")
    print(f"load {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
