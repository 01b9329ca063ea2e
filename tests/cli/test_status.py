"""`evaluator status` and `evaluator outbox`: what waits, and what could not be told."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.grading_command import evaluator, started, write_table


def test_status_shows_what_waits_and_that_nobody_works(tmp_path: Path) -> None:
    """Ten answers in the queue, no worker: both are said, with what to do; as JSON, the same."""
    write_table(tmp_path / "a.csv", 2)
    process = started("grade", "a.csv", "--grader", "baseline", "--workers", "--store", "s.sqlite3", cwd=tmp_path)
    while True:
        status = json.loads(evaluator("status", "--json", "--store", "s.sqlite3", cwd=tmp_path).stdout)
        if status["lanes"][1]["waiting"]:
            break
    said = evaluator("status", "--store", "s.sqlite3", cwd=tmp_path).stdout
    process.kill()
    process.communicate()
    assert status["lanes"][1]["waiting"] == 10
    assert any(line.split()[:3] == ["runs", "10", "0"] for line in said.splitlines())
    assert "Start one:  evaluator worker" in said
    assert max(map(len, said.splitlines())) <= 80


def test_an_empty_outbox_has_no_dead_letters(tmp_path: Path) -> None:
    """And a replay has to say of what."""
    assert "No dead letters" in evaluator("outbox", "list", "--store", "s.sqlite3", cwd=tmp_path).stdout
    refused = evaluator("outbox", "replay", "--store", "s.sqlite3", cwd=tmp_path)
    assert (refused.returncode, "or give --all" in refused.stderr) == (2, True)
