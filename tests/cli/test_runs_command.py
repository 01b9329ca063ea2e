"""`evaluator runs`: what it shows, writes and deletes."""

from __future__ import annotations

import asyncio
import json
import shutil
import time
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from evaluator.cli import cli
from evaluator.cli.grade import command as grade
from evaluator.cli.present_runs import say_runs
from evaluator.cli.run_options import given_again, kept_options
from evaluator.core.ledger import KeptReply
from evaluator.core.reply import Usage
from evaluator.settings import read_settings
from evaluator.store.store import open_store
from tests.cli.grading_command import evaluator, grades_in, started, without_times, write_table
from tests.model_server import ModelServer


def runs(*arguments: str | Path) -> Result:
    """The command in this process, with nobody to be asked."""
    return CliRunner().invoke(cli, ["runs", *map(str, arguments)])


@pytest.fixture
def graded(tmp_path: Path) -> str:
    """The id of a run of the baseline: nine answers, the first of them blank."""
    (tmp_path / "some").mkdir()
    table = write_table(tmp_path / "some" / "answers.csv", 2)
    text = table.read_text(encoding="utf-8")
    first = '"I would split by time: train on 2022 and test on 2023, as in case number 0-degradation."'
    assert first in text
    table.write_text(text.replace(first, ""), encoding="utf-8")
    done = evaluator("grade", "answers.csv", "--grader", "baseline", "--limit", "9", cwd=tmp_path / "some")
    assert done.returncode == 0, done.stderr
    return json.loads(runs("list", "--json").output)[0]["run_id"]


def test_a_days_submissions_are_listed_with_the_minute_they_began(
    graded: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their run has a longer name, and was not paid for: in 80 columns the time stands whole all the same."""
    monkeypatch.setenv("COLUMNS", "80")
    with open_store(read_settings().store) as store:
        record = store.runs.all()[0]
        named = record.order.manifest.model_copy(update={"run_id": "20261127-2b424288"})
        record = replace(record, order=replace(record.order, manifest=named))
        say_runs([record], store.address)
    line = capsys.readouterr().out.splitlines()[1]
    assert line.rstrip().endswith(record.order.manifest.started_at[:16].replace("T", " "))


def test_runs_are_listed_and_shown_in_80_columns(graded: str, tmp_path: Path) -> None:
    """Also runs of graders that ask no model; paths are whole, however long."""
    listed = runs("list").output
    assert graded in listed
    assert "9 of 9" in listed
    assert "finished" in listed
    assert max(map(len, listed.splitlines())) <= 80
    shown = runs("show", graded[:5]).output
    assert max(map(len, shown.splitlines())) <= 80
    said = shown.replace("\n", "").replace(" ", "")
    for fact in ("baseline", "ml_engineer_core@1", str(tmp_path / "some" / "answers.csv"), "9answers,9grades"):
        assert fact in said, fact


def test_a_run_is_written_again_from_the_store_alone(graded: str, tmp_path: Path) -> None:
    """Its table, its folder and its rubric may be gone."""
    folder = tmp_path / "some" / "answers-grades"
    written = without_times(grades_in(folder))
    manifest = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    for path in folder.iterdir():
        path.unlink()
    (tmp_path / "some" / "answers.csv").unlink()
    done = runs("export", graded, "--out", tmp_path / "again")
    assert done.exit_code == 0, done.output
    assert without_times(grades_in(tmp_path / "again")) == written
    assert json.loads((tmp_path / "again" / "run.json").read_text(encoding="utf-8")) == manifest
    assert {path.name for path in (tmp_path / "again").iterdir()} == {
        *("grades.jsonl", "grades.csv", "candidates.csv", "grades.xlsx", "report.html", "run.json")
    }
    refused = runs("export", graded, "--out", tmp_path / "again")
    assert "holds the results of another run" in str(refused.exception)


@pytest.mark.parametrize(
    "arguments",
    [
        ("runs", "list"),
        ("runs", "show", "abc"),
        ("runs", "prune", "--yes"),
        ("erase", "--candidate", "c0001", "--yes"),
        ("retention", "apply", "--grades", "1"),
        ("store", "status"),
    ],
)
def test_a_store_that_is_not_there_is_said_and_not_made(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    """A mistyped path: "holds nothing of c0001" would be true of it, and of no use to whoever has to erase."""
    path = tmp_path / "mistyped.sqlite3"
    refused = CliRunner().invoke(cli, [*arguments, "--store", str(path)])
    assert f"There is no store {path}" in str(refused.exception)
    assert not path.exists()


def test_a_run_whose_results_are_gone_is_begun_anew_and_says_so(graded: str, tmp_path: Path) -> None:
    """The new one stands in the list beside the old one."""
    shutil.rmtree(tmp_path / "some" / "answers-grades")
    again = evaluator("runs", "resume", graded, "--yes", cwd=tmp_path)
    assert again.returncode == 0, again.stderr
    assert f"The results of run {graded} are no longer in" in again.stderr
    assert (tmp_path / "some" / "answers-grades" / "report.html").exists()
    listed = json.loads(runs("list", "--json").output)
    assert len(listed) == 2


def test_an_empty_name_is_not_the_usual_store() -> None:
    """It is a variable that was not set: what is kept or erased would be another's."""
    for arguments in (("runs", "list"), ("grade", "answers.csv"), ("erase", "--candidate", "c0001", "--yes")):
        assert "--store is empty" in str(CliRunner().invoke(cli, [*arguments, "--store", ""]).exception)


def test_a_run_is_written_while_it_is_graded(tmp_path: Path) -> None:
    """With what is graded by then, again and again, while more grades come."""
    table = write_table(tmp_path / "a.csv", 200)
    with ModelServer(wait=0.01) as server:
        options = ("--base-url", server.address, "--concurrency", "8", "--prompt", "levels")
        grading = started("grade", table, "--grader", "openai:m", *options, cwd=tmp_path)
        server.wait_for(100, seconds=200)
        number = 0
        while grading.poll() is None:
            number += 1
            done = runs(
                "export", json.loads(runs("list", "--json").output)[0]["run_id"], "--out", tmp_path / str(number)
            )
            assert done.exit_code == 0, done.exception
            written = json.loads((tmp_path / str(number) / "run.json").read_text(encoding="utf-8"))
            assert written["answers"] == len(grades_in(tmp_path / str(number)))
        assert grading.communicate(timeout=200)[1] == ""
    assert number
    assert grading.returncode == 0


def test_a_run_is_gone_on_with_from_any_folder(graded: str, tmp_path: Path) -> None:
    """With what it was begun with: its table is found from where it was named, its limit holds."""
    folder = tmp_path / "some" / "answers-grades"
    lines = (folder / "grades.jsonl").read_bytes().splitlines(keepends=True)
    (folder / "grades.jsonl").write_bytes(b"".join(lines[:4]))
    done = evaluator("runs", "resume", graded, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "4 of 9 answers are graded" in " ".join(done.stdout.split())
    assert len(grades_in(folder)) == 9
    assert len(json.loads(runs("list", "--json").output)) == 1
    (tmp_path / "some").rename(tmp_path / "moved")
    gone = runs("resume", graded)
    assert "is not there any more" in str(gone.exception)


def test_deleting_says_what_goes_and_asks(graded: str, tmp_path: Path) -> None:
    """Where nobody can be asked --yes is needed; the results in the folder stay."""
    refused = runs("delete", graded)
    assert "9 answers, 9 grades, 0 replies" in refused.output
    assert "--yes" in str(refused.exception)
    assert graded in runs("list").output
    done = runs("delete", graded, "--yes")
    assert done.exit_code == 0, done.output
    assert "No runs in" in runs("list").output
    assert len(grades_in(tmp_path / "some" / "answers-grades")) == 9
    assert "There is no run" in str(runs("show", graded).exception)


def test_pruning_says_what_goes_and_asks(graded: str, tmp_path: Path) -> None:
    """Replies without a run, older than some days; those of a run stay."""
    assert "No reply that is older than 0 days is without a run" in runs("prune", "--older-than", "0").output
    with open_store(read_settings().store) as store:
        asyncio.run(store.ledger().keep("e" * 64, KeptReply("of an evaluation", None, Usage())))
    time.sleep(1.1)  # times are kept to the second
    assert "No reply that is older than 30 days" in runs("prune").output
    refused = runs("prune", "--older-than", "0")
    assert "1 reply without a run" in refused.output
    assert "--yes" in str(refused.exception)
    assert "Deleted: 1 reply" in runs("prune", "--older-than", "0", "--yes").output
    assert graded in runs("list").output


def test_no_key_is_kept(tmp_path: Path) -> None:
    """Neither a key nor a password in an address; everything else comes back as it was given."""
    table = write_table(tmp_path / "a.csv", 1)
    address = "http://someone:pass-w0rd@127.0.0.1:9/v1"
    arguments = ("--grader", "openai:m", "--base-url", address, "--compare", "baseline", "--limit", "1")
    context = grade.make_context("grade", [str(table), *arguments, "--rubrics", "r1", "--rubrics", "r2", "--yes"])
    kept = kept_options(context, address)
    assert "pass-w0rd" not in json.dumps(kept)
    assert "key" not in " ".join(kept["options"])
    again = given_again(grade, json.loads(json.dumps(kept)))
    expected = {name: value for name, value in context.params.items() if name in again}
    assert again == expected | {"base_url": "http://127.0.0.1:9/v1"}
    assert set(context.params) - set(again) == {*("out", "resume", "where", "no_store", "yes", "quiet", "as_json")}
