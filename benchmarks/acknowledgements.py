"""How soon a delivery is acknowledged: from when it was due to the answer read, at a rate that does not wait.

    python -m benchmarks.acknowledgements [--rate 50] [--seconds 30] [--store PATH|URL] [--beside N]

Starts `evaluator serve` and sends it deliveries of Greenhouse's shape, a tenth of them a second time and a twentieth
forged, at moments fixed beforehand: a slow answer does not make the next delivery later. For comparison, test events
are sent between them, which are checked and answered but not kept. `--beside N` starts a worker, a process of its own,
which grades what is delivered and a table of N answers meanwhile. Times are of this machine with whatever else runs on
it: its load is printed too, and how late the sender itself was, which is part of each time.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import csv
import hashlib
import hmac
import json
import os
import random
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx2

from benchmarks.answers import make_answer

SECRET = "benchmark"
_FORGED, _AGAIN = 0.05, 0.10


@dataclass(frozen=True, slots=True)
class Sending:
    """One request: when, what, and which status is right."""

    at: float
    kind: str
    body: bytes
    signature: str
    event_id: str
    status: int


def planned(rate: float, seconds: float, seed: int) -> list[Sending]:
    """The requests in order of time."""
    draw = random.Random(seed)
    sendings: list[Sending] = []
    for number in range(int(rate * seconds)):
        at = number / rate
        body = _event(number)
        if draw.random() < _FORGED:
            sendings.append(Sending(at, "forged", body, f"sha256 {'0' * 64}", f"f{number}", 401))
            continue
        sendings.append(Sending(at, "kept", body, _signed(body), f"e{number}", 200))
        if draw.random() < _AGAIN:
            sendings.append(Sending(at + draw.random() * 5, "again", body, _signed(body), f"e{number}", 200))
        if number % 5 == 0:
            ping = json.dumps({"action": "ping", "n": number}).encode()
            sendings.append(Sending(at + 0.5 / rate, "not kept", ping, _signed(ping), f"p{number}", 200))
    return sorted(sendings, key=lambda each: each.at)


def _event(number: int) -> bytes:
    answers = [
        {"question": question, "answer": make_answer(2 * number + place)}
        for place, question in enumerate(("degradation", "fraud_framing"))
    ]
    application = {
        "id": number,
        "candidate": {"id": number, "first_name": "A"},
        "jobs": [{"id": 1}],
        "answers": answers,
    }
    return json.dumps({"action": "new_candidate_application", "payload": {"application": application}}).encode()


def _signed(body: bytes) -> str:
    return "sha256 " + hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()


@dataclass(frozen=True, slots=True)
class Served:
    """A running server."""

    url: str
    process: int

    def cpu_seconds(self) -> float:
        """What it has used so far, as the kernel counts it."""
        fields = Path(f"/proc/{self.process}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextlib.contextmanager
def served(store: str) -> Iterator[Served]:
    """`evaluator serve` for as long as the block lasts."""
    process = subprocess.Popen(
        [sys.executable, "-u", "-m", "evaluator", "serve", "--port", "0", "--store", store],
        env={**os.environ, "EVALUATOR_GREENHOUSE_SECRETS": SECRET},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert process.stdout is not None
        said = ""
        while "Ctrl-C stops it." not in said:
            line = process.stdout.readline()
            if not line:
                raise SystemExit(said)
            said += line
        found = re.search(r"http://127\.0\.0\.1:\d+", said)
        assert found is not None
        yield Served(found[0], process.pid)
    finally:
        process.terminate()
        process.wait(30)


@contextlib.contextmanager
def graded_beside(store: str, answers: int, folder: Path) -> Iterator[None]:
    """A table of so many answers, graded with the same store as long as the block lasts."""
    if not answers:
        yield
        return
    table = folder / "answers.csv"
    with table.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["candidate_id", "question_id", "answer"])
        writer.writerows([f"c{number}", "degradation", make_answer(number, seed=2)] for number in range(answers))
    program = [sys.executable, "-m", "evaluator"]
    environment = {**os.environ, "EVALUATOR_STORE": store, "EVALUATOR_GREENHOUSE_SECRETS": SECRET}
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "env": environment}
    grading = ["grade", str(table), "--grader", "baseline", "--workers", "--out", str(folder / "out"), "--quiet"]
    worker = subprocess.Popen([*program, "worker", "--grader", "baseline"], **quiet)  # type: ignore[call-overload]
    command = subprocess.Popen([*program, *grading], **quiet)  # type: ignore[call-overload]
    try:
        _wait_for_grades(store)
        yield
        print(f"the table beside it: {'still being graded' if command.poll() is None else 'all graded'} at the end")
    finally:
        for process in (command, worker):
            process.terminate()
        for process in (command, worker):
            process.wait(60)


def _wait_for_grades(store: str) -> None:
    """Returns when the worker has begun: what it takes to start is not what is measured."""
    from evaluator.store.store import open_store  # here: the sender itself needs nothing of it

    with open_store(store) as opened:
        until = time.monotonic() + 120
        while not any(worker.graded for worker in opened.workers.all()):
            if time.monotonic() > until:
                raise SystemExit("the worker grades nothing")
            time.sleep(0.5)


async def send_all(url: str, sendings: list[Sending]) -> dict[str, list[float]]:
    """Seconds until each was answered, by kind, counted from when it was to be sent."""
    took: dict[str, list[float]] = {}
    limits = httpx2.Limits(max_connections=200, max_keepalive_connections=200)
    async with httpx2.AsyncClient(base_url=url, timeout=60, limits=limits) as client:
        for _ in range(3):
            with contextlib.suppress(httpx2.TransportError):
                await client.get("/openapi.json")
        begun = time.perf_counter() + 0.5

        async def send(each: Sending) -> None:
            await asyncio.sleep(max(0.0, begun + each.at - time.perf_counter()))
            due = begun + each.at
            took.setdefault("sent late", []).append(time.perf_counter() - due)
            headers = {
                "Content-Type": "application/json", "Signature": each.signature, "Greenhouse-Event-ID": each.event_id,
            }  # fmt: skip
            answer = await client.post("/webhooks/greenhouse", content=each.body, headers=headers)
            took.setdefault(each.kind, []).append(time.perf_counter() - due)
            if answer.status_code != each.status:
                raise SystemExit(f"{each.kind}: {answer.status_code} {answer.text}")

        await asyncio.gather(*map(send, sendings))
    return took


def show(took: dict[str, list[float]]) -> None:
    """A line for each kind."""
    print(f"{'':10}{'n':>7}{'median':>10}{'p95':>10}{'p99':>10}{'longest':>10}   ms")
    for kind, seconds in sorted(took.items()):
        cuts = statistics.quantiles(seconds, n=100)
        figures = (cuts[49], cuts[94], cuts[98], max(seconds))
        print(f"{kind:10}{len(seconds):7,}" + "".join(f"{each * 1000:10.1f}" for each in figures))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rate", type=float, default=50, help="new events a second")
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--store", help="a path or postgresql://… [default: a new SQLite file]")
    parser.add_argument("--beside", type=int, default=0, help="answers that are graded meanwhile")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        store = given.store or f"{folder}/store.sqlite3"
        with served(store) as server, graded_beside(store, given.beside, Path(folder)):
            before, cpu = os.getloadavg()[0], server.cpu_seconds()
            took = asyncio.run(send_all(server.url, planned(given.rate, given.seconds, given.seed)))
            requests = sum(len(seconds) for kind, seconds in took.items() if kind != "sent late")
            share = (server.cpu_seconds() - cpu) / requests
            print(f"{given.rate:g} new events a second for {given.seconds:g} s; {os.cpu_count()} processors")
            print(f"load before and after: {before:.1f}, {os.getloadavg()[0]:.1f}")
            show(took)
            print(f"the server's processor time: {share * 1000:.1f} ms a request")


if __name__ == "__main__":
    main()
