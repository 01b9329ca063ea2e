"""`evaluator batch` as tests give it: in this process, for two candidates' answers, against a real server."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from click.testing import CliRunner

from evaluator import Grade, GraderOptions, make_grader
from evaluator.cli import cli
from evaluator.core.price import Price
from evaluator.errors import EvaluatorError
from evaluator.files.tables.answer_table import open_answer_table
from evaluator.store.store import open_store
from tests.batch_server import BatchServer
from tests.cli.test_grade import QUESTIONS

ANSWERS = 8  # two candidates, four questions
TEXT = "I would split by time: train on 2022 and test on 2023, and refuse what is known only after the decision."


@pytest.fixture
def server() -> Iterator[BatchServer]:
    with BatchServer() as running:
        yield running


@pytest.fixture
def answers(tmp_path: Path) -> Path:
    rows = [
        {"Candidate ID": name} | {each: f"{TEXT} ({name}, {each})" for each in QUESTIONS[:4]} for name in ("1", "2")
    ]
    path = tmp_path / "answers.csv"
    pd.DataFrame(rows).to_csv(path, index=False)
    return path


def options(server: BatchServer) -> tuple[str, ...]:
    return ("--grader", "openai:m", "--prompt", "levels", "--base-url", server.address, "--price", "1,10")


@dataclass(frozen=True, slots=True)
class Done:
    """A command that has run."""

    returncode: int
    stdout: str
    stderr: str


def batch(*arguments: str | Path, cwd: Path, columns: int = 200) -> Done:
    """Runs the command in this process: starting one for each step would take most of the tests' time."""
    environment = {"EVALUATOR_STORE": str(cwd / "store.sqlite3"), "COLUMNS": str(columns)}
    without = dict.fromkeys(name for name in os.environ if name.startswith("OPENAI"))
    with contextlib.chdir(cwd):
        done = CliRunner().invoke(cli, ["batch", *map(str, arguments)], env=environment | without)
    if isinstance(done.exception, EvaluatorError):
        return Done(2, done.stdout, str(done.exception))
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return Done(done.exit_code, done.stdout, done.stderr)


def submit(answers: Path, server: BatchServer, *more: str) -> Done:
    return batch("submit", answers, *options(server), "--yes", "--out", "b", *more, cwd=answers.parent)


def grades_now(answers: Path, server: BatchServer, **more: Any) -> tuple[list[Grade], float]:
    """The same answers through the ordinary grader with the same store, and what was paid for it."""
    with open_store(str(answers.parent / "store.sqlite3")) as store:
        chosen = GraderOptions(
            prompt="levels", base_url=server.address, ledger=store.ledger(), price=Price(1.0, 10.0), **more
        )

        async def run() -> tuple[list[Grade], float]:
            async with make_grader("openai:m", options=chosen) as grader:
                table = open_answer_table(answers, grader.questionnaire.questions)
                outcomes = [each async for each in grader.outcomes(table)]
                return [each.grade for each in outcomes], sum(each.paid_usd or 0.0 for each in outcomes)

        return asyncio.run(run())
