"""Batch output in any order and state: each line counted once, every usable reply kept, nothing overwritten."""

from __future__ import annotations

import asyncio
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluator.errors import TableError
from evaluator.files.request_files import RequestFiles, read_requests, requested_in, whole_id
from evaluator.graders.batch_line import Answered, NotAnswered, read_output_line, request_line
from evaluator.run.batch_import import ImportReport, import_output
from tests.conftest import completion
from tests.graders.test_ledger import DictLedger


def name_of(number: int) -> str:
    return hashlib.sha256(bytes([number])).hexdigest()


IDS = [name_of(number) for number in range(12)]


def line(name: str, reply: object = None, **changes: Any) -> bytes:
    body = completion({"criteria": {}} if reply is None else reply, **changes)
    return json.dumps({"custom_id": name, "response": {"status_code": 200, "body": body}, "error": None}).encode()


def error(name: str, code: str) -> bytes:
    return json.dumps({"custom_id": name, "response": None, "error": {"code": code, "message": "no"}}).encode()


def imported(tmp: Path, lines: list[bytes], ledger: DictLedger, asked: list[str] | None = IDS) -> ImportReport:
    path = tmp / "output.jsonl"
    path.write_bytes(b"\n".join(lines))
    requested = None if asked is None else {whole_id(name) for name in asked}
    return asyncio.run(import_output(ledger, [path], requested))


lines_of_a_batch = st.lists(
    st.one_of(
        st.sampled_from(IDS).map(line),
        st.sampled_from(IDS).map(lambda name: error(name, "batch_expired")),
        st.sampled_from(IDS).map(lambda name: line(name, "not JSON")),
        st.sampled_from(IDS).map(lambda name: line(name, finish_reason="length")),
        st.tuples(st.sampled_from(IDS), st.integers(1, 200)).map(lambda cut: line(cut[0])[: cut[1]]),
        st.just(line("e" * 64)),
        st.just(line("somebody else's")),
        st.binary(max_size=40).map(lambda noise: noise.replace(b"\n", b"").replace(b"\r", b"")),
        st.sampled_from([b"null", b"[]", b"{}", b'{"custom_id": 5}', b"\xff\xfe", b"[" * 5000]),
    ),
    max_size=40,
)


@given(lines_of_a_batch, st.randoms())
def test_every_line_is_counted_once_and_every_answered_request_is_kept(
    tmp_path_factory: pytest.TempPathFactory, lines: list[bytes], random: Any
) -> None:
    """Shuffled, doubled, cut short, foreign: the sum of all kinds is the number of lines, in any order alike."""
    tmp = tmp_path_factory.mktemp("batch")
    usable = {found.fingerprint for each in lines if isinstance(found := read_output_line(each), Answered)} & set(IDS)
    shuffled = list(lines)
    random.shuffle(shuffled)
    ledgers = DictLedger(), DictLedger()
    reports = imported(tmp, lines, ledgers[0]), imported(tmp, shuffled, ledgers[1])
    for report, ledger in zip(reports, ledgers, strict=True):
        assert sum(report.counts.values()) == sum(1 for each in lines if each.strip())
        assert set(ledger.kept) == usable
        assert report.kept == len(usable)
        assert report.missing == len(IDS) - len(usable)
    assert reports[0].counts == reports[1].counts


def test_what_the_ledger_holds_is_not_overwritten(tmp_path: Path) -> None:
    """A reply that was paid for stays; the same file again changes nothing."""
    ledger = DictLedger()
    imported(tmp_path, [line(IDS[0], {"criteria": {"a": 1}})], ledger)
    before = dict(ledger.kept)
    report = imported(tmp_path, [line(IDS[0], {"criteria": {"a": 2}})], ledger)
    assert ledger.kept == before
    assert report.counts == {"known": 1}


def test_a_kept_reply_was_answered_by_a_batch(tmp_path: Path) -> None:
    """So that it costs what a batch costs, whenever it is used."""
    ledger = DictLedger()
    imported(tmp_path, [line(IDS[0])], ledger, asked=None)
    usage = ledger.kept[IDS[0]].usage
    assert usage.batched is not None
    assert (usage.batched.input_tokens, usage.live.input_tokens) == (1000, 0)


def test_a_reply_that_cannot_be_used_was_billed(tmp_path: Path) -> None:
    """One that was cut off, declined or is no JSON is in what the batch took; one that stands there twice is not."""
    lines = [line(IDS[0]), line(IDS[0]), line(IDS[1], finish_reason="length"), line(IDS[2], "no"), error(IDS[3], "x")]
    report = imported(tmp_path, lines, DictLedger())
    assert sum(usage.input_tokens or 0 for usage in report.usage.values()) == 3 * 1000


@pytest.mark.parametrize(
    ("written", "kind", "code"),
    [
        (error(IDS[0], "batch_expired"), "failed", "batch_expired"),
        (
            json.dumps({"custom_id": IDS[0], "response": {"status_code": 429, "body": "slow down"}}).encode(),
            "failed",
            "HTTP 429",
        ),
        (line(IDS[0], message={"refusal": "no"}), "refused", None),
        (line(IDS[0], finish_reason="length"), "cut_off", None),
        (line(IDS[0], "[1]"), "not_json", None),
        (json.dumps({"custom_id": IDS[0], "response": {"status_code": 200, "body": {}}}).encode(), "malformed", None),
        (b'{"custom_id": "x', "malformed", None),
        (line("x"), "unknown", None),
    ],
)
def test_a_line_without_a_usable_reply_says_what_it_is(written: bytes, kind: str, code: str | None) -> None:
    """What cannot be kept has a name."""
    found = read_output_line(written)
    assert isinstance(found, NotAnswered)
    assert (found.kind, found.code) == (kind, code)


@given(st.integers(1, 40), st.integers(1, 7), st.integers(60, 2000))
def test_requests_are_spread_over_files_within_the_limits(
    tmp_path_factory: pytest.TempPathFactory, count: int, most: int, most_bytes: int
) -> None:
    """No file has more requests or bytes than allowed, or two models; none is lost, none stands twice."""
    folder = tmp_path_factory.mktemp("requests")
    with RequestFiles(folder, request_line, most_requests=most, most_bytes=most_bytes) as files:
        for number in [*range(count), *range(count)]:
            files.add(name_of(number), f"model-{number % 2}", {"messages": ["x" * number]})
    names = []
    for file in files.written:
        requests = list(read_requests(file.path))
        names += [name for name, _ in requests]
        assert len(requests) == file.requests <= most
        assert file.path.stat().st_size <= most_bytes or len(requests) == 1
        assert {len(body["messages"][0]) % 2 for _, body in requests} == {int(file.model[-1])}
    assert sorted(names) == sorted(map(name_of, range(count)))
    assert len(requested_in(folder)) == count


def test_a_failed_export_leaves_nothing_behind(tmp_path: Path) -> None:
    """No half a file that could be sent."""

    def break_off() -> None:
        with RequestFiles(tmp_path, request_line) as files:
            files.add(IDS[0], "m", {})
            raise TableError("the table cannot be read any further")

    with pytest.raises(TableError):
        break_off()
    assert list(tmp_path.iterdir()) == []
