"""The mock server's files and batches, through the real openai client."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import openai
import pytest
from openai import OpenAI

from benchmarks.server_process import MockServer

ENDPOINT = "/v1/chat/completions"
Start = Callable[..., MockServer]


def line(custom_id: str, **changes: Any) -> dict[str, Any]:
    messages = [{"role": "user", "content": f"A{int(custom_id[1:]):07d} words of an answer"}]
    return {
        "custom_id": custom_id,
        "method": "POST",
        "url": ENDPOINT,
        "body": {"model": "mock", "messages": messages},
    } | (changes)


@contextmanager
def client(server: MockServer) -> Iterator[OpenAI]:
    with OpenAI(base_url=server.base_url, api_key="sk-test", max_retries=0) as asking:
        yield asking


def submitted(asking: OpenAI, lines: list[dict[str, Any]]) -> str:
    content = "".join(json.dumps(each) + "\n" for each in lines).encode()
    file = asking.files.create(file=("in.jsonl", content), purpose="batch")
    assert asking.files.content(file.id).content == content
    return asking.batches.create(input_file_id=file.id, endpoint=ENDPOINT, completion_window="24h").id


def content(asking: OpenAI, file_id: str | None) -> list[dict[str, Any]]:
    return [json.loads(text) for text in asking.files.content(file_id).text.splitlines()] if file_id else []


def test_a_batch_is_answered_in_another_order(start_server: Start) -> None:
    """Each line by its custom id, with a whole completion in it."""
    server = start_server()
    with client(server) as asking:
        batch = asking.batches.retrieve(submitted(asking, [line(f"q{n}") for n in range(40)]))
        output = content(asking, batch.output_file_id)
        listed = [each.id for each in asking.batches.list()]
    assert batch.status == "completed"
    assert batch.request_counts is not None
    assert (batch.request_counts.total, batch.request_counts.completed, batch.request_counts.failed) == (40, 40, 0)
    ids = [each["custom_id"] for each in output]
    assert sorted(ids) == sorted(f"q{n}" for n in range(40))
    assert ids != [f"q{n}" for n in range(40)]
    assert all(each["response"]["body"]["choices"][0]["message"]["content"] for each in output)
    assert batch.error_file_id is None
    assert batch.id in listed
    assert server.stats()["batch_requests"] == 40


def test_lines_fail_get_lost_are_cut_short_and_come_twice(start_server: Start) -> None:
    """Failed ones are in the error file; the others are what an importer has to stand."""
    server = start_server(
        batch_share_failed=0.2, batch_share_missing=0.2, batch_share_garbled=0.2, batch_share_duplicated=0.2
    )
    with client(server) as asking:
        batch = asking.batches.retrieve(submitted(asking, [line(f"q{n}") for n in range(100)]))
        errors = content(asking, batch.error_file_id)
        texts = asking.files.content(batch.output_file_id or "").text.splitlines()
    assert errors
    assert {each["response"]["status_code"] for each in errors} == {500}
    whole = [text for text in texts if text.endswith("}")]
    ids = [json.loads(text)["custom_id"] for text in whole]
    assert len(whole) < len(texts)
    assert len(set(ids)) < len(ids)
    assert len(set(ids)) + len(errors) < 100


def test_a_batch_that_expires_leaves_what_was_done(start_server: Start) -> None:
    """The rest is in the error file, by the code that says so."""
    server = start_server(batch_share_expired=0.3)
    with client(server) as asking:
        batch = asking.batches.retrieve(submitted(asking, [line(f"q{n}") for n in range(50)]))
        output, errors = content(asking, batch.output_file_id), content(asking, batch.error_file_id)
    assert batch.status == "expired"
    assert batch.expired_at
    assert {each["error"]["code"] for each in errors} == {"batch_expired"}
    assert len(output) + len(errors) == 50


def test_a_batch_takes_its_time_and_can_be_cancelled(start_server: Start) -> None:
    """What was done until then is kept."""
    server = start_server(batch_seconds=3600)
    with client(server) as asking:
        batch_id = submitted(asking, [line(f"q{n}") for n in range(10)])
        assert asking.batches.retrieve(batch_id).status in ("validating", "in_progress")
        assert asking.batches.cancel(batch_id).status == "cancelling"
        ended = asking.batches.retrieve(batch_id)
        errors = content(asking, ended.error_file_id)
    assert ended.status == "cancelled"
    assert len(errors) == 10


def test_a_batch_completes_by_itself_after_its_time(start_server: Start) -> None:
    """Asked again and again, as a client does."""
    server = start_server(batch_seconds=20)
    with client(server) as asking:
        wait_until(asking, submitted(asking, [line("q1")]), "in_progress")
        server.configure(batch_seconds=0.5)
        wait_until(asking, submitted(asking, [line("q1")]), "completed")


def wait_until(asking: OpenAI, batch_id: str, status: str) -> None:
    until = time.monotonic() + 60
    while asking.batches.retrieve(batch_id).status != status:
        assert time.monotonic() < until
        time.sleep(0.02)


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        ([line("q1"), line("q1")], "duplicate_custom_id"),
        ([line("q1", url="/v1/embeddings")], "mismatched_url"),
        ([{"custom_id": "q1"}], "invalid_json_line"),
        ([], "empty_file"),
    ],
    ids=["twice", "url", "incomplete", "empty"],
)
def test_an_input_file_with_a_mistake_fails_as_a_whole(start_server: Start, lines: list[Any], code: str) -> None:
    """With the line's number where a line is at fault."""
    with client(start_server()) as asking:
        batch = asking.batches.retrieve(submitted(asking, lines))
    assert batch.status == "failed"
    assert batch.errors is not None
    assert batch.errors.data is not None
    assert batch.errors.data[0].code == code
    assert batch.output_file_id is None


def test_what_is_not_there_is_said_to_be_absent(start_server: Start) -> None:
    """Files and batches, and a file that was deleted."""
    with client(start_server()) as asking:
        file = asking.files.create(file=("in.jsonl", b"{}\n"), purpose="batch")
        assert asking.files.delete(file.id).deleted
        for call in (
            lambda: asking.files.retrieve(file.id),
            lambda: asking.batches.retrieve("batch_1"),
            lambda: asking.batches.create(input_file_id="file-9", endpoint=ENDPOINT, completion_window="24h"),
        ):
            with pytest.raises(openai.NotFoundError):
                call()
