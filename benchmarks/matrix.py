"""The matrix: contestants and cells in alternation, round after round, each result written as it comes."""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from statistics import mean
from typing import Any

from benchmarks.answers import write_answers
from benchmarks.cells import TINY, Cell
from benchmarks.contestants import OURS, Contestant, Ending, Task, environment
from benchmarks.measured_process import Used, run_measured
from benchmarks.mock.options import Options
from benchmarks.result_row import ResultRow, append_row, read_rows
from benchmarks.server_process import ROOT, MockServer

_STARTS = 5
_STARTING = ("python -c pass", "--help", "first request")


@dataclass(frozen=True, slots=True)
class Plan:
    """What to measure, and where things are. Cores of None: processes are not pinned."""

    contestants: Sequence[Contestant]
    cells: Sequence[Cell]
    rounds: int
    count: int
    results: Path
    work: Path
    client_core: int | None
    server_core: int | None
    longest: float
    """Seconds; a contestant that takes longer is killed, and its row says so by its exit code."""
    again: bool = False
    priority: int | None = None
    """Real-time priority of the endpoint and of who is measured, so that other work on the computer waits."""


class Matrix:
    """One run of a plan. A place that already stands in the results is not measured again."""

    def __init__(self, plan: Plan, say: Callable[[str], None]) -> None:
        self._plan = plan
        self._say = say
        self._done = (
            Counter[tuple[str, str, int, int]]()
            if plan.again
            else Counter(row.place for row in read_rows(plan.results))
        )
        self._starts: dict[tuple[str, int, int], _Start] = {}
        plan.work.mkdir(parents=True, exist_ok=True)
        self._workload = plan.work / "workload.json"
        # In another process: it needs our package, and what this one holds is the floor of every peak measured.
        command = [sys.executable, "-m", "benchmarks.workload", str(self._workload)]
        subprocess.run(command, cwd=ROOT, check=True, timeout=120)

    def run(self) -> None:
        """Everything that is not there yet."""
        with MockServer(prefix=_placed(self._plan.server_core, self._plan.priority)) as server:
            for number in range(self._plan.rounds):
                for cell, contestant in self._places(number):
                    for row in self._measured(server, cell, contestant, number):
                        append_row(self._plan.results, row)
                        self._say(_said(row))

    def _places(self, number: int) -> Iterator[tuple[Cell, Contestant]]:
        """Contestants alternate within a cell, and the one who begins is another in each round."""
        everybody = list(self._plan.contestants)
        turned = everybody[number % len(everybody) :] + everybody[: number % len(everybody)]
        for cell in self._plan.cells:
            if cell.once and number:
                continue
            for contestant in turned:
                if cell.only_ours and contestant.name != OURS:
                    continue
                if not self._is_done(cell, contestant.name, number):
                    yield cell, contestant

    def _is_done(self, cell: Cell, name: str, number: int) -> bool:
        """The start-up's rows are of three things, several times each, and none of them is a contestant's."""
        names, times = (_STARTING, _STARTS) if cell.kind == "start" else ((name,), 1)
        count = cell.count or self._plan.count
        return all(self._done[each, cell.name, number, count] >= times for each in names)

    def _measured(self, server: MockServer, cell: Cell, contestant: Contestant, number: int) -> Iterator[ResultRow]:
        version = contestant.version()
        if version is None:
            self._say(f"{contestant.name}: not installed, left out")
            return
        task = self._task(server, cell, contestant)
        blank = ResultRow(
            contestant=contestant.name,
            version=version,
            cell=cell.name,
            round=number,
            count=task.count,
            concurrency=task.concurrency,
            cpu_s=0.0,
            wall_s=0.0,
            peak_mb=0.0,
            exit_code=0,
            load=round(os.getloadavg()[0], 2),
            measured_on=datetime.now(UTC).strftime("%Y-%m-%d"),
            machine=machine(),
        )
        if cell.kind == "start":
            yield from self._start_up(server, contestant, task, blank)
        elif cell.kind == "kill":
            yield self._killed(server, cell, contestant, task, blank)
        else:
            start = self._start_of(server, contestant, task, number) if cell.kind == "load" else _Start(0.0, 0.0, None)
            row = replace(
                blank, start_cpu_s=start.cpu_s, start_wall_s=start.wall_s, start_asking_cpu_s=start.asking_cpu_s
            )
            yield self._loaded(server, cell, contestant, task, row)

    def _loaded(self, server: MockServer, cell: Cell, contestant: Contestant, task: Task, row: ResultRow) -> ResultRow:
        _set(server, cell.options)
        used, ending = self._go(contestant, task, mark_when=_answered(server, contestant, task))
        stats = server.stats()
        worked = max(1, task.count - TINY)
        return replace(
            _with(row, used, ending, stats),
            asking_cpu_s=used.marked_cpu_s,
            cpu_ms=round((used.cpu_s - row.start_cpu_s) / worked * 1000, 4) if cell.kind == "load" else None,
            rate=round(task.count / stats["span_s"], 1) if stats["span_s"] else None,
        )

    def _killed(self, server: MockServer, cell: Cell, contestant: Contestant, task: Task, row: ResultRow) -> ResultRow:
        """SIGKILL when half of the answers have been asked about; then once more, the package's own way to go on."""
        _set(server, cell.options)
        half = task.count // 2
        self._go(contestant, task, kill_when=lambda: server.stats()["answers_seen"] >= half)
        at = server.stats()
        second = replace(task, again=True)
        used, ending = self._go(contestant, second)
        return replace(_with(row, used, ending, server.stats()), killed_at=at)

    def _start_of(self, server: MockServer, contestant: Contestant, task: Task, number: int) -> _Start:
        """CPU and wall seconds of the same with a few answers; measured once a round and concurrency."""
        place = (contestant.name, number, task.concurrency)
        if place not in self._starts:
            tried = []
            few = replace(task, count=TINY)
            for _ in range(2):
                _set(server, {})
                tried.append(self._go(contestant, few, mark_when=_answered(server, contestant, few))[0])
            asking = [used.marked_cpu_s for used in tried if used.marked_cpu_s is not None]
            self._starts[place] = _Start(
                round(mean(used.cpu_s for used in tried), 3),
                round(mean(used.wall_s for used in tried), 3),
                round(mean(asking), 3) if asking else None,
            )
        return self._starts[place]

    def _start_up(self, server: MockServer, contestant: Contestant, task: Task, row: ResultRow) -> Iterator[ResultRow]:
        """Three figures, in alternation: nothing, our help, our first request. They are told apart by `contestant`."""
        for _ in range(_STARTS):
            for name, command in zip(_STARTING, (["-c", "pass"], ["-m", "evaluator", "--help"]), strict=False):
                used = run_measured(
                    [*_placed(self._plan.client_core, self._plan.priority), sys.executable, *command],
                    folder=self._fresh(task.state),
                    environment=environment(),
                    time_limit=60.0,
                )
                yield replace(_with(row, used, Ending(0, 0), {}), contestant=name, missing=0)
            # Nothing is answered, and the command is killed as soon as it has asked: what it used is its way there.
            _set(server, {"latency_ms": 60_000.0})
            used, ending = self._go(contestant, task, kill_when=lambda: server.stats()["total"] > 0)
            stats = server.stats()
            until_first = replace(used, wall_s=stats["first_at"] - used.started_at)
            yield replace(_with(row, until_first, ending, stats), contestant=_STARTING[-1])

    def _go(
        self,
        contestant: Contestant,
        task: Task,
        kill_when: Callable[[], bool] | None = None,
        mark_when: Callable[[], bool] | None = None,
    ) -> tuple[Used, Ending]:
        if not task.again:
            self._fresh(task.state)
        contestant.prepare(task)
        used = run_measured(
            [*_placed(self._plan.client_core, self._plan.priority), *contestant.command(task)],
            folder=task.state,
            environment=environment(),
            time_limit=self._plan.longest,
            kill_when=kill_when,
            mark_when=mark_when,
        )
        return used, contestant.ending(task, used.output)

    def _task(self, server: MockServer, cell: Cell, contestant: Contestant) -> Task:
        count = cell.count or self._plan.count
        return Task(
            answers=self._answers(count),
            workload=self._workload,
            count=count,
            concurrency=cell.concurrency,
            base_url=server.base_url,
            state=self._plan.work / "state" / contestant.name,
            timeout=cell.timeout,
        )

    def _answers(self, count: int) -> Path:
        path = self._plan.work / f"answers-{count}.jsonl"
        if not path.exists():
            unfinished = path.with_suffix(".part.jsonl")
            questions = json.loads(self._workload.read_text(encoding="utf-8"))["questions"]
            write_answers(unfinished, count, list(questions))
            unfinished.rename(path)
        return path

    def _fresh(self, state: Path) -> Path:
        shutil.rmtree(state, ignore_errors=True)
        state.mkdir(parents=True)
        return state


def machine() -> str:
    """Python, system and number of processors."""
    return f"Python {platform.python_version()}, {platform.system()} {platform.machine()}, {os.cpu_count()} processors"


@dataclass(frozen=True, slots=True)
class _Start:
    """What a run of a few answers takes; `asking_cpu_s` until their last reply."""

    cpu_s: float
    wall_s: float
    asking_cpu_s: float | None


def _answered(server: MockServer, contestant: Contestant, task: Task) -> Callable[[], bool] | None:
    """Whether the last answer has its reply. Asked of our command line only, which goes on to write for people."""
    if contestant.name != OURS:
        return None

    def answered() -> bool:
        stats = server.stats()
        return bool(stats["answers_delivered"] >= task.count and not stats["in_flight"])

    return answered


def _placed(core: int | None, priority: int | None) -> list[str]:
    """What goes before a command so that it runs on this core, and before other work."""
    chrt, taskset = shutil.which("chrt"), shutil.which("taskset")
    first = [chrt, "-f", str(priority)] if chrt and priority is not None else []
    return [*first, taskset, "-c", str(core)] if taskset and core is not None else first


def _set(server: MockServer, options: dict[str, float]) -> None:
    """All options, so that nothing of the cell before stays."""
    defaults = {name: getattr(Options(), name) for name in Options.__struct_fields__}
    server.configure(**{**defaults, **options})
    server.reset()


def _with(row: ResultRow, used: Used, ending: Ending, stats: dict[str, Any]) -> ResultRow:
    return replace(
        row,
        cpu_s=round(used.cpu_s, 3),
        wall_s=round(used.wall_s, 3),
        peak_mb=round(used.peak_mb, 1),
        exit_code=used.exit_code,
        graded=ending.graded,
        failed=ending.failed,
        wrong=ending.wrong,
        missing=row.count - ending.graded - ending.failed - ending.wrong,
        errors=dict(ending.errors),
        stats=stats,
    )


def _said(row: ResultRow) -> str:
    parts = [f"{row.cell:12} {row.contestant:15} round {row.round + 1}"]
    if row.cpu_ms is not None:
        parts.append(f"{row.cpu_ms:.2f} ms" if row.cpu_ms > 0 else "too few answers for CPU")
    parts.append(f"{row.wall_s:.1f} s, {row.peak_mb:.0f} MB, exit {row.exit_code}")
    if row.count > row.graded and row.contestant not in _STARTING:
        parts.append(f"graded {row.graded} of {row.count}")
    if row.stats.get("answers_paid_more_than_once"):
        parts.append(f"paid again {row.stats['answers_paid_more_than_once']}")
    return ", ".join(parts)
