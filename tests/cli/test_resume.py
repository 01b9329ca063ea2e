"""Going on with a run: by the same command, by --resume, by another table or prompt; and stopping it in good order."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from evaluator.files.folder_lock import locked
from tests.cli.grading_command import evaluator, grades_in, started, without_times, write_table
from tests.model_server import ModelServer


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with ModelServer() as running:
        yield running


def grading(table: Path, server: ModelServer, prompt: str = "levels") -> tuple[str | Path, ...]:
    return ("grade", table, "--grader", "openai:m", "--prompt", prompt, "--base-url", server.address)


def as_if_killed(folder: Path, whole_lines: int) -> None:
    """What `kill -9` leaves: some lines, the last one torn, a manifest that says "running", no report."""
    lines = (folder / "grades.jsonl").read_bytes().splitlines(keepends=True)
    (folder / "grades.jsonl").write_bytes(b"".join(lines[:whole_lines]) + lines[whole_lines][:40])
    manifest = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    (folder / "run.json").write_text(json.dumps(manifest | {"outcome": "running"}), encoding="utf-8")
    (folder / "report.html").unlink()


def test_the_same_command_again_pays_nothing_and_says_so(tmp_path: Path, server: ModelServer) -> None:
    """Where the replies are kept, how many are there; no question about money that is not spent."""
    table = write_table(tmp_path / "a.csv", 2)
    first = evaluator(*grading(table, server), "--price", "1,2", "--yes", cwd=tmp_path)
    assert first.returncode == 0, first.stderr
    assert "store.sqlite3" in first.stdout.replace("\n", "")
    again = evaluator(*grading(table, server), "--price", "1,2", cwd=tmp_path)
    assert again.returncode == 0, again.stderr
    assert "10 of the 10 replies are in the ledger already" in again.stdout
    assert "10 of 10 replies came from the ledger" in again.stdout
    assert server.asked.total() == 10
    usage = json.loads((tmp_path / "a-grades-2" / "run.json").read_text(encoding="utf-8"))["usage"]
    assert (usage["reused_requests"], usage["paid_usd"], usage["cost_usd"]) == (10, None, pytest.approx(0.012))
    assert without_times(grades_in(tmp_path / "a-grades")) == without_times(grades_in(tmp_path / "a-grades-2"))
    without = evaluator(*grading(table, server), "--no-store", cwd=tmp_path)
    assert (without.returncode, server.asked.total()) == (0, 20)
    assert "none: replies are not kept" in without.stdout


@pytest.mark.parametrize("store", ["store", "no store"])
def test_an_unfinished_run_is_gone_on_with_by_the_same_command(tmp_path: Path, server: ModelServer, store: str) -> None:
    """In its folder, with the grades that stand; without a store the rest is asked again, and only the rest."""
    table = write_table(tmp_path / "a.csv", 2)
    arguments = [*grading(table, server), *(["--no-store"] if store == "no store" else [])]
    assert evaluator(*arguments, cwd=tmp_path).returncode == 0
    undisturbed = without_times(grades_in(tmp_path / "a-grades"))
    as_if_killed(tmp_path / "a-grades", whole_lines=6)
    scratch = tmp_path / "a-grades" / ".rows-abcd1234"  # of the report, killed while it was written
    scratch.mkdir()
    (scratch / "sheet3").write_text("what a candidate wrote", encoding="utf-8")
    stands = (tmp_path / "a-grades" / "grades.jsonl").read_bytes().splitlines(keepends=True)[:6]
    done = evaluator(*arguments, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "6 of 10 answers are graded" in done.stdout.replace("\n", " ")
    assert not (tmp_path / "a-grades-2").exists()
    assert (tmp_path / "a-grades" / "grades.jsonl").read_bytes().splitlines(keepends=True)[:6] == stands
    assert without_times(grades_in(tmp_path / "a-grades")) == undisturbed
    assert server.asked.total() == (14 if store == "no store" else 10)
    assert (tmp_path / "a-grades" / "report.html").exists()
    assert not scratch.exists()
    manifest = json.loads((tmp_path / "a-grades" / "run.json").read_text(encoding="utf-8"))
    assert (manifest["outcome"], manifest["graded"], manifest["usage"]["requests"]) == ("finished", 10, 10)


def test_going_on_with_something_changed_says_what_and_asks(tmp_path: Path, server: ModelServer) -> None:
    """Another prompt, an answer edited: without --yes nothing is touched; with it, what differs is asked again."""
    table = write_table(tmp_path / "a.csv", 2)
    assert evaluator(*grading(table, server), cwd=tmp_path).returncode == 0
    as_if_killed(tmp_path / "a-grades", whole_lines=8)
    before = (tmp_path / "a-grades" / "grades.jsonl").read_bytes()

    table.write_text(table.read_text(encoding="utf-8").replace("number 0-degradation", "number 0-other"))
    refused = evaluator(*grading(table, server), "--resume", cwd=tmp_path)
    assert refused.returncode == 2
    assert "changed since it began: the table" in refused.stdout.replace("\n", " ")
    assert "--yes" in refused.stderr
    assert (tmp_path / "a-grades" / "grades.jsonl").read_bytes() == before
    assert sorted(path.name for path in (tmp_path / "a-grades").glob(".*")) == []

    other_prompt = evaluator(*grading(table, server, "checks"), "--resume", cwd=tmp_path)
    assert "prompt: levels@2 → checks@2" in other_prompt.stdout
    assert "8 graded answers are asked again" in other_prompt.stdout

    with_marks = evaluator(*grading(table, server), "--spotlight", "marks", "--resume", cwd=tmp_path)
    assert "spotlight: none → marks@1" in with_marks.stdout
    assert "8 graded answers are asked again" in with_marks.stdout

    agreed = evaluator(*grading(table, server), "--resume", "--yes", cwd=tmp_path)
    assert agreed.returncode == 0, agreed.stderr
    said = {grade["answer_id"]: grade["criteria"][0]["rationale"] for grade in grades_in(tmp_path / "a-grades")}
    assert len(said) == 10
    assert said["c0000.degradation"] == "0-other"
    assert server.asked.total() == 11


def test_an_unfinished_run_with_other_settings_is_left_alone_unless_asked_for(
    tmp_path: Path, server: ModelServer
) -> None:
    """The same table with another prompt gets a folder of its own, and is told of the other."""
    table = write_table(tmp_path / "a.csv", 1)
    assert evaluator(*grading(table, server), cwd=tmp_path).returncode == 0
    as_if_killed(tmp_path / "a-grades", whole_lines=2)
    before = (tmp_path / "a-grades" / "grades.jsonl").read_bytes()
    done = evaluator("grade", table, "--grader", "baseline", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "a-grades holds an unfinished run with other settings" in done.stdout
    assert (tmp_path / "a-grades" / "grades.jsonl").read_bytes() == before
    assert len(grades_in(tmp_path / "a-grades-2")) == 5
    named = evaluator("grade", table, "--grader", "baseline", "--out", "a-grades", cwd=tmp_path)
    assert named.returncode == 2
    assert "--resume" in named.stderr
    none = evaluator("grade", table, "--grader", "baseline", "--resume", "--out", "nowhere", cwd=tmp_path)
    assert none.returncode == 2
    assert "no run to resume" in none.stderr


def test_a_folder_that_another_process_writes_is_not_touched(tmp_path: Path, server: ModelServer) -> None:
    """Two commands that resume one run: the second one says so and leaves."""
    table = write_table(tmp_path / "a.csv", 1)
    assert evaluator(*grading(table, server), cwd=tmp_path).returncode == 0
    as_if_killed(tmp_path / "a-grades", whole_lines=2)
    with locked(tmp_path / "a-grades"):
        done = evaluator(*grading(table, server), cwd=tmp_path)
    assert done.returncode == 2
    assert "Another process writes to a-grades" in done.stderr


def interrupted(tmp_path: Path, server: ModelServer, *signals: signal.Signals) -> tuple[subprocess.Popen[str], str]:
    """A run of four answers at a time that is sent signals after its first eight replies."""
    table = write_table(tmp_path / "a.csv", 8)
    process = started(*grading(table, server), "--concurrency", "4", cwd=tmp_path)
    server.wait_for(8, seconds=120)
    server.wait = 1.5
    server.wait_for(12, seconds=120)
    for number, each in enumerate(signals):
        if number:
            # The second one is sent when the first was heard.
            assert process.stderr is not None
            assert "finishing" in process.stderr.readline()
            server.wait = 60
        process.send_signal(each)
    _, errors = process.communicate(timeout=200)
    return process, errors


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_lets_what_is_in_flight_finish(
    tmp_path: Path, server: ModelServer, how: signal.Signals
) -> None:
    """Ctrl-C, or a service manager: every reply that was asked for is graded, nothing new is begun, exit code 130."""
    process, errors = interrupted(tmp_path, server, how)
    assert process.returncode == 130, errors
    assert "in flight; Ctrl-C again stops now" in errors
    grades = grades_in(tmp_path / "a-grades")
    assert len(grades) == 40
    assert sum(grade["status"] == "graded" for grade in grades) == server.asked.total() < 40
    server.wait = 0.0
    done = evaluator(*grading(tmp_path / "a.csv", server), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert server.asked.total() == 40
    grades = grades_in(tmp_path / "a-grades")
    assert len(grades) == 40
    assert {grade["status"] for grade in grades} == {"graded"}


def test_the_second_signal_stops_at_once(tmp_path: Path, server: ModelServer) -> None:
    """What hangs is not waited for; each answer is accounted for all the same."""
    process, errors = interrupted(tmp_path, server, signal.SIGINT, signal.SIGINT)
    assert process.returncode == 130, errors
    statuses = [grade["status"] for grade in grades_in(tmp_path / "a-grades")]
    assert len(statuses) == 40
    assert statuses.count("graded") < server.asked.total()


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_while_the_results_are_written_says_what_is_kept(tmp_path: Path, how: signal.Signals) -> None:
    """Everything is graded by then: exit code 130, no half of a file, and the line that goes on can be pasted."""
    table = write_table(tmp_path / "a.csv", 400)
    process = started("grade", table, "--grader", "baseline", "--out", "of mine", cwd=tmp_path)
    while process.poll() is None and not (tmp_path / "of mine" / ".grades.csv.partial").exists():
        time.sleep(0.001)
    process.send_signal(how)
    _, errors = process.communicate(timeout=200)
    assert process.returncode == 130, errors
    assert "every grade is kept" in errors
    assert "Traceback" not in errors
    assert len(grades_in(tmp_path / "of mine")) == 2000
    assert not list((tmp_path / "of mine").glob(".*"))
    resuming = next(line.strip() for line in errors.splitlines() if "evaluator runs resume" in line)
    done = evaluator(*resuming.split()[1:], cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "2,000 of 2,000 answers are graded" in " ".join(done.stdout.split())
    assert (tmp_path / "of mine" / "report.html").exists()


def test_two_runs_at_once_on_one_store(tmp_path: Path, server: ModelServer) -> None:
    """Both end well, each with all of its grades; the store has both."""
    table = write_table(tmp_path / "a.csv", 10)
    runs = [started(*grading(table, server), "--out", name, cwd=tmp_path) for name in ("one", "two")]
    for run in runs:
        _, errors = run.communicate(timeout=200)
        assert run.returncode == 0, errors
    assert without_times(grades_in(tmp_path / "one")) == without_times(grades_in(tmp_path / "two"))
    listed = json.loads(evaluator("runs", "list", "--json", cwd=tmp_path).stdout)
    assert [(run["state"], run["graded"]) for run in listed] == [("finished", 50), ("finished", 50)]
