"""A run ten times as large takes the memory of the smaller one, from the table to the report."""

from __future__ import annotations

import csv
import os
import random
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from evaluator import read_grades

pytestmark = pytest.mark.soak

QUESTIONS = ("median", "interval")
WORDS = (
    "mean median income skew average typical household high few pulled outlier middle value robust spread sample noise "
    "random chance repeat test error probability data hypothesis null true as extreme"
).split()
MOST_MEGABYTES = 250
MOST_GROWTH = 10


@dataclass(frozen=True)
class Finished:
    """A command that has ended, and the most memory it held."""

    said: str
    megabytes: float


def table_of(answers: int, path: Path) -> Path:
    """So many answers, two a candidate, the second of them far below the first."""
    chosen = random.Random(7)
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(["candidate_id", "question_id", "answer"])
        for question in QUESTIONS:
            for candidate in range(answers // 2):
                text = "" if chosen.random() < 0.02 else f"{' '.join(chosen.choices(WORDS, k=25))} {candidate}."
                table.writerow([f"candidate-{candidate:07}", question, text])
    return path


# A process takes over its parent's peak at birth, and the tests' own is large by now: a small one stands between.
MEASURE = """
import resource, subprocess, sys
done = subprocess.run(sys.argv[1:])
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=sys.stderr)
sys.exit(done.returncode)
"""


def graded(table: Path, out: Path) -> Finished:
    """Grades the table in a process of its own."""
    arguments = ("--grader", "baseline", "--questionnaire", "statistics_basics", "--out", str(out))
    command = [sys.executable, "-m", "evaluator", "grade", str(table), *arguments]
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, *command],
        capture_output=True,
        text=True,
        env=os.environ | {"COLUMNS": "80"},
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    unit = 1024 * 1024 if sys.platform == "darwin" else 1024  # bytes there, kilobytes elsewhere
    return Finished(done.stdout, int(done.stderr.splitlines()[-1]) / unit)


def test_memory_does_not_grow_with_the_number_of_answers(tmp_path: Path) -> None:
    """10,000 and 100,000 answers: under 250 MB, less than 10 MB apart, each answer graded once."""
    small = graded(table_of(10_000, tmp_path / "small.csv"), tmp_path / "small")
    large = graded(table_of(100_000, tmp_path / "large.csv"), tmp_path / "large")
    assert large.megabytes < MOST_MEGABYTES
    assert large.megabytes - small.megabytes < MOST_GROWTH
    ids = {grade.answer_id for grade in read_grades(tmp_path / "large" / "grades.jsonl")}
    assert len(ids) == 100_000
    assert sum(1 for _ in (tmp_path / "large" / "grades.jsonl").open("rb")) == 100_000
    assert "The report has 41 pages" in large.said
    assert "grades.xlsx has the candidates and the flagged answers" in large.said
    assert (tmp_path / "large" / "grades.xlsx").stat().st_size < 20_000_000
    assert sum(page.stat().st_size for page in (tmp_path / "large").glob("report*.html")) < 200_000_000
