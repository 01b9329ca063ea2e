"""What commands say, and what they write where no answers belong: no word of an answer, no name, no key."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from evaluator.cli import crash_report
from tests.cli.grading_command import command_line, environment, evaluator
from tests.loopback import LoopbackHandler, LoopbackServer
from tests.model_server import ModelServer

ANSWER, NAME, KEY = "wobblefish", "Quillfeather", "sk-planted-8d2f"
# Where answers belong: the grades, and what is made of them for people to read.
ANSWERS_BELONG = {"grades.jsonl", "grades.csv", "grades.xlsx", "report.html", "answers.csv"}


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """Answers with a word that stands nowhere else, by people whose names only the table has."""
    path = tmp_path / "answers.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["Candidate ID", "Full name", "Email", "degradation"])
        for number in range(6):
            text = f"I would split by time, says the {ANSWER}, as in case number {number}. " * 3
            writer.writerow([f"c{number}", f"Ada {NAME}", f"{NAME}{number}@example.org", text])
    return path


def told(text: str) -> list[str]:
    return [marker for marker in (ANSWER, NAME, KEY) if marker.casefold() in text.casefold()]


def told_by_files(folder: Path) -> dict[str, list[str]]:
    """By file: which markers it holds that it must not."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if not path.is_file() or path.name == "answers.csv":
            continue
        content = path.read_bytes().decode("utf-8", "replace")
        markers = [each for each in told(content) if each != ANSWER or not _holds_answers(path)]
        if markers:
            found[path.name] = markers
    return found


def _holds_answers(path: Path) -> bool:
    return path.name in ANSWERS_BELONG or path.name.startswith("s.sqlite3")


def grading(base_url: str, *more: str) -> tuple[str, ...]:
    return (
        "grade", "answers.csv", "--grader", "openai:m", "--base-url", base_url, "--prompt", "levels",
        "--out", "out", "--store", "s.sqlite3", "--yes", *more,
    )  # fmt: skip


def test_a_run_that_goes_well(table: Path, tmp_path: Path) -> None:
    """Everything printed, run.json, the table of candidates, and the store but for its answers and replies."""
    with ModelServer() as server:
        done = evaluator(*grading(server.address), cwd=tmp_path, OPENAI_API_KEY=KEY)
    assert done.returncode == 0, done.stderr
    shown = evaluator("runs", "show", _run_id(tmp_path), "--store", "s.sqlite3", cwd=tmp_path)
    erased = evaluator("erase", "--candidate", "c1", "--store", "s.sqlite3", "--yes", cwd=tmp_path)
    assert told(done.stdout + done.stderr + shown.stdout + erased.stdout + erased.stderr) == []
    assert told_by_files(tmp_path) == {}


def test_an_encrypted_store_tells_nothing(table: Path, tmp_path: Path) -> None:
    """Not even the answers are in it, nor the key that encrypts them."""
    key = evaluator("store", "new-key", cwd=tmp_path).stdout.strip()
    with ModelServer() as server:
        done = evaluator(*grading(server.address), cwd=tmp_path, OPENAI_API_KEY=KEY, EVALUATOR_ENCRYPTION_KEY=key)
    assert done.returncode == 0, done.stderr
    for path in tmp_path.glob("s.sqlite3*"):
        content = path.read_bytes().decode("utf-8", "replace")
        assert told(content) == []
        assert key not in content


@pytest.mark.parametrize("status", [400, 401, 404, 429, 500])
def test_an_endpoint_that_says_everything_again(table: Path, tmp_path: Path, status: int) -> None:
    """Its error holds the request with the answer, and the key: it is not repeated on the terminal, nor kept."""
    with _echoing(status) as address:
        done = evaluator(*grading(address, "--limit", "1", "--timeout", "5"), cwd=tmp_path, OPENAI_API_KEY=KEY)
    assert done.returncode in (2, 3)
    assert told(done.stdout + done.stderr) == []
    assert told_by_files(tmp_path) == {}
    grades = tmp_path / "out" / "grades.jsonl"
    reasons = [json.loads(line)["reason"] for line in grades.read_text().splitlines()] if grades.exists() else []
    assert told(str(reasons)) == []


def test_a_run_that_is_killed_and_one_that_crashes(table: Path, tmp_path: Path) -> None:
    """`kill -9` in the middle, then a store that is no store: neither the terminal nor a file tells."""
    with ModelServer(wait=0.3) as server:
        process = subprocess.Popen(
            command_line(*grading(server.address, "--concurrency", "1")),
            cwd=tmp_path, env=environment(OPENAI_API_KEY=KEY), text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        server.wait_for(2, 120)
        os.kill(process.pid, signal.SIGKILL)
        stdout, stderr = process.communicate()
        assert told(stdout + stderr) == []
        assert told_by_files(tmp_path) == {}
        (tmp_path / "no.sqlite3").write_bytes(b"this is no database" * 100)
        crashed = evaluator(
            "grade", "answers.csv", "--grader", "openai:m", "--base-url", server.address, "--store", "no.sqlite3",
            "--yes", cwd=tmp_path, OPENAI_API_KEY=KEY,
        )  # fmt: skip
    assert crashed.returncode == 2
    assert told(crashed.stdout + crashed.stderr) == []


def test_a_crash_that_nobody_foresaw_says_where_and_not_what() -> None:
    """The places of a traceback, without the message of any error in the chain."""
    try:
        try:
            raise KeyError(f"{NAME} wrote {ANSWER}")
        except KeyError as error:
            raise RuntimeError(f"no {ANSWER} for {KEY}") from error
    except RuntimeError as error:
        said = crash_report(error)
    assert told(said) == []
    assert "RuntimeError after KeyError" in said
    assert "test_nothing_leaks.py" in said


def _run_id(tmp_path: Path) -> str:
    run_id: str = json.loads((tmp_path / "out" / "run.json").read_text())["run_id"]
    return run_id


@contextmanager
def _echoing(status: int) -> Iterator[str]:
    """An endpoint that answers every request with an error that holds it."""

    class Echo(LoopbackHandler):
        def do_GET(self) -> None:
            self.answer(200, {"object": "list", "data": []})

        def do_POST(self) -> None:
            said = f"cannot do this: {self.read_body().decode()} with {self.headers['Authorization']}"
            error = {"message": said, "type": said, "code": said, "param": said}
            self.answer(status, {"error": error}, {"retry-after": "0.01"})

    with LoopbackServer(Echo) as server:
        yield f"http://{server.host}/v1"
