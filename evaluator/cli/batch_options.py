"""The options of `evaluator grade` that decide what is asked, for the commands that ask it of a batch."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from evaluator.cli.grade import command as grade_command
from evaluator.cli.grade import mapping_of
from evaluator.cli.price import price_of
from evaluator.core.budget import Budget
from evaluator.core.ledger import Ledger
from evaluator.files.tables.answer_table import AnswerTable, open_answer_table
from evaluator.graders.request_sink import RequestSink
from evaluator.run.grader import Grader
from evaluator.settings import Settings
from evaluator.wiring import GraderOptions, make_plain_grader

_TAKEN = (
    "table", "questionnaire", "grader", "prompt", "calls", "samples", "base_url", "price", "max_cost", "timeout",
    "rubrics", "prompts", "mapping", "sheet", "duplicates", "limit", "quiet",
)  # fmt: skip


def as_for_grade(function: Callable[..., Any]) -> Callable[..., Any]:
    """Gives a command INPUT and the options of `evaluator grade` that decide what is asked."""
    params = [param for param in grade_command.params if param.name in _TAKEN]
    function.__click_params__ = [*getattr(function, "__click_params__", []), *reversed(params)]  # type: ignore[attr-defined]
    return function


@dataclass(frozen=True, slots=True)
class BatchJob:
    """A table and the grader that collects its requests."""

    source: Path
    grader: Grader
    table: AnswerTable
    limit: int | None

    @property
    def count(self) -> int:
        """Answers."""
        return min(self.table.count, self.limit or self.table.count)


def batch_job(
    given: Mapping[str, Any], settings: Settings, ledger: Ledger, sink: RequestSink, *, trial: bool
) -> BatchJob:
    """The job that these options describe. Raises InputError and SetupError as `evaluator grade` does."""
    options = GraderOptions(
        prompt=given["prompt"],
        calls=given["calls"],
        samples=given["samples"],
        base_url=given["base_url"] or settings.base_url,
        api_key=settings.api_key,
        timeout=given["timeout"],
        concurrency=_AT_ONCE,
        price=price_of(given["price"]),
        budget=Budget(given["max_cost"]) if given["max_cost"] else None,
        cache=settings.cache,
        rubrics=given["rubrics"],
        prompts=given["prompts"],
        ledger=ledger,
        sink=sink,
        trial=trial,
    )
    grader = make_plain_grader(given["grader"], given["questionnaire"], options)
    table = open_answer_table(
        given["table"],
        grader.questionnaire.questions,
        mapping=mapping_of(given["mapping"]),
        sheet=given["sheet"],
        duplicates=given["duplicates"],
    )
    return BatchJob(given["table"], grader, table, given["limit"])


def grade_with(given: Mapping[str, Any], store: str | None) -> str:
    """The command that grades the same answers in the same way."""
    words = ["evaluator", "grade", str(given["table"])]
    for param in grade_command.params:
        name = param.name or ""
        value = given.get(name)
        if (
            not isinstance(param, click.Option)
            or name == "quiet"
            or value is None
            or value == param.get_default(_EMPTY)
        ):
            continue
        for each in value if isinstance(value, tuple) else (value,):
            words += [param.opts[0], str(each)]
    if store:
        words += ["--store", store]
    return shlex.join(words)


_AT_ONCE = 64  # answers; the ledger looks up together what is asked together
_EMPTY = click.Context(grade_command)
