"""Control readings on the command line: what they cost, where money ends before them, in batches, leaving them out."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.batch_server import BatchServer
from tests.cli.batching import batch
from tests.cli.grading_command import evaluator, grades_in, write_table
from tests.conftest import completion
from tests.model_server import ModelServer


class GoodAnswers(ModelServer):
    """Gives every answer the highest levels, and sees what is not there."""

    finds_it = True

    async def _reply(self, asked: dict[str, Any]) -> dict[str, Any]:
        await super()._reply(asked)
        return completion(
            _said(asked, self.finds_it), usage={"prompt_tokens": 3000, "completion_tokens": 300, "total_tokens": 3300}
        )


class PoorAnswers(GoodAnswers):
    """The same, but finds nothing in any answer."""

    finds_it = False


class GoodAnswersInBatches(BatchServer):
    """The same, at once and in batches."""

    def reply(self, body: dict[str, Any]) -> dict[str, Any]:
        return completion(_said(body, True))


def _said(body: dict[str, Any], finds_it: bool) -> dict[str, Any]:
    """Every criterion as the schema has it: a level, or checks."""
    asked = body["response_format"]["json_schema"]["schema"]["properties"]["criteria"]["properties"]
    is_met = finds_it and "named_value" not in asked
    quotes = ["split by time"] if is_met else []
    level = {"evidence": quotes, "missing": "", "rationale": "", "level": 4 if is_met else 0}
    said = {}
    for name, schema in asked.items():
        checks = schema["properties"].get("checks", {}).get("properties")
        met = {each: is_met and each != "proposes_leak" for each in checks or ()}
        judged = {each: {"evidence": quotes if met[each] else [], "met": met[each]} for each in met}
        said[name] = {"checks": judged, "missing": ""} if checks else level
    return {"criteria": said, "red_flags": []}


@pytest.fixture
def server() -> Iterator[GoodAnswers]:
    with GoodAnswers() as running:
        yield running


def grading(table: Path, server: ModelServer, *more: str) -> tuple[str | Path, ...]:
    priced = ("--base-url", server.address, "--price", "1,10", "--yes")
    return ("grade", table, "--grader", "openai:m", "--prompt", "levels", *priced, *more)


def control_flags(grade: dict[str, Any]) -> list[str]:
    return [each["severity"] for each in grade["flags"] if "control reading" in each["detail"]]


def test_each_answer_that_meets_the_bar_is_asked_about_once_more(tmp_path: Path, server: GoodAnswers) -> None:
    """By default, and the manifest says so; --no-control-reading asks no more, and is told as a change."""
    table = write_table(tmp_path / "a.csv", 1)
    assert evaluator(*grading(table, server), cwd=tmp_path).returncode == 0
    assert set(server.asked.values()) == {2}
    assert {each["provenance"]["control_reading"] for each in grades_in(tmp_path / "a-grades")} == {"passed"}
    assert json.loads((tmp_path / "a-grades" / "run.json").read_text(encoding="utf-8"))["control_reading"] is True
    without = evaluator(*grading(table, server, "--no-control-reading", "--out", "b"), cwd=tmp_path)
    assert without.returncode == 0, without.stderr
    assert set(server.asked.values()) == {2}
    assert not any("control_reading" in each["provenance"] for each in grades_in(tmp_path / "b"))
    changed = evaluator(*grading(table, server, "--out", "b", "--resume"), cwd=tmp_path)
    assert "control reading: off → on" in " ".join(changed.stdout.split()), changed.stdout + changed.stderr


def test_the_estimate_counts_it_for_one_answer_in_five(tmp_path: Path, server: GoodAnswers) -> None:
    """More is announced than without it."""
    table = write_table(tmp_path / "a.csv", 1)
    said = {}
    for name, more in (("with", ()), ("without", ("--no-control-reading",))):
        dear = ("--price", "1000,10000", "--out", name, "--no-store")
        done = evaluator(*grading(table, server, *dear, *more), cwd=tmp_path)
        said[name] = float(" ".join(done.stdout.split()).partition("out, about $")[2].split()[0].rstrip(".,"))
    assert 1.02 * said["without"] < said["with"] < 1.25 * said["without"]


@pytest.mark.parametrize("store", ["store", "no store"])
def test_money_that_ends_before_it_loses_no_grade(tmp_path: Path, server: GoodAnswers, store: str) -> None:
    """The grade stands and a person is sent to it; with more money only what was not asked is paid for. Without a store
    the grade would have to be paid for again, so the person stays."""
    table = write_table(tmp_path / "a.csv", 1, ["degradation"])
    arguments = grading(table, server, *(["--no-store"] if store == "no store" else []), "--max-cost")
    short = evaluator(*arguments, "0.0055", cwd=tmp_path)
    assert short.returncode == 5, short.stdout + short.stderr
    (grade,) = grades_in(tmp_path / "a-grades")
    assert (grade["status"], grade["band"], server.asked.total()) == ("graded", "meets_bar", 1)
    assert (grade["provenance"]["control_reading"], control_flags(grade)) == ("waits", ["review"])
    more = evaluator(*arguments, "1", cwd=tmp_path)
    assert more.returncode == 0, more.stdout + more.stderr
    (grade,) = grades_in(tmp_path / "a-grades")
    if store == "store":
        assert (grade["provenance"]["control_reading"], control_flags(grade)) == ("passed", [])
        assert server.asked.total() == 2
        usage = json.loads((tmp_path / "a-grades" / "run.json").read_text(encoding="utf-8"))["usage"]
        assert usage["paid_usd"] == pytest.approx(0.012)
    else:
        assert (grade["provenance"]["control_reading"], control_flags(grade)) == ("waits", ["review"])
        assert server.asked.total() == 1


def test_in_batches_it_is_a_second_round(tmp_path: Path) -> None:
    """Who meets the bar is known when grades are in: submitting again asks for the rest at a batch's price."""
    table = tmp_path / "a.csv"
    text = "I would split by time: train on 2022 and test on 2023, as in case number 1."
    pd.DataFrame([{"Candidate ID": "1", "degradation": text, "fraud_framing": text}]).to_csv(table, index=False)
    with GoodAnswersInBatches() as server:
        options = ("--grader", "openai:m", "--prompt", "levels", "--base-url", server.address, "--price", "1,10")
        submit = ("submit", table, *options, "--yes", "--no-trial", "--out", "b")
        for asked in (2, 4):
            done = batch(*submit, cwd=tmp_path)
            assert done.returncode == 0, done.stdout + done.stderr
            assert batch("collect", "b", "--no-grade", cwd=tmp_path).returncode == 0
            assert len(server.asked) == len(set(server.asked)) == asked
        assert batch("collect", "b", "--yes", cwd=tmp_path).returncode == 0
        assert server.live_requests == 0
    grades = grades_in(tmp_path / "a-grades")
    assert [each["provenance"]["control_reading"] for each in grades] == ["passed", "passed"]
