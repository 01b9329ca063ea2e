"""`evaluator batch export` and `import`: requests go out as files and replies come back, however they were saved."""

from __future__ import annotations

import gzip
import json
import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.batch_server import BatchServer
from tests.cli.batching import answers, batch, grades_now, options, server
from tests.cli.test_grade import evaluator

__all__ = ["answers", "server"]


def test_files_go_out_and_come_back_by_hand_without_a_network(answers: Path, server: BatchServer) -> None:
    """Exported, answered by something else, imported twice; a second export has nothing left to ask."""
    folder = answers.parent
    store = ("--store", "store.sqlite3")
    exported = batch("export", answers, *options(server), "--out", "out", *store, cwd=folder)
    assert exported.returncode == 0, exported.stderr
    assert "evaluator batch import OUTPUT… --requests out --store store.sqlite3" in exported.stdout
    assert (server.live_requests, server.batches) == (0, {})
    lines = [json.loads(line) for line in (folder / "out" / "requests-0001.jsonl").read_text().splitlines()]
    assert {line["url"] for line in lines} == {"/v1/chat/completions"}
    answered = [
        {"custom_id": each["custom_id"], "response": {"status_code": 200, "body": server.reply(each["body"])}}
        for each in lines
    ]
    written = "".join(json.dumps(each) + "\n" for each in [*answered[:5][::-1], {"custom_id": "f" * 64}, answered[0]])
    (folder / "some.jsonl").write_text(written + '{"custom_id": "half', encoding="utf-8")
    some = batch("import", "some.jsonl", "--requests", "out", cwd=folder)
    assert some.returncode == 3
    for said in ("5 replies kept", "1 stands there twice; the first counts (some.jsonl:7)", "3 requests have no reply"):
        assert said in some.stdout, some.stdout
    assert "1 answers no request of ours (some.jsonl:6)" in some.stdout
    assert "1 is no line of a batch's output (some.jsonl:8)" in some.stdout
    (folder / "rest.jsonl").write_text("".join(json.dumps(each) + "\n" for each in answered), encoding="utf-8")
    rest = batch("import", "rest.jsonl", "--requests", "out", cwd=folder)
    assert (rest.returncode, "5 were in the ledger before" in rest.stdout) == (0, True), rest.stdout
    assert ("Every request has its reply" in rest.stdout, "Every" in some.stdout) == (True, False)
    nothing = batch("export", answers, *options(server), "--out", "out2", cwd=folder)
    assert "Nothing to ask" in nothing.stdout
    assert f"Grade: evaluator grade {answers} --grader openai:m" in nothing.stdout
    assert grades_now(answers, server)[1] == 0.0


def exported(answers: Path, server: BatchServer) -> bytes:
    """The output file of a system that has answered everything that was exported into `out`."""
    batch("export", answers, *options(server), "--out", "out", cwd=answers.parent)
    requests = [json.loads(line) for line in (answers.parent / "out" / "requests-0001.jsonl").read_text().splitlines()]
    replies = [{"status_code": 200, "body": server.reply(each["body"])} for each in requests]
    lines = zip((each["custom_id"] for each in requests), replies, strict=True)
    return b"".join(json.dumps({"custom_id": name, "response": reply}).encode() + b"\n" for name, reply in lines)


def test_what_came_in_with_another_file_is_not_missing(answers: Path, server: BatchServer) -> None:
    """Two files, one after the other: after the second one nothing is."""
    lines = exported(answers, server).splitlines(keepends=True)
    for name, some in (("one", lines[:3]), ("two", lines[3:])):
        (answers.parent / name).write_bytes(b"".join(some))
    one = batch("import", "one", "--requests", "out", cwd=answers.parent)
    assert (one.returncode, "5 requests have no reply yet" in one.stdout) == (3, True), one.stdout
    two = batch("import", "two", "--requests", "out", cwd=answers.parent)
    assert (two.returncode, "no reply yet" in two.stdout) == (0, False), two.stdout


@pytest.mark.parametrize("how", ["with a byte order mark", "with CRLF", "from a pipe"])
def test_lines_are_read_however_they_were_saved(answers: Path, server: BatchServer, how: str) -> None:
    """No reply is lost to what an editor does to a file."""
    written = exported(answers, server)
    output = answers.parent / "output.jsonl"
    if how == "from a pipe":
        os.mkfifo(output)
        threading.Thread(target=output.write_bytes, args=(written,), daemon=True).start()
    else:
        output.write_bytes(b"\xef\xbb\xbf" + written if "mark" in how else written.replace(b"\n", b"\r\n"))
    done = batch("import", output, "--requests", "out", cwd=answers.parent)
    assert (done.returncode, "8 replies kept" in done.stdout) == (0, True), done.stdout + done.stderr


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (gzip.compress, "is compressed by gzip"),
        (lambda written: written.decode().encode("utf-16"), "is UTF-16"),
        (lambda written: b"[" + b",\n".join(written.splitlines()) + b"]", "is a JSON list"),
    ],
    ids=["gzip", "UTF-16", "a list"],
)
def test_a_file_that_holds_no_lines_is_refused_before_anything_is_taken_in(
    answers: Path, server: BatchServer, made: Callable[[bytes], bytes], said: str
) -> None:
    """It says what it is; nothing of the files beside it is half in."""
    written = exported(answers, server)
    (answers.parent / "good.jsonl").write_bytes(written)
    (answers.parent / "bad").write_bytes(made(written))
    refused = batch("import", "good.jsonl", "bad", cwd=answers.parent)
    assert (refused.returncode, f"bad {said}" in refused.stderr) == (2, True), refused.stdout + refused.stderr
    assert "8 replies kept" in batch("import", "good.jsonl", cwd=answers.parent).stdout


def test_a_file_of_requests_is_told_from_one_of_replies(answers: Path, server: BatchServer) -> None:
    """The two lie beside each other, and are easily taken for one another."""
    exported(answers, server)
    done = batch("import", "out/requests-0001.jsonl", "--requests", "out", cwd=answers.parent)
    assert (done.returncode, "8 are requests, and no replies to them" in done.stdout) == (3, True), done.stdout


@pytest.mark.parametrize(
    ("more", "requests"),
    [(("--samples", "3"), 24), (("--calls", "per-criterion"), 32), (("--limit", "3"), 3), (("--max-cost", "0.01"), 2)],
    ids=str,
)
def test_everything_that_grading_asks_is_exported(
    answers: Path, server: BatchServer, more: tuple[str, ...], requests: int
) -> None:
    """Samples, calls for single criteria and red flags; no more than --max-cost lasts for."""
    done = batch("export", answers, *options(server), *more, "--out", "out", cwd=answers.parent)
    assert done.returncode == (5 if "--max-cost" in more else 0), done.stderr
    ids = [json.loads(line)["custom_id"] for line in (answers.parent / "out" / "requests-0001.jsonl").open()]
    assert len(ids) == len(set(ids)) == requests


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("export", "answers.csv", "--grader", "local", "--out", "o"), "cannot wait for a batch"),
        (("submit", "answers.csv", "--grader", "openai:m", "--yes"), "OPENAI_API_KEY"),
        (
            ("submit", "answers.csv", "--grader", "openai:m", "--base-url", "http://127.0.0.1:9/v1", "--yes"),
            "No server",
        ),
        (("status", "nowhere"), "holds no batches"),
        (("collect", "nowhere"), "holds no batches"),
        (("import", "nowhere.jsonl"), "cannot be read"),
        (("import", "."), "is a folder"),
        (("import", "answers.csv", "--requests", "nowhere"), "holds no requests"),
    ],
)
def test_a_mistake_is_said_plainly(answers: Path, arguments: tuple[str, ...], said: str) -> None:
    """Exit code 2 and what was wrong."""
    done = batch(*arguments, cwd=answers.parent)
    assert done.returncode == 2, done.stdout + done.stderr
    assert said in done.stderr


def test_a_real_process_exports_without_a_key_and_without_a_network(answers: Path) -> None:
    """As a user runs it: for OpenAI itself, at its known price, with nothing in the environment."""
    done = evaluator(
        *("batch", "export", answers, "--grader", "openai:gpt-6-luna", "--out", "out"),
        cwd=answers.parent,
        EVALUATOR_STORE=str(answers.parent / "store.sqlite3"),
    )
    assert done.returncode == 0, done.stderr
    assert "8 requests to gpt-6-luna" in done.stdout
    assert max(map(len, done.stdout.splitlines()[:-1])) <= 80
