"""What the queue takes of an answer, by how many answers are a piece of work; and what an answer takes of the disk.

    python benchmarks/queue_share.py queue [--store PATH|URL] [--pieces 200]
    python benchmarks/queue_share.py disk [--store PATH|URL] [--answers 1000]

`queue`: pieces that only wait 2 ms for each answer, put and done in one process; CPU of the process, less what it takes
in the same time with nothing to do. `disk`: a run of answers of 80 to 150 words, graded through the mock endpoint.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from sqlalchemy import create_engine, text

from benchmarks.answers import write_answers
from benchmarks.server_process import MockServer
from evaluator.core.work import CHUNK
from evaluator.run.durable.queue import LaneOfWork, WorkQueue
from evaluator.store.address import StoreAddress, store_address
from evaluator.store.store import open_store

SIZES = (1, 5, 25, 100)
SECONDS_AN_ANSWER = 0.002
SOME_UNGRADED = 3  # the mock endpoint may say what cannot be taken
QUESTIONS = ("degradation", "fraud_framing", "loan_features", "feed_ranking", "launch_decision")


def cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def queue(where: str, pieces: int) -> None:
    """Prints CPU milliseconds a piece and an answer."""
    open_store(where).close()
    done = threading.Semaphore(0)

    def work(_piece: str, size: int) -> None:
        time.sleep(size * SECONDS_AN_ANSWER)
        done.release()

    made = WorkQueue(store_address(where), "benchmark", [LaneOfWork("piece", 8, 0.2, work)])
    made.start()
    began, before = time.monotonic(), cpu_seconds()
    time.sleep(5)
    idle = (cpu_seconds() - before) / (time.monotonic() - began)
    for size in SIZES:
        began, before = time.monotonic(), cpu_seconds()
        for piece in range(pieces):
            made.put("piece", f"{began}-{piece}", size, 1)
        for _ in range(pieces):
            done.acquire()
        used = cpu_seconds() - before - idle * (time.monotonic() - began)
        of_piece = used / pieces * 1e3
        mark = "  <- a run's chunk" if size == CHUNK else ""
        print(f"{size:>4} answers a piece: {of_piece:6.2f} ms a piece, {of_piece / size:6.3f} ms an answer{mark}")
    made.stop(10)


def disk(where: str, answers: int) -> None:
    """Prints bytes an answer."""
    with tempfile.TemporaryDirectory() as folder:
        table = Path(folder) / "a.csv"
        write_answers(table, answers, QUESTIONS)
        open_store(where).close()
        before = _size(store_address(where))
        grading = ["grade", str(table), "--grader", "openai:mock", "--yes", "--quiet", "--store", where]
        grading.append("--no-control-reading")  # one request an answer, so that shares can be compared
        with MockServer() as server:
            command = [sys.executable, "-m", "evaluator", *grading, "--base-url", server.base_url]
            command += ["--out", str(Path(folder) / "out")]
            code = subprocess.run(command, check=False, env={**os.environ, "OPENAI_API_KEY": "mock"}).returncode
        if code not in (0, SOME_UNGRADED):
            sys.exit(code)
        print(f"{(_size(store_address(where)) - before) / answers:,.0f} bytes an answer in the store")
        files = sum(each.stat().st_size for each in (Path(folder) / "out").rglob("*") if each.is_file())
        print(f"{files / answers:,.0f} bytes an answer in the run's folder")


def _size(address: StoreAddress) -> int:
    if address.path is not None:
        return address.path.stat().st_size
    engine = create_engine(address.url)
    with engine.connect() as connection:
        return int(connection.scalar(text("SELECT pg_database_size(current_database())")) or 0)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["queue", "disk"])
    parser.add_argument("--store", default=str(Path(tempfile.mkdtemp()) / "store.sqlite3"))
    parser.add_argument("--pieces", type=int, default=200)
    parser.add_argument("--answers", type=int, default=1000)
    given = parser.parse_args()
    if given.what == "queue":
        queue(given.store, given.pieces)
    else:
        disk(given.store, given.answers)
