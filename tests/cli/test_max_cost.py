"""`--max-cost` and `--price` on the command line: what is said, and what the process exits with."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd

from tests.cli.test_grade import Endpoint, address, answers, endpoint, evaluator

__all__ = ["answers", "endpoint"]  # fixtures


def test_a_capped_run_says_what_was_spent_and_what_waits(answers: Path, tmp_path: Path, endpoint: Endpoint) -> None:
    """Exit code 5; the share of the input that the endpoint had cached is shown and in run.json."""
    frame = pd.read_csv(answers, dtype=str)
    frame.iloc[1, 1:] = frame.iloc[1, 1:] + " And more."  # the same words would be asked about once
    frame.to_csv(answers, index=False)
    arguments = (
        *("grade", answers, "--grader", "openai:m", "--prompt", "levels", "--base-url", address(endpoint)),
        *("--price", "1,10", "--yes", "--out", "results", "--max-cost"),
    )
    store = {"EVALUATOR_STORE": str(tmp_path / "store.sqlite3")}
    done = evaluator(*arguments, "0.009", cwd=tmp_path, **store)
    assert done.returncode == 5, done.stdout + done.stderr
    said = " ".join(done.stdout.split())
    assert "Stopped at $0.0080 of $0.0090; 4 of 10 graded; the rest waits" in said
    assert "80% of the input from the endpoint's cache" in said
    manifest = json.loads((tmp_path / "results" / "run.json").read_text(encoding="utf-8"))
    assert endpoint.served == 4
    assert (manifest["outcome"], manifest["usage"]["cached_share"]) == ("stopped", 0.8)
    assert manifest["usage"]["paid_usd"] == 0.008
    # The cap is the run's: what was paid before counts, and the same cap buys nothing more.
    again = evaluator(*arguments, "0.009", cwd=tmp_path, **store)
    assert (again.returncode, endpoint.served) == (5, 4), again.stdout + again.stderr
    more = evaluator(*arguments, "0.03", cwd=tmp_path, **store)
    assert (more.returncode, endpoint.served) == (0, 9), more.stdout + more.stderr


def test_a_cap_needs_a_price(answers: Path, tmp_path: Path) -> None:
    """Nothing is asked under a cap that cannot be counted."""
    arguments = ("--grader", "openai:m", "--base-url", "https://elsewhere.test/v1", "--max-cost", "1")
    done = evaluator("grade", answers, *arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert "--max-cost needs a price" in done.stderr
