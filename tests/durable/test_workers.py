"""Workers that share a store: a table is graded as one process would, whichever of them ends meanwhile."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from evaluator.store.store import open_store
from tests.cli.grading_command import evaluator, grades_in, started, without_times, write_table
from tests.durable.conftest import WorkerProcess, finished
from tests.model_server import ModelServer

StartWorker = Callable[..., WorkerProcess]
CANDIDATES, CHUNKS = 12, 3  # 60 answers


def graded_by_model(server: ModelServer, store: str, *further: str) -> tuple[str, ...]:
    model = ("--grader", "openai:m", "--prompt", "levels", "--base-url", server.address, "--yes")
    return ("grade", "a.csv", *model, "--workers", "--store", store, "--out", "out", *further)


def test_workers_grade_as_one_process_does(tmp_path: Path, address: str, worker: StartWorker) -> None:
    """The same grades, in the folder and in the store, whether the command grades or two workers do."""
    write_table(tmp_path / "a.csv", CANDIDATES)
    arguments = ("grade", "a.csv", "--grader", "baseline", "--quiet")
    workers = [worker(address), worker(address)]
    finished(started(*arguments, "--workers", "--store", address, "--out", "queued", cwd=tmp_path))
    evaluator(*arguments, "--store", "own.sqlite3", "--out", "alone", cwd=tmp_path)
    assert without_times(grades_in(tmp_path / "queued")) == without_times(grades_in(tmp_path / "alone"))
    with open_store(address) as store:
        (run,) = store.runs.all()
        assert (run.state, run.counts.done) == ("finished", CANDIDATES * 5)
        assert len(list(store.runs.grades(run.number))) == CANDIDATES * 5
    assert [each.terminate()[0] for each in workers] == [0, 0]


def test_what_a_killed_worker_had_goes_to_another(tmp_path: Path, server_database: str, worker: StartWorker) -> None:
    """`kill -9` in the midst of grading: every answer is graded once, and only what was in flight is asked again."""
    write_table(tmp_path / "a.csv", CANDIDATES)
    with ModelServer(wait=0.3) as server:
        options = ("--base-url", server.address, "--concurrency", "8")
        first = worker(server_database, *options)
        process = started(*graded_by_model(server, server_database), cwd=tmp_path)
        server.wait_for(20, seconds=60)
        first.kill()
        worker(server_database, *options)
        finished(process)
        assert sum(server.asked.values()) <= CANDIDATES * 5 + 8
        assert len(server.asked) == CANDIDATES * 5
    grades = grades_in(tmp_path / "out")
    assert sorted({grade["answer_id"] for grade in grades}) == sorted(grade["answer_id"] for grade in grades)
    assert [grade["status"] for grade in grades] == ["graded"] * CANDIDATES * 5


def test_a_worker_that_is_told_to_end_finishes_what_is_in_flight(
    tmp_path: Path, server_database: str, worker: StartWorker
) -> None:
    """SIGTERM: it ends with 0, nothing is asked twice, and another worker goes on with the rest."""
    write_table(tmp_path / "a.csv", CANDIDATES)
    with ModelServer(wait=0.3) as server:
        options = ("--base-url", server.address, "--concurrency", "8", "--drain", "50")
        first = worker(server_database, *options)
        process = started(*graded_by_model(server, server_database), cwd=tmp_path)
        server.wait_for(10, seconds=60)
        code, said = first.terminate()
        assert code == 0
        assert said[-1]["said"] == "worker ended"
        assert 0 < said[-1]["graded"] < CANDIDATES * 5
        worker(server_database, *options)
        finished(process)
        assert sum(server.asked.values()) == len(server.asked) == CANDIDATES * 5
    assert [grade["status"] for grade in grades_in(tmp_path / "out")] == ["graded"] * CANDIDATES * 5


def test_all_workers_together_keep_the_limit(tmp_path: Path, server_database: str, worker: StartWorker) -> None:
    """Two workers that are told of four requests at once never have more in flight between them."""
    write_table(tmp_path / "a.csv", CANDIDATES)
    with ModelServer(wait=0.1) as server:
        options = ("--base-url", server.address, "--concurrency", "4")
        workers = [worker(server_database, *options), worker(server_database, *options)]
        finished(started(*graded_by_model(server, server_database), cwd=tmp_path))
        assert 1 < server.most_at_once <= 4
    assert all(each.is_alive for each in workers)


def test_ctrl_c_leaves_the_work_to_the_workers(tmp_path: Path, server_database: str, worker: StartWorker) -> None:
    """The command may go: workers grade what is queued, and the same command picks it up and asks for nothing."""
    write_table(tmp_path / "a.csv", CANDIDATES)
    with ModelServer(wait=0.05) as server:
        process = started(*graded_by_model(server, server_database), cwd=tmp_path)
        with open_store(server_database) as store:
            while sum(chunk.turn == 0 for chunk in store.work.due(10)) < CHUNKS:
                time.sleep(0.1)
        process.terminate()
        _, said = process.communicate(timeout=60)
        assert process.returncode == 130
        assert "the workers go on with what is queued" in said
        worker(server_database, "--base-url", server.address)
        server.wait_for(CANDIDATES * 5, seconds=60)
        finished(started(*graded_by_model(server, server_database), cwd=tmp_path))
        assert sum(server.asked.values()) == CANDIDATES * 5
    assert [grade["status"] for grade in grades_in(tmp_path / "out")] == ["graded"] * CANDIDATES * 5


def test_a_queue_that_is_lost_is_filled_anew(tmp_path: Path, worker: StartWorker) -> None:
    """The store says what is to be done: without the queue's own file, work goes on all the same."""
    write_table(tmp_path / "a.csv", CANDIDATES)
    store = tmp_path / "s.sqlite3"
    with ModelServer(wait=0.3) as server:
        first = worker(str(store), "--base-url", server.address, "--concurrency", "8")
        process = started(*graded_by_model(server, str(store)), cwd=tmp_path)
        server.wait_for(10, seconds=60)
        first.kill()
        for left in tmp_path.glob("s-work.sqlite3*"):
            left.unlink()
        worker(str(store), "--base-url", server.address, "--concurrency", "8")
        finished(process)
    assert [grade["status"] for grade in grades_in(tmp_path / "out")] == ["graded"] * CANDIDATES * 5
    with sqlite3.connect(store) as connection:
        assert connection.execute("SELECT count(*) FROM work_answers").fetchone() == (0,)


def test_an_answer_that_ends_workers_is_set_aside(tmp_path: Path, worker: StartWorker) -> None:
    """It takes a few workers with it, started again and again as a supervisor does; then a person gets it, with the
    reason, and all others are graded.
    """
    write_table(tmp_path / "a.csv", 2)
    table = (tmp_path / "a.csv").read_text(encoding="utf-8")
    (tmp_path / "a.csv").write_text(table.replace("number 1-degradation", "number 1-poison"), encoding="utf-8")
    (tmp_path / "deadly.py").write_text(_DEADLY, encoding="utf-8")
    arguments = ("grade", "a.csv", "--grader", "langchain:deadly:model", "--prompt", "levels", "--yes")
    process = started(*arguments, "--workers", "--store", "s.sqlite3", "--out", "out", cwd=tmp_path)
    ended = 0
    while process.poll() is None and ended < 12:
        current = worker("s.sqlite3")
        while current.is_alive and process.poll() is None:
            time.sleep(0.1)
            _end_rests(tmp_path / "s.sqlite3")
        ended += not current.is_alive
    assert process.wait(60) == 3
    assert 3 <= ended <= 6
    grades = {grade["answer_id"]: grade for grade in grades_in(tmp_path / "out")}
    assert "3 workers ended while they graded it" in grades["c0001.degradation"]["reason"]
    others = [grade["reason"] for name, grade in grades.items() if name != "c0001.degradation"]
    assert others == [None] * 9


def _end_rests(store: Path) -> None:
    """What rests after a death is due now: nobody has to wait for that here."""
    # Its table may not be there yet.
    with suppress(sqlite3.OperationalError), sqlite3.connect(f"file:{store}?mode=rw", uri=True) as connection:
        connection.execute("UPDATE work_chunks SET due_at = made_at WHERE state = 'waiting'")


_DEADLY = """
import json, os
from langchain_core.language_models import FakeListChatModel


class Deadly(FakeListChatModel):
    responses: list[str] = []

    def _call(self, messages, *args, **kwargs):
        if "poison" in str(messages[-1].content):
            os._exit(9)
        said = {"evidence": ["split by time"], "missing": "", "rationale": "said so", "level": 2}
        names = ("positive_class_definition", "leakage_awareness", "production_consciousness")
        asked = [name for name in names if name in str(messages)]
        return json.dumps({"criteria": dict.fromkeys(asked, said), "red_flags": []})


def model():
    return Deadly()
"""
