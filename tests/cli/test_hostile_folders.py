"""A results folder that somebody prepared: links at the places where files will be written, ids that are paths."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from tests.cli.grading_command import QUESTIONS, evaluator, write_table

RESULTS = ("report.html", "grades.xlsx", "grades.csv", "candidates.csv", "run.json")


@pytest.mark.parametrize("name", [each.format(name) for name in RESULTS for each in ("{}", ".{}.partial")])
def test_no_result_is_written_through_a_link(tmp_path: Path, name: str) -> None:
    """A link planted where a result, or the file beside it, will be: what it points to stays as it is."""
    victim = tmp_path / "victim.txt"
    victim.write_text("mine", encoding="utf-8")
    out = tmp_path / "out"
    out.mkdir()
    (out / name).symlink_to(victim)
    done = evaluator("grade", write_table(tmp_path / "a.csv", 1), "--grader", "baseline", "--out", out, cwd=tmp_path)
    assert victim.read_text(encoding="utf-8") == "mine"
    if name == "run.json":
        assert "holds the results of another run" in done.stderr
    else:
        assert done.returncode == 0, done.stderr
        assert not (out / name).is_symlink()


def test_a_run_whose_grades_are_a_link_is_not_gone_on_with(tmp_path: Path) -> None:
    """The grades of a resumed run are a file of its folder, or nothing is written."""
    table = write_table(tmp_path / "a.csv", 2)
    out = tmp_path / "out"
    assert evaluator("grade", table, "--grader", "baseline", "--out", out, cwd=tmp_path).returncode == 0
    elsewhere = tmp_path / "elsewhere.jsonl"
    (out / "grades.jsonl").rename(elsewhere)
    before = elsewhere.read_bytes()
    (out / "grades.jsonl").symlink_to(elsewhere)
    done = evaluator("grade", table, "--grader", "baseline", "--out", out, "--resume", cwd=tmp_path)
    assert elsewhere.read_bytes() == before
    assert done.returncode in (0, 2)
    assert "Traceback" not in done.stderr


def test_ids_that_are_paths_name_no_files(tmp_path: Path) -> None:
    """Nothing is written outside the folder, and nothing inside it is called as a candidate is."""
    table = tmp_path / "a.csv"
    with table.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["candidate_id", QUESTIONS[0]])
        for candidate in ("../../outside", "/etc/passwd", "..", "a/b", "CON", "x\\y", "{{ 7*7 }}", "%s%n", "${HOME}"):
            writer.writerow([candidate, "I would compare the windows of training and serving, {{ answer }} %s."])
    folder = tmp_path / "in"
    folder.mkdir()
    done = evaluator("grade", table, "--grader", "baseline", "--out", folder / "out", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert {each.name for each in folder.rglob("*")} == {"out", "grades.jsonl", *RESULTS}
    assert {each.name for each in tmp_path.iterdir()} == {"a.csv", "in"}
    page = (folder / "out" / "report.html").read_text(encoding="utf-8")
    assert "{{ 7*7 }}" in page
    assert "{{ answer }} %s" in page
