"""`--max-cost` and `--price` on the command line: what is said, and what the process exits with."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner

from evaluator.cli import cli
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
    assert "5 answers wait for that" in said
    assert "could not be graded" not in said
    listed = evaluator("runs", "list", "--store", store["EVALUATOR_STORE"], cwd=tmp_path).stdout
    assert "5 of 10" in listed  # one is not answered
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


@pytest.mark.parametrize("option", ["--max-cost", "--rpm", "--tpm", "--timeout"])
@pytest.mark.parametrize("amount", ["nan", "inf"])
def test_what_is_no_amount_bounds_nothing_and_is_refused(answers: Path, option: str, amount: str) -> None:
    """A cap of `nan` would never be reached: nothing is graded under it."""
    refused = CliRunner().invoke(cli, ["grade", str(answers), "--grader", "baseline", option, amount])
    assert refused.exit_code == 2
    assert f"{amount} is not an amount" in refused.output


def test_a_capped_calibration_writes_nothing_and_goes_on_for_more(tmp_path: Path, endpoint: Endpoint) -> None:
    """Exit code 5 and no file: a map fitted to the part that was paid for would be a map of nobody. The replies that
    came are kept, so the same command with a higher cap pays only for what is left."""
    arguments = (
        *("calibrate", "ml_engineer_screen", "--grader", "openai:m", "--prompt", "levels", "--examples", "0"),
        *("--base-url", address(endpoint), "--price", "1,10", "--yes", "--out", "june.json", "--max-cost"),
    )
    store = {"EVALUATOR_STORE": str(tmp_path / "store.sqlite3")}
    done = evaluator(*arguments, "0.009", cwd=tmp_path, **store)
    assert done.returncode == 5, done.stdout + done.stderr
    assert "Stopped at --max-cost with " in done.stderr
    assert "no calibration was written" in done.stderr
    assert not (tmp_path / "june.json").exists()
    assert 1 <= endpoint.served <= 5
    more = evaluator(*arguments, "1", cwd=tmp_path, **store)
    assert more.returncode == 0, more.stdout + more.stderr
    assert (tmp_path / "june.json").exists()
    both = endpoint.served
    anew = (*arguments[:-2], "other.json", "--max-cost", "1")
    assert evaluator(*anew, cwd=tmp_path, EVALUATOR_STORE=str(tmp_path / "other.sqlite3")).returncode == 0
    assert endpoint.served == 2 * both  # the capped run and the one after it paid for nothing twice


def test_one_reply_is_spoken_of_as_one(answers: Path, tmp_path: Path, endpoint: Endpoint) -> None:
    """A run of one answer, given again, says "1 of 1 reply", not "replies"."""
    arguments = (
        *("grade", answers, "--grader", "openai:m", "--prompt", "levels", "--base-url", address(endpoint)),
        *("--price", "1,10", "--yes", "--limit", "1", "--out"),
    )
    store = {"EVALUATOR_STORE": str(tmp_path / "store.sqlite3")}
    assert evaluator(*arguments, "one", cwd=tmp_path, **store).returncode == 0
    again = evaluator(*arguments, "two", cwd=tmp_path, **store)
    assert "The one reply that is needed is in the ledger already" in again.stdout
    assert "1 of 1 reply came from the ledger and was not paid for again" in " ".join(again.stdout.split())
    assert "from the endpoint's cache" not in again.stdout, "nothing was asked of it"
