"""`evaluator erase`: a candidate out of the store and out of a run's folder, shown first, with a receipt."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.grading_command import evaluator, grades_in, write_table


@pytest.fixture
def graded(tmp_path: Path) -> Path:
    """A folder with a graded table of three candidates, in a store beside it."""
    write_table(tmp_path / "answers.csv", 3)
    done = evaluator(
        "grade", "answers.csv", "--grader", "baseline", "--out", "out", "--store", "s.sqlite3", "--quiet", cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    return tmp_path


def test_a_candidate_is_erased_from_the_store_and_the_folder(graded: Path) -> None:
    """The report, the workbook, the tables and the grades are those of the others; the receipt names nobody."""
    shown = evaluator("erase", "--candidate", "c0001", "--store", "s.sqlite3", "--dry-run", cwd=graded)
    assert shown.returncode == 0
    assert "5 answers" in shown.stdout
    assert len(grades_in(graded / "out")) == 15

    asked = evaluator("erase", "--candidate", "c0001", "--store", "s.sqlite3", cwd=graded)
    assert (asked.returncode, "Add --yes" in asked.stderr) == (2, True)

    others = [line for line in (graded / "out/grades.jsonl").read_bytes().splitlines() if b'"c0001"' not in line]
    done = evaluator(
        "erase", "--candidate", "c0001", "--store", "s.sqlite3", "--yes", "--receipt", "r.json", cwd=graded
    )
    assert done.returncode == 0, done.stderr
    assert (graded / "out/grades.jsonl").read_bytes().splitlines() == others
    for file in ("report.html", "grades.csv", "candidates.csv", "run.json"):
        text = (graded / "out" / file).read_text(encoding="utf-8")
        assert "c0001" not in text
        assert file == "run.json" or "c0002" in text
    assert json.loads((graded / "out/run.json").read_text())["candidates"] == 2
    assert not [each for each in (graded / "out").iterdir() if each.name.startswith(".erasing")]
    receipt = json.loads((graded / "r.json").read_text())
    assert receipt["erased"]["answers"] == 5
    assert "c0001" not in (graded / "r.json").read_text()
    assert b"c0001" not in (graded / "s.sqlite3").read_bytes()

    again = evaluator("erase", "--candidate", "c0001", "--store", "s.sqlite3", "--yes", cwd=graded)
    assert "holds nothing of c0001" in again.stdout


def test_what_a_kill_left_beside_the_results_goes_too(graded: Path) -> None:
    """A workbook or a table that was half written holds the candidate's words; so does a folder of its rows."""
    out = graded / "out"
    (out / ".rows-abcd1234").mkdir()
    for half in (".rows-abcd1234/sheet3", ".grades.csv.partial", ".report-2.html.partial", ".grades.jsonl.erasing"):
        (out / half).write_text("c0001 split by time", encoding="utf-8")
    (out / "notes.txt").write_text("a note of the reader's own", encoding="utf-8")
    done = evaluator("erase", "--candidate", "c0001", "--store", "s.sqlite3", "--yes", cwd=graded)
    assert done.returncode == 0, done.stderr
    assert [each.name for each in out.iterdir() if each.name.startswith(".")] == []
    assert (out / "notes.txt").exists()


def test_folders_of_batches_are_named_on_the_receipt(graded: Path) -> None:
    """Requests in them may hold the candidate's answers: whoever erases is told which folder to delete, and when."""
    (graded / "answers-batch").mkdir()
    (graded / "answers-batch" / "batches.jsonl").touch()
    done = evaluator(
        "erase", "--candidate", "c0001", "--store", "s.sqlite3", "--yes", "--receipt", "r.json", cwd=graded
    )
    assert done.returncode == 0, done.stderr
    left = json.loads((graded / "r.json").read_text())["not_reached"]
    assert [line for line in left if line.startswith(str(graded / "answers-batch"))]


def test_what_the_store_cannot_write_anew_is_deleted(graded: Path) -> None:
    """Grades that only the folder has are kept in grades.jsonl; a report that names the erased one does not stay."""
    lines = (graded / "out/grades.jsonl").read_text(encoding="utf-8").splitlines()
    further = lines[0].replace("c0000", "c9999")
    (graded / "out/grades.jsonl").write_text("\n".join([*lines, further]) + "\n", encoding="utf-8")
    done = evaluator("erase", "--candidate", "c0001", "--store", "s.sqlite3", "--yes", cwd=graded)
    assert "deleted" in done.stdout
    assert not (graded / "out/report.html").exists()
    assert not (graded / "out/grades.xlsx").exists()
    assert {grade["candidate_id"] for grade in grades_in(graded / "out")} == {"c0000", "c0002", "c9999"}


def test_the_key_of_an_encrypted_store(tmp_path: Path) -> None:
    """Made by a command, taken from the environment or a file; without it the store is refused in plain words."""
    key = evaluator("store", "new-key", cwd=tmp_path).stdout.strip()
    write_table(tmp_path / "answers.csv", 1)
    grade = ("grade", "answers.csv", "--grader", "baseline", "--out", "out", "--store", "s.sqlite3", "--quiet")
    assert evaluator(*grade, cwd=tmp_path, EVALUATOR_ENCRYPTION_KEY=key).returncode == 0
    assert b"case number" not in (tmp_path / "s.sqlite3").read_bytes()
    refused = evaluator("runs", "list", "--store", "s.sqlite3", cwd=tmp_path)
    assert (refused.returncode, "is encrypted, and no key is given" in refused.stderr) == (2, True)
    (tmp_path / "key").write_text(key + "\n")
    shown = evaluator("store", "status", "--store", "s.sqlite3", cwd=tmp_path, EVALUATOR_ENCRYPTION_KEY_FILE="key")
    assert "answers.body                     5 kept,         5 encrypted" in shown.stdout
    assert key not in shown.stdout + shown.stderr + refused.stderr


def test_retention_shows_before_it_deletes(graded: Path) -> None:
    """Nothing is old yet; periods that the law may find short are noted; no period at all is a mistake."""
    shown = evaluator("retention", "apply", "--grades", "30", "--logs", "30", "--store", "s.sqlite3", cwd=graded)
    assert shown.returncode == 0
    assert "older than that" in shown.stdout
    assert "six months" in shown.stderr
    assert "four years" in shown.stderr
    nothing = evaluator("retention", "apply", "--store", "s.sqlite3", cwd=graded)
    assert (nothing.returncode, "how long" in nothing.stderr) == (2, True)
