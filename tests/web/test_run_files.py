"""The files of a run, downloaded from its page."""

from __future__ import annotations

import csv
import io
import json
import zipfile

from evaluator.cli.export_run import export_run
from tests.graded_run import put_run


def test_the_files_are_those_that_the_command_writes(serve, sqlite_store, some_answers, tmp_path):
    """A row an answer, a line a grade, and all of them packed; who took one is in the log, by id."""
    put_run(sqlite_store, some_answers, str(tmp_path))
    served = serve(sqlite_store, export_run=export_run)
    client = served.sign_in("ada", "administrator")
    page = client.get("/runs/0a1b2c3d").text
    assert 'href="/runs/0a1b2c3d/files/grades.csv"' in page
    table = client.get("/runs/0a1b2c3d/files/grades.csv")
    assert table.headers["content-disposition"] == 'attachment; filename="0a1b2c3d-grades.csv"'
    assert len(list(csv.DictReader(io.StringIO(table.content.decode("utf-8-sig"))))) == len(some_answers)
    lines = client.get("/runs/0a1b2c3d/files/grades.jsonl").text.splitlines()
    assert {json.loads(line)["answer_id"] for line in lines} == {each.answer.answer_id for each in some_answers}
    with zipfile.ZipFile(io.BytesIO(client.get("/runs/0a1b2c3d/files/everything.zip").content)) as packed:
        assert {"report.html", "grades.xlsx", "candidates.csv", "grades.csv", "grades.jsonl", "run.json"} <= set(
            packed.namelist()
        )
    log = client.get("/administration/log?text=file").text
    assert log.count("file taken") == 3
    assert "ada" in log


def test_a_recruiter_takes_files_of_shared_runs_only(serve, sqlite_store, some_answers, tmp_path):
    """A run that is not shared with them is not there for them, whatever its address."""
    record = put_run(sqlite_store, some_answers, str(tmp_path))
    served = serve(sqlite_store, export_run=export_run)
    client = served.sign_in("rita", "recruiter")
    assert client.get("/runs/0a1b2c3d/files/candidates.csv").status_code == 404
    rita = sqlite_store.users.named("rita")
    ada = served.sign_in("ada", "administrator")
    shared = ada.post("/runs/0a1b2c3d/access", data={"user": rita.id, "allow": "yes"})
    assert shared.status_code == 303
    assert rita.id in sqlite_store.users.users_of(record.number)
    assert client.get("/runs/0a1b2c3d/files/candidates.csv").status_code == 200
