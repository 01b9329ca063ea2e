"""An installed wheel finds its rubrics, prompts and eval sets without the checkout beside it."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
SHOW_WHERE = (
    "from evaluator.files.resources import shipped; "
    "print(*(shipped(kind) for kind in ('prompts', 'rubrics', 'eval_sets')), sep='\\n')"
)


def test_a_wheel_grades_by_itself(tmp_path: Path) -> None:
    """Built, unpacked elsewhere, and used from there: the shipped files come with it."""
    built = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stderr
    (wheel,) = tmp_path.glob("*.whl")
    installed = tmp_path / "installed"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(installed)
    elsewhere = {"PYTHONPATH": str(installed), "COLUMNS": "80"}

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=tmp_path,
            env=os.environ | elsewhere,
            capture_output=True,
            text=True,
            check=False,
        )

    assert all(line.startswith(str(installed)) for line in run("-c", SHOW_WHERE).stdout.splitlines())
    assert run("-m", "evaluator", "rubric", "check").returncode == 0
    sample = installed / "evaluator" / "eval_sets" / "sample" / "answers_form_export.csv"
    done = run("-m", "evaluator", "grade", str(sample), "--grader", "baseline")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "answers_form_export-grades" / "report.html").exists()
