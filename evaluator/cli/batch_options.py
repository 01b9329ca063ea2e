"""The options of `evaluator grade` that decide what is asked, for the commands that ask it of a batch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evaluator.cli.grade import command as grade_command
from evaluator.cli.grade import mapping_of
from evaluator.cli.price import price_of
from evaluator.cli.run_options import as_typed
from evaluator.core.budget import Budget
from evaluator.core.job_record import JobRecord
from evaluator.core.ledger import Ledger
from evaluator.files.file_hash import sha256_of
from evaluator.files.tables.answer_table import AnswerTable, open_answer_table
from evaluator.graders.request_sink import RequestSink
from evaluator.run.grader import Grader
from evaluator.run.resumption import changes_since
from evaluator.settings import Settings
from evaluator.wiring import make_plain_grader
from evaluator.wiring_options import GraderOptions

_TAKEN = (
    "table", "questionnaire", "grader", "prompt", "calls", "samples", "base_url", "price", "max_cost", "timeout",
    "rubrics", "prompts", "mapping", "sheet", "duplicates", "redact", "spotlight", "control_reading",
    "control_below_bar", "limit",
    "quiet",
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
    grader = _grader(given, settings, ledger=ledger, sink=sink, trial=trial)
    table = open_answer_table(
        given["table"],
        grader.questionnaire.questions,
        mapping=mapping_of(given["mapping"]),
        sheet=given["sheet"],
        duplicates=given["duplicates"],
    )
    return BatchJob(given["table"], grader, table, given["limit"])


async def changes_in_job(then: JobRecord, given: Mapping[str, Any], settings: Settings) -> tuple[str, ...]:
    """What these options would ask otherwise than was asked then; in words. Raises InputError and SetupError."""
    source: Path = given["table"]
    async with _grader(given, settings) as grader:
        return changes_since(then, grader, source.name, sha256_of(source)) if source.is_file() else ()


def _grader(given: Mapping[str, Any], settings: Settings, **more: Any) -> Grader:
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
        redact=given["redact"],
        spotlight=given["spotlight"],
        control=given["control_reading"],
        control_below_bar=given["control_below_bar"],
        **more,
    )
    return make_plain_grader(given["grader"], given["questionnaire"], options)


def grade_with(given: Mapping[str, Any], base_url: str | None, store: str | None) -> str:
    """The command that grades the same answers in the same way, in the folder where this one was given."""
    values = {name: value for name, value in given.items() if name != "quiet"}
    return as_typed(grade_command, {**values, "base_url": base_url}, *(["--store", store] if store else []))


_AT_ONCE = 64  # answers; the ledger looks up together what is asked together
