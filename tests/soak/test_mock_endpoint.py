"""The command line against the benchmarks' mock endpoint, at full size: it fails on purpose and counts what is paid."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.result_row import ResultRow, read_rows
from benchmarks.server_process import ROOT

pytestmark = pytest.mark.soak

IN_FLIGHT = 64


def measured(tmp_path: Path, cell: str, answers: int, rounds: int) -> list[ResultRow]:
    """Rows of `python -m benchmarks run`, for our command line alone."""
    results = tmp_path / "results.jsonl"
    command = [sys.executable, "-m", "benchmarks", "run", "--only", "evaluator", "--cells", cell]
    command += ["--rounds", str(rounds), "--n", str(answers), "--results", str(results)]
    command += ["--work", str(tmp_path / "work"), "--client-core", "-1", "--server-core", "-1"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return read_rows(results)


def test_five_thousand_answers_through_an_endpoint_that_fails_in_every_way(tmp_path: Path) -> None:
    """5% 429, 2% 500, 1% truncated, 0.5% resets, 1% that never come: each answer ends once, graded or with a reason,
    and what came back good is never paid for again.
    """
    (row,) = measured(tmp_path, "fault", 5_000, 1)
    assert row.graded + row.failed == 5_000
    assert (row.missing, row.wrong) == (0, 0)
    assert row.graded >= 4_975
    assert row.stats["answers_paid_after_a_good_reply"] == 0
    faults = ("fate_rate_limited", "fate_server_error", "fate_truncated", "fate_reset", "fate_hung")
    assert all(row.stats[each] > 0 for each in faults), row.stats


def test_a_kill_repays_at_most_what_may_be_in_flight(tmp_path: Path) -> None:
    """`kill -9` at half of 400 answers, five times: the second run grades all, and repays no more than 64 replies."""
    rows = measured(tmp_path, "kill", 400, 5)
    assert len(rows) == 5
    for row in rows:
        assert (row.graded, row.missing, row.failed) == (400, 0, 0)
        assert 0 < row.stats["answers_paid_more_than_once"] <= IN_FLIGHT
