"""`evaluator eval-set` in a real process: check, import and split, one after the other."""

from __future__ import annotations

import csv
import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from evaluator.files.eval_set_file import load_eval_set


def evaluator(*arguments: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Runs the command line as a user would."""
    return subprocess.run(
        [sys.executable, "-m", "evaluator", "eval-set", *map(str, arguments)],
        cwd=cwd,
        env=os.environ | {"COLUMNS": "80"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.fixture
def graded(tmp_path: Path) -> Path:
    """Thirty answers to three questions by two raters; one pair of raters is far apart, one answer is a copy."""
    rows = []
    for number in range(30):
        words = hashlib.sha256(str(number).encode()).hexdigest()
        rows.append({
            "question_id": f"{number % 3 + 1}",
            "question": f"Question {number % 3 + 1}?",
            "answer": " ".join(words[start : start + 5] for start in range(0, 60, 5)),
            "score_human_1": str(number % 5),
            "score_human_2": str(number % 5),
            "score_max": "4",
        })  # fmt: skip
    rows[29]["answer"] = rows[2]["answer"]
    rows[8]["score_human_2"] = "0"
    path = tmp_path / "graded.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def test_a_graded_table_is_imported_checked_and_divided(graded: Path, tmp_path: Path) -> None:
    """Each command says what it did and what comes next."""
    made = evaluator("import", graded, "--out", "exam", "--licence", "ours", cwd=tmp_path)
    assert (made.returncode, made.stderr) == (0, "")
    assert "30 answers to 3 questions, levels 0 to 4." in made.stdout
    assert "evaluator eval-set check exam" in made.stdout

    checked = evaluator("check", "exam", cwd=tmp_path)
    assert checked.returncode == 0
    assert "Labels by people." in checked.stdout
    assert "row_4 and row_31: exact copy" in checked.stdout
    assert "row_10, correctness: 3 levels apart (human_1 3, human_2 0)" in checked.stdout
    assert "No mistakes, 2 warnings in exam." in checked.stdout

    divided = evaluator("split", "exam", "--test-share", "0.5", "--seed", "3", "--out", "again", cwd=tmp_path)
    assert (divided.returncode, divided.stderr) == (0, "")
    splits = {name: len(load_eval_set(str(tmp_path / name), [], []).split("test")) for name in ("exam", "again")}
    assert splits["exam"] == pytest.approx(20, abs=2)
    assert splits["again"] == pytest.approx(15, abs=2)


def test_a_set_with_mistakes_exits_with_2_and_names_them(graded: Path, tmp_path: Path) -> None:
    """Every one with its file, row and column."""
    evaluator("import", graded, "--out", "exam", cwd=tmp_path)
    labels = tmp_path / "exam" / "labels.csv"
    text = labels.read_text(encoding="utf-8")
    labels.write_text(text.replace("row_2,correctness,human_1,0", "row_2,correctness,human_1,9"), encoding="utf-8")
    checked = evaluator("check", "exam", cwd=tmp_path)
    assert checked.returncode == 2
    assert "exam/labels.csv:2: column 'level': 9 is off the scale 0 to 4" in checked.stdout
    assert "1 mistake, no warnings in exam." in checked.stdout


def test_what_cannot_be_done_is_said_in_a_sentence(graded: Path, tmp_path: Path) -> None:
    """Exit code 2, no traceback, nothing written."""
    for arguments, said in (
        (("check", "nowhere"), "There is no eval set 'nowhere'."),
        (("check", "ml_enginer_screen"), "; is ml_engineer_screen meant?"),
        (("import", "nowhere.csv", "--out", "exam"), "there is no such file"),
        (("import", graded, "--out", tmp_path), "is not empty"),
        (("import", graded, "--out", "exam", "--split-by", "candidate"), "has no column candidate_id"),
        (("split", "ml_engineer_screen", "--test-share", "1", "--out", "copy"), "--test-share"),
    ):
        failed = evaluator(*arguments, cwd=tmp_path)
        assert (failed.returncode, failed.stdout) == (2, "")
        assert said in failed.stderr
        assert "Traceback" not in failed.stderr
    assert not (tmp_path / "exam").exists()


def test_the_shipped_set_is_checked_by_name(tmp_path: Path) -> None:
    """From anywhere, and without calling its labels human."""
    checked = evaluator("check", "ml_engineer_screen", cwd=tmp_path)
    assert checked.returncode == 0
    assert "Labels by a model, not by people" in checked.stdout
    assert "No mistakes" in checked.stdout
