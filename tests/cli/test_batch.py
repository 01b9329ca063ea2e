"""`evaluator batch` in a real process, against a real server: asked, kept, missing, asked again, never twice."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

from evaluator.files.resources import shipped
from tests.batch_server import BatchServer
from tests.cli.batching import ANSWERS, TEXT, answers, batch, grades_now, options, server, submit
from tests.cli.test_grade import evaluator

__all__ = ["answers", "server"]


def test_a_table_goes_through_a_batch_and_grading_then_pays_nothing(answers: Path, server: BatchServer) -> None:
    """Submitted, looked at, collected; then every answer is graded from the ledger, its quotes found as always."""
    server.held = True
    done = submit(answers, server)
    assert done.returncode == 0, done.stderr + done.stdout
    assert (server.live_requests, len(server.batches)) == (1, 1)  # the trial, and one batch for the others
    waiting = batch("status", "b", cwd=answers.parent)
    assert (waiting.returncode, "in_progress" in waiting.stdout) == (6, True), waiting.stdout
    assert batch("collect", "b", cwd=answers.parent).returncode == 6
    assert not (answers.parent / "answers-grades").exists()
    server.held = False
    collected = batch("collect", "b", cwd=answers.parent)
    assert collected.returncode == 0, collected.stderr + collected.stdout
    assert "7 replies kept" in collected.stdout
    assert "Everything is in. Grading with it:" in collected.stdout
    assert f"{ANSWERS} of {ANSWERS} replies came from the ledger" in collected.stdout
    manifest = json.loads((answers.parent / "answers-grades" / "run.json").read_text(encoding="utf-8"))
    assert (manifest["graded"], manifest["usage"]["reused_requests"], server.live_requests) == (ANSWERS, ANSWERS, 1)
    assert manifest["quotes_found"] == manifest["quotes_claimed"] > 0
    assert manifest["usage"]["paid_usd"] in (None, 0.0)
    assert manifest["prompt"].startswith("levels@")


def test_collecting_from_another_folder_grades_what_was_submitted_where_it_was(
    answers: Path, server: BatchServer, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Paths given to `submit` are found again; --out is where `collect` is; --no-grade says how to grade, from where
    `collect` is and with the store that it filled.
    """
    assert batch("submit", "answers.csv", *options(server), "--yes", "--out", "b", cwd=answers.parent).returncode == 0
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    store = ("--store", str(answers.parent / "store.sqlite3"))
    only = batch("collect", str(answers.parent / "b"), "--no-grade", *store, cwd=elsewhere)
    said = next(line for line in only.stdout.splitlines() if line.startswith("Grade: "))
    assert "--prompt levels" in said
    assert server.address in said
    done = batch("collect", str(answers.parent / "b"), "--out", "mine", *store, cwd=elsewhere)
    assert done.returncode == 0, done.stderr + done.stdout
    assert json.loads((elsewhere / "mine" / "run.json").read_text(encoding="utf-8"))["graded"] == ANSWERS
    cd, folder, _, _, *words = shlex.split(said.removeprefix("Grade: "))
    assert (cd, folder) == ("cd", str(answers.parent))
    by_hand = evaluator(*words, "--out", "by-hand", cwd=answers.parent)
    assert by_hand.returncode == 0, by_hand.stderr + by_hand.stdout
    assert server.live_requests == 1


@pytest.mark.parametrize("ends_as", ["in_progress", "completed", "expired"])
def test_how_batches_stand_fits_eighty_columns(answers: Path, server: BatchServer, ends_as: str) -> None:
    """Every heading, number and id is whole, with ids as long as OpenAI's, before and after collecting."""
    server.held, server.ends_as = ends_as == "in_progress", ends_as
    submit(answers, server)
    batch("collect", "b", "--no-grade", cwd=answers.parent)
    shown = batch("status", "b", cwd=answers.parent, columns=80).stdout
    assert "…" not in shown
    for whole in ("Asked", "Done", "Failed", "requests-0001.jsonl", *server.batches, ends_as):
        assert whole in shown, shown
    assert max(map(len, shown.splitlines())) <= 80
    assert ("collected" in shown, " 7 " in shown) == (ends_as != "in_progress", True), shown


@pytest.mark.parametrize("between", ["another model", "graded at once"])
def test_what_was_written_and_never_submitted_is_not_paid_for_later(
    answers: Path, server: BatchServer, between: str
) -> None:
    """`submit` failed before a batch was there; what is asked for then is what is needed then, and nothing else."""
    server.takes_uploads = False
    failed = submit(answers, server, "--no-trial")
    assert (failed.returncode, "upload the requests" in failed.stderr) == (2, True), failed.stderr
    stands = batch("status", "b", cwd=answers.parent)
    assert (stands.returncode, "`evaluator batch submit` is run again" in stands.stdout) == (6, True), stands.stdout
    server.takes_uploads = True
    if between == "graded at once":
        assert grades_now(answers, server)[1] > 0
        again = submit(answers, server, "--no-trial")
        assert (again.returncode, "Nothing to ask" in again.stdout, server.batches) == (0, True, {}), again.stdout
        return
    again = submit(answers, server, "--no-trial", "--grader", "openai:m-2")
    assert (again.returncode, "8 new requests, 1 new batch" in again.stdout) == (0, True), again.stdout
    assert "waited already" not in again.stdout
    collected = batch("collect", "b", cwd=answers.parent)
    assert f"{ANSWERS} of {ANSWERS} replies came from the ledger" in collected.stdout, collected.stdout
    assert len(server.asked) == ANSWERS


def test_asking_again_takes_up_what_was_written_and_never_submitted(answers: Path, server: BatchServer) -> None:
    """A --resubmit that failed on its way is written anew by the next one; no request is lost, none is asked twice."""
    server.fate = ["answered", "expired", "failed", *["answered"] * 4].__getitem__
    submit(answers, server)
    server.takes_uploads = False
    assert batch("collect", "b", "--resubmit", cwd=answers.parent).returncode == 2
    server.takes_uploads, server.fate = True, lambda _: "answered"
    again = batch("collect", "b", "--resubmit", cwd=answers.parent)
    assert (again.returncode, "Asked again: 2 requests" in again.stdout) == (6, True), again.stdout + again.stderr
    assert batch("collect", "b", "--no-grade", cwd=answers.parent).returncode == 0
    assert len(server.batches) == 2
    assert len(server.asked) == len(set(server.asked)) == 7


def test_a_folder_of_batches_belongs_to_one_endpoint(answers: Path, server: BatchServer) -> None:
    """What is under way at one could not be collected from another."""
    submit(answers, server)
    with BatchServer() as other:
        refused = submit(answers, other)
    assert refused.returncode == 2
    assert f"The batches of b are at {server.address}, and this is for {other.address}" in refused.stderr
    assert other.batches == {}
    assert batch("collect", "b", "--no-grade", cwd=answers.parent).returncode == 0


def test_requests_that_were_exported_are_not_taken_away_by_submitting(answers: Path, server: BatchServer) -> None:
    """They may be with whoever answers them; the folder is refused."""
    batch("export", answers, *options(server), "--out", "b", cwd=answers.parent)
    before = (answers.parent / "b" / "requests-0001.jsonl").read_bytes()
    refused = submit(answers, server)
    assert (refused.returncode, "holds requests that were exported" in refused.stderr) == (2, True), refused.stderr
    assert (answers.parent / "b" / "requests-0001.jsonl").read_bytes() == before
    assert server.batches == {}


def test_a_rubric_that_was_edited_since_it_was_submitted_is_said_before_it_costs_anything(
    answers: Path, server: BatchServer
) -> None:
    """Its replies do not fit any more: grading would ask everything at once, and asks whether it may."""
    shutil.copytree(shipped("rubrics") / "ml_engineer_core", answers.parent / "own" / "ml_engineer_core")
    submit(answers, server, "--rubrics", "own")
    rubric = answers.parent / "own" / "ml_engineer_core" / "rubric.v1.yaml"
    text = rubric.read_text(encoding="utf-8")
    rubric.write_text(text.replace("1: Names the target", "1: Names, in short, the target", 1), encoding="utf-8")
    collected = batch("collect", "b", cwd=answers.parent)
    assert "Changed since it was submitted" in collected.stdout, collected.stdout + collected.stderr
    assert "rubric: ml_engineer_core@1 was edited" in collected.stdout
    assert "at the full price" in collected.stdout
    assert (collected.returncode, "nobody is there to be asked" in collected.stderr) == (2, True), collected.stderr
    assert server.live_requests == 1
    rubric.write_text(text, encoding="utf-8")
    as_it_was = batch("collect", "b", cwd=answers.parent)
    assert ("Changed" in as_it_was.stdout, as_it_was.returncode) == (False, 0), as_it_was.stdout + as_it_was.stderr
    assert server.live_requests == 1


def test_another_table_in_the_same_folder_is_said(answers: Path, server: BatchServer) -> None:
    """Two files of one name would share a folder by default; only what was submitted last is graded by `collect`."""
    assert "Note" not in submit(answers, server).stdout
    assert "other things were submitted" not in submit(answers, server).stdout
    frame = pd.read_csv(answers, dtype=str)
    frame.head(1).to_csv(answers.parent / "other.csv", index=False)
    other = batch("submit", "other.csv", *options(server), "--yes", "--out", "b", cwd=answers.parent)
    assert "other things were submitted from b before" in other.stdout, other.stdout + other.stderr
    assert "the table: answers.csv then, other.csv now" in other.stdout


def test_an_output_that_the_endpoint_has_no_more_is_not_promised_for_the_next_time(
    answers: Path, server: BatchServer
) -> None:
    """Running the command again would not help: it says what does, and that works."""
    submit(answers, server)
    batch("status", "b", cwd=answers.parent)
    del server.files["file-output-" + next(iter(server.batches))]
    gone = batch("collect", "b", cwd=answers.parent)
    assert (gone.returncode, "Run the command again" in gone.stderr) == (2, False)
    assert "`evaluator batch submit` into another folder" in gone.stderr
    again = submit(answers, server, "--no-trial", "--out", "c")
    assert "7 new requests" in again.stdout, again.stdout + again.stderr


def test_a_cap_is_for_the_batches_and_grading_together(answers: Path, server: BatchServer) -> None:
    """What the batches cost is not there a second time for grading, at the full price too; what is left waits."""
    capped = submit(answers, server, "--no-trial", "--max-cost", "0.01")
    assert (capped.returncode, server.live_requests) == (5, 0), capped.stdout
    collected = batch("collect", "b", "--yes", cwd=answers.parent)
    assert collected.returncode == 5, collected.stdout + collected.stderr
    assert "is left for grading" in collected.stdout
    manifest = json.loads((answers.parent / "answers-grades" / "run.json").read_text(encoding="utf-8"))
    assert (manifest["graded"] + manifest["ungraded"], manifest["graded"] >= len(server.asked)) == (ANSWERS, True)
    in_batches = 0.002 * len(server.asked)  # 1,000 tokens in and 100 out, at $1 and $10 a million
    assert in_batches + (manifest["usage"]["paid_usd"] or 0.0) <= 0.01


def test_what_a_batch_is_reckoned_at_is_said(answers: Path, server: BatchServer) -> None:
    """A discount is known for OpenAI's own batches only."""
    assert "No discount for batches is known here" in submit(answers, server).stdout
    # Nobody is asked: without --yes there is only the estimate.
    arguments = ("submit", answers, "--grader", "openai:gpt-4.1", "--base-url", "https://api.openai.com/v1")
    half = batch(*arguments, "--out", "c", cwd=answers.parent)
    assert "That is a batch's price, 50% of the usual one" in half.stdout, half.stdout + half.stderr
    assert "nobody is there to be asked" in half.stderr


def test_answers_whose_words_carry_marks_go_through_a_batch(answers: Path, server: BatchServer) -> None:
    """The lines hold them, replies are kept under what was asked, and `collect` grades in the same way."""
    assert submit(answers, server, "--spotlight", "marks").returncode == 0
    (path,) = (answers.parent / "b").glob("requests-*.jsonl")
    read = [json.loads(line)["body"]["messages"][-1]["content"] for line in path.read_text().splitlines()]
    assert all("Each word that begins with" in text and "split by time" not in text for text in read)
    collected = batch("collect", "b", cwd=answers.parent)
    assert collected.returncode == 0, collected.stderr + collected.stdout
    assert f"{ANSWERS} of {ANSWERS} replies came from the ledger" in collected.stdout
    manifest = json.loads((answers.parent / "answers-grades" / "run.json").read_text(encoding="utf-8"))
    assert manifest["spotlight"] == "marks@1"
    assert manifest["quotes_found"] == manifest["quotes_claimed"] > 0
    assert grades_now(answers, server, spotlight="marks")[1] == 0.0
    assert server.live_requests == 1


def test_submitting_again_while_a_batch_runs_asks_nothing_twice(answers: Path, server: BatchServer) -> None:
    """What waits is left alone; new answers go into a batch of their own."""
    server.held = True
    submit(answers, server)
    again = submit(answers, server)
    assert "7 requests waited already" in again.stdout, again.stdout + again.stderr
    assert len(server.batches) == 1
    frame = pd.read_csv(answers, dtype=str)
    frame.loc[len(frame)] = ["3", *(f"{TEXT} More.",) * 4]
    frame.to_csv(answers, index=False)
    more = submit(answers, server)
    assert "4 new requests" in more.stdout
    assert len(server.batches) == 2
    server.held = False
    assert batch("collect", "b", "--no-grade", cwd=answers.parent).returncode == 0
    assert len(server.asked) == len(set(server.asked)) == 7 + 4


@pytest.mark.parametrize("ends_as", ["completed", "expired", "cancelled"])
def test_what_ended_without_a_reply_is_counted_and_asked_again_alone(
    answers: Path, server: BatchServer, ends_as: str
) -> None:
    """Expired, failed, missing, cut short, doubled: each is said, and only what is missing is in the next batch."""
    fates = ["answered", "expired", "failed", "missing", "garbled", "doubled", "answered"]
    server.fate, server.ends_as = fates.__getitem__, ends_as
    submit(answers, server)
    collected = batch("collect", "b", "--no-grade", cwd=answers.parent)
    assert collected.returncode == 3, collected.stdout + collected.stderr
    for said in ("3 replies kept", "2 failed", "1 is no line", "1 stands there twice", "batch_expired", "4 requests"):
        assert said in collected.stdout, collected.stdout
    server.fate, server.ends_as = lambda _: "answered", "completed"
    again = batch("collect", "b", "--no-grade", "--resubmit", cwd=answers.parent)
    assert (again.returncode, "Asked again: 4 requests" in again.stdout) == (6, True), again.stdout + again.stderr
    assert batch("collect", "b", "--no-grade", cwd=answers.parent).returncode == 0
    assert grades_now(answers, server)[1] == 0.0


def test_a_batch_that_failed_whole_says_why_and_is_asked_again_a_limited_number_of_times(
    answers: Path, server: BatchServer
) -> None:
    """After --most-tries the rest is left for grading one by one."""
    server.ends_as = "failed"
    submit(answers, server)
    first = batch("collect", "b", "--resubmit", "--most-tries", "2", cwd=answers.parent)
    assert "token_limit" in first.stdout
    second = batch("collect", "b", "--resubmit", "--most-tries", "2", cwd=answers.parent)
    assert second.returncode == 3
    assert "7 requests ended 2 batches without a reply" in second.stdout, second.stdout
    assert ("raise --most-tries" in second.stdout, "--resubmit" in second.stdout) == (True, False), second.stdout
    assert len(server.batches) == 2


@pytest.mark.parametrize("times", [2, 99])
def test_a_download_that_breaks_off_is_begun_again_and_never_believed(
    answers: Path, server: BatchServer, times: int
) -> None:
    """A few times by itself; then it is said, and the same command takes everything in later."""
    submit(answers, server)
    server.breaks_off = times
    collected = batch("collect", "b", "--no-grade", cwd=answers.parent)
    if times == 99:
        assert (collected.returncode, "The connection failed" in collected.stderr) == (2, True), collected.stderr
        server.breaks_off = 0
        collected = batch("collect", "b", "--no-grade", cwd=answers.parent)
    assert collected.returncode == 0, collected.stdout + collected.stderr
    assert "7 replies kept" in collected.stdout


def test_the_cost_of_a_batch_is_of_all_that_it_answered(answers: Path, server: BatchServer) -> None:
    """Also where a `collect` that was killed had kept the replies already."""
    submit(answers, server, "--no-trial")
    journal = answers.parent / "b" / "batches.jsonl"
    before = journal.read_bytes()
    cost = "completed: 8 requests, $0.0160"  # 8 replies of 1,000 tokens in and 100 out, at $1 and $10 a million
    assert cost in batch("collect", "b", "--no-grade", cwd=answers.parent).stdout
    journal.write_bytes(before)  # as it is where the kill came before the last line
    again = batch("collect", "b", "--no-grade", cwd=answers.parent).stdout
    assert (cost in again, "8 were in the ledger before" in again) == (True, True), again


def test_a_batch_that_answered_nothing_cost_nothing(answers: Path, server: BatchServer) -> None:
    """That is known without a reply to read it from."""
    server.ends_as = "failed"
    submit(answers, server)
    assert "failed: 7 requests, $0.0000" in batch("collect", "b", "--no-grade", cwd=answers.parent).stdout


def test_a_parameter_that_the_model_refuses_is_learned_from_the_trial(answers: Path, server: BatchServer) -> None:
    """One request asked at once saves a day: the others leave the parameter out."""
    server.refused = {"temperature", "max_tokens"}
    submit(answers, server)
    (path,) = (answers.parent / "b").glob("requests-*.jsonl")
    bodies = [json.loads(line)["body"] for line in path.read_text().splitlines()]
    assert all("temperature" not in body and body["max_completion_tokens"] == 3000 for body in bodies)
    assert batch("collect", "b", "--no-grade", cwd=answers.parent).returncode == 0


def test_a_refused_parameter_is_learned_from_the_batch_where_there_was_no_trial(
    answers: Path, server: BatchServer
) -> None:
    """The error file says which; asked again, the requests leave it out."""
    server.refused = {"temperature"}
    submit(answers, server, "--no-trial")
    collected = batch("collect", "b", "--no-grade", "--resubmit", cwd=answers.parent)
    assert "does not take: temperature" in collected.stdout
    assert batch("collect", "b", "--no-grade", cwd=answers.parent).returncode == 0
    assert len(server.asked) == ANSWERS


@pytest.mark.parametrize("moment", ["while the batch is created", "before the batch is created"])
def test_killed_while_submitting_nothing_is_asked_twice(answers: Path, server: BatchServer, moment: str) -> None:
    """kill -9: the batch that nobody heard of is found again; one that is not there is created once."""
    folder = answers.parent / "b"
    if moment == "while the batch is created":
        server.creates_and_hangs.set()
    arguments = ["batch", "submit", str(answers), *options(server), "--yes", "--out", "b", "--no-trial"]
    process = subprocess.Popen(
        [sys.executable, "-m", "evaluator", *arguments],
        cwd=answers.parent,
        env=os.environ | {"EVALUATOR_STORE": str(answers.parent / "store.sqlite3")},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    wanted = b'"creating"' if moment == "while the batch is created" else b'"prepared"'
    deadline = time.monotonic() + 60
    journal = folder / "batches.jsonl"
    while time.monotonic() < deadline and not (journal.exists() and wanted in journal.read_bytes()):
        time.sleep(0.005)
    while moment == "while the batch is created" and not server.batches and time.monotonic() < deadline:
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.wait(timeout=30)
    server.creates_and_hangs.clear()
    again = submit(answers, server, "--no-trial")
    assert again.returncode == 0, again.stderr
    assert batch("collect", "b", "--no-grade", cwd=answers.parent).returncode == 0
    assert len(server.batches) == 1
    assert len(server.asked) == len(set(server.asked)) == ANSWERS


def test_repairs_come_out_as_a_second_batch(answers: Path, server: BatchServer) -> None:
    """Quotes that are not in the answer are asked about once more, in the next batch; then grading pays nothing."""
    server.quote = "never said"
    submit(answers, server, "--no-trial")
    batch("collect", "b", "--no-grade", cwd=answers.parent)
    server.quote = "split by time"
    second = submit(answers, server, "--no-trial")
    assert "8 new requests" in second.stdout, second.stdout + second.stderr
    assert batch("collect", "b", "--no-grade", cwd=answers.parent).returncode == 0
    grades, paid = grades_now(answers, server)
    assert paid == 0.0
    assert all(each.verified for grade in grades for criterion in grade.criteria for each in criterion.evidence)
