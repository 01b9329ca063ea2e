"""What a run of the command line does not wait for, nor hold in memory."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

RUN = """
import sys

sys.argv = ["evaluator", "grade", sys.argv[1], "--grader", "baseline", "--out", sys.argv[2], "--quiet"]
from evaluator.cli import main

try:
    main()
except SystemExit as ended:
    assert not ended.code, ended.code
print(*sorted({"pandas", "pyarrow", "openpyxl", "matplotlib", "langsmith"} & set(sys.modules)))
"""
ROW = {"csv": "candidate_id,question_id,answer\nc1,degradation,I split by time.\n",
       "jsonl": '{"candidate_id": "c1", "question_id": "degradation", "answer": "I split by time."}\n'}  # fmt: skip


@pytest.mark.parametrize("suffix", ROW)
def test_text_tables_are_graded_without_the_libraries_for_others(tmp_path: Path, suffix: str) -> None:
    """pandas and pyarrow alone take as much memory as a million answers, and langsmith, which comes with langchain's
    runnables, half a second before the first request: a run that needs none of them imports none."""
    table = tmp_path / f"a.{suffix}"
    table.write_text(ROW[suffix], encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-c", RUN, str(table), str(tmp_path / "out")],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == ""
    assert (tmp_path / "out" / "report.html").exists()
