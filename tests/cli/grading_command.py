"""`evaluator` in a real process, tables for it to grade, and what it left behind."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

QUESTIONS = ("degradation", "fraud_framing", "loan_features", "feed_ranking", "launch_decision")


def command_line(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "evaluator", *map(str, arguments)]


def environment(**further: str) -> dict[str, str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("OPENAI")}
    return clean | {"COLUMNS": "80"} | further


def evaluator(*arguments: str | Path, cwd: Path, **further: str) -> subprocess.CompletedProcess[str]:
    """Runs the command line as a user would; nothing of the caller's keys reaches it."""
    return subprocess.run(
        command_line(*arguments),
        cwd=cwd,
        env=environment(**further),
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


def started(*arguments: str | Path, cwd: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        command_line(*arguments), cwd=cwd, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def write_table(path: Path, candidates: int, questions: Sequence[str] = QUESTIONS) -> Path:
    """Answers that all differ, by their number."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["Candidate ID", *questions])
        for candidate in range(candidates):
            texts = [
                f"I would split by time: train on 2022 and test on 2023, as in case number {candidate}-{question}."
                for question in questions
            ]
            writer.writerow([f"c{candidate:04d}", *texts])
    return path


def grades_in(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "grades.jsonl").read_text(encoding="utf-8").splitlines()]


def without_times(grades: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The grades by answer, but for what the clock says."""
    for grade in grades:
        for name in ("graded_at", "latency_ms"):
            grade["provenance"].pop(name)
    return sorted(grades, key=lambda grade: str(grade["answer_id"]))
