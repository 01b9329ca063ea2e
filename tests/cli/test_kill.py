"""A run that is killed again and again, against a real endpoint: nothing lost, next to nothing paid twice."""

from __future__ import annotations

import json
import random
import sqlite3
import subprocess
from pathlib import Path

import pytest

from tests.cli.grading_command import evaluator, grades_in, started, without_times, write_table
from tests.model_server import ModelServer

IN_FLIGHT = 8
CANDIDATES = 24


def graded_lines(folder: Path) -> set[bytes]:
    """What a kill left: whole lines only count."""
    path = folder / "grades.jsonl"
    return (
        {line for line in path.read_bytes().splitlines(keepends=True) if line.endswith(b"\n")}
        if path.exists()
        else set()
    )


def test_a_run_killed_at_random_moments_loses_nothing_and_repays_at_most_what_was_in_flight(
    tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """`kill -9` while it starts, asks, writes; each time the same command goes on. Twenty times in `make soak`."""
    kills = 20 if request.config.getoption("--hypothesis-profile") == "soak" else 3
    chance = random.Random(kills)
    table = write_table(tmp_path / "a.csv", CANDIDATES)
    total = CANDIDATES * 5
    with ModelServer(wait=0.02) as server:
        arguments = ("grade", table, "--grader", "openai:m", "--prompt", "levels", "--base-url", server.address)
        options = ("--concurrency", str(IN_FLIGHT), "--out", "killed", "--store", "killed.sqlite3")
        seen: set[bytes] = set()
        for kill in range(kills):
            process = started(*arguments, *options, cwd=tmp_path)
            # Mostly in the midst of grading, at a moment that depends on what was served; now and then while starting.
            step = chance.randint(1, 2 * total // kills)
            server.wait_for(server.served + step, seconds=chance.choice([1.0, 8.0, 30.0]))
            with_luck = chance.random() * 0.03
            try:
                process.wait(with_luck)
            except subprocess.TimeoutExpired:
                process.kill()
            process.communicate()
            left = graded_lines(tmp_path / "killed")
            assert seen <= left, f"kill {kill} lost a grade"
            seen = left
        last = evaluator(*arguments, *options, "--resume", cwd=tmp_path)
        assert last.returncode == 0, last.stderr
        assert seen <= graded_lines(tmp_path / "killed")
        repaid = sum(server.asked.values()) - len(server.asked)
        assert len(server.asked) == total
        assert repaid <= kills * IN_FLIGHT, (repaid, kills)
        undisturbed = evaluator(*arguments, "--out", "undisturbed", "--store", "other.sqlite3", cwd=tmp_path)
        assert undisturbed.returncode == 0, undisturbed.stderr
    print(f"{kills} kills, {repaid} of {total} replies paid twice")
    killed = without_times(grades_in(tmp_path / "killed"))
    assert killed == without_times(grades_in(tmp_path / "undisturbed"))
    assert {grade["status"] for grade in killed} == {"graded"}
    manifest = json.loads((tmp_path / "killed" / "run.json").read_text(encoding="utf-8"))
    assert (manifest["outcome"], manifest["graded"]) == ("finished", total)
    with sqlite3.connect(tmp_path / "killed.sqlite3") as store:
        assert store.execute("SELECT count(*), sum(graded) FROM runs").fetchone() == (1, total)
        assert store.execute("SELECT count(*) FROM answers").fetchone() == (total,)
        assert store.execute("PRAGMA integrity_check").fetchone() == ("ok",)
