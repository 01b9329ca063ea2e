"""A row of results: one contestant in one cell in one round, as a line of JSON that later runs add to."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class ResultRow:
    """Everything that was measured. Seconds end in `_s`; `cpu_ms` is for an answer, start-up taken off.

    `start_cpu_s` and `start_wall_s` are of the run of a few answers in the same round. `rate`: answers a second
    between the first request and the last reply, as the endpoint saw it. `asking_cpu_s`: until the last reply, without
    what is written for people afterwards; of our command line only.
    """

    contestant: str
    version: str
    cell: str
    round: int
    count: int
    concurrency: int
    cpu_s: float
    wall_s: float
    peak_mb: float
    exit_code: int
    start_cpu_s: float = 0.0
    start_wall_s: float = 0.0
    start_asking_cpu_s: float | None = None
    asking_cpu_s: float | None = None
    cpu_ms: float | None = None
    rate: float | None = None
    graded: int = 0
    failed: int = 0
    wrong: int = 0
    missing: int = 0
    errors: dict[str, int] = field(default_factory=dict)
    stats: dict[str, Any] = field(default_factory=dict)
    killed_at: dict[str, Any] | None = None
    load: float = 0.0
    measured_on: str = ""
    machine: str = ""

    @property
    def place(self) -> tuple[str, str, int, int]:
        """What a run that goes on does not measure again."""
        return (self.contestant, self.cell, self.round, self.count)


def read_rows(path: Path) -> list[ResultRow]:
    """All rows of a file; none where it is not there yet. Half a line, of a run that was killed, is none.

    Raises ValueError where another line is no row.
    """
    return list(_rows(path)) if path.exists() else []


def append_row(path: Path, row: ResultRow) -> None:
    """Adds a row at the end."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists():
        os.truncate(path, path.read_bytes().rfind(b"\n") + 1)
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(asdict(row)) + "\n")


def _rows(path: Path) -> Iterator[ResultRow]:
    whole, _, _ = path.read_text(encoding="utf-8").rpartition("\n")
    for number, line in enumerate(whole.splitlines(), start=1):
        if line.strip():
            try:
                yield ResultRow(**json.loads(line))
            except (ValueError, TypeError):
                raise ValueError(f"{path}:{number}: this is no row of results") from None
