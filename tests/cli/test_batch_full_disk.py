"""`evaluator batch` on a disk without room: a sentence, nothing half written, and the same command goes on later."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from evaluator.errors import OutputError
from evaluator.files.request_files import RequestFiles
from evaluator.graders.batch_line import request_line
from tests.batch_server import BatchServer
from tests.cli.batching import ANSWERS, TEXT, answers, batch, options, server, submit
from tests.cli.test_grade import QUESTIONS

__all__ = ["answers", "server"]

_LIMITED = """
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (1_200_000, 1_200_000))
from evaluator.cli import main
main()
"""


@pytest.mark.parametrize("command", ["export", "submit"])
def test_where_the_requests_do_not_fit_it_is_said_and_none_is_left(
    tmp_path: Path, server: BatchServer, command: str
) -> None:
    """One sentence and exit code 2, however many answers were in flight; no batch, and no half a file."""
    rows = [
        {"Candidate ID": str(name)} | {each: f"{TEXT} ({name}, {each})" for each in QUESTIONS[:4]} for name in range(60)
    ]
    pd.DataFrame(rows).to_csv(tmp_path / "many.csv", index=False)
    arguments = [command, "many.csv", *options(server), "--out", "out"]
    done = subprocess.run(
        [sys.executable, "-c", _LIMITED, "batch", *arguments, *(["--yes"] if command == "submit" else [])],
        cwd=tmp_path,
        env=os.environ | {"EVALUATOR_STORE": str(tmp_path / "store.sqlite3")},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 2, done.stdout + done.stderr
    assert "requests-0001.jsonl cannot be written any further" in done.stderr
    assert "Make room there" in done.stderr
    assert ("Traceback" in done.stderr, server.batches) == (False, {})
    assert [each.name for each in (tmp_path / "out").glob("*requests*")] == []


def test_a_disk_that_is_full_at_the_last_byte_leaves_nothing_that_could_be_sent(tmp_path: Path) -> None:
    """What fails when the file is closed is told like what fails before."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)

    def write() -> None:
        with RequestFiles(tmp_path, request_line) as files:
            files.add("a" * 64, "m", {"messages": ["x" * 2000]})
            resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))

    try:
        with pytest.raises(OutputError, match="cannot be written any further"):
            write()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device that is always full is Linux's")
def test_what_a_batch_brought_does_not_fit_and_is_collected_once_there_is_room(
    answers: Path, server: BatchServer
) -> None:
    """A sentence; the batch stays open, and the same command takes everything in later."""
    submit(answers, server)
    (answers.parent / "b" / ".output-0001.jsonl.part").symlink_to("/dev/full")
    full = batch("collect", "b", cwd=answers.parent)
    assert full.returncode == 2
    assert "output-0001.jsonl cannot be written: No space left on device" in full.stderr
    assert "nothing is paid for twice" in full.stderr
    collected = batch("collect", "b", cwd=answers.parent)
    assert collected.returncode == 0, collected.stderr + collected.stdout
    assert f"{ANSWERS} of {ANSWERS} replies came from the ledger" in collected.stdout
    assert server.live_requests == 1
