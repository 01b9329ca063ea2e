"""The job of a client: what it is told on its command line, and the one line with which it reports.

Nothing but the standard library is imported here, for it runs in environments that are not ours.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Job:
    """Grade the first `count` answers of a file.

    `state` is a folder that a second run of the same job finds again; `resume` asks the package for its own
    way to go on, where it has one. `timeout` in seconds, None for what the package does by itself.
    """

    answers: Path
    workload_file: Path
    count: int
    concurrency: int
    base_url: str
    state: Path
    timeout: float | None
    resume: bool
    variant: str

    @cached_property
    def workload(self) -> dict[str, Any]:
        """Questions, system prompts, criteria and the reply's schema."""
        workload: dict[str, Any] = json.loads(self.workload_file.read_text(encoding="utf-8"))
        return workload

    def rows(self) -> Iterator[dict[str, str]]:
        """The answers, one after the other: `candidate_id`, `question_id`, `answer`."""
        with self.answers.open(encoding="utf-8") as file:
            yield from (json.loads(line) for line in islice(file, self.count))

    def messages(self, row: dict[str, str]) -> list[dict[str, str]]:
        """The messages that ask about an answer: everything constant first."""
        return [
            {"role": "system", "content": self.workload["system"][row["question_id"]]},
            {"role": "user", "content": f"<answer>\n{row['answer']}\n</answer>"},
        ]

    @property
    def response_format(self) -> dict[str, Any]:
        """A strict JSON schema, as chat completions takes it."""
        schema = {"name": "grade", "strict": True, "schema": self.workload["schema"]}
        return {"type": "json_schema", "json_schema": schema}


def read_job(arguments: list[str] | None = None) -> Job:
    """The job on the command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--answers", type=Path, required=True)
    parser.add_argument("--workload", type=Path, required=True)
    parser.add_argument("--count", type=int, required=True)
    parser.add_argument("--concurrency", type=int, required=True)
    parser.add_argument("--base-url", required=True)
    parser.add_argument("--state", type=Path, required=True)
    parser.add_argument("--timeout", type=float)
    parser.add_argument("--resume", action="store_true")
    parser.add_argument("--variant", default="")
    read = parser.parse_args(arguments)
    return Job(
        read.answers,
        read.workload,
        read.count,
        read.concurrency,
        read.base_url,
        read.state,
        read.timeout,
        read.resume,
        read.variant,
    )


@dataclass
class Report:
    """How the answers ended. Whatever is in none of the three counts is missing without a word.

    `graded`: with a grade. `failed`: the result says that it could not be graded. `wrong`: a failure that the
    result shows as a grade.
    """

    graded: int = 0
    failed: int = 0
    wrong: int = 0
    errors: Counter[str] = field(default_factory=Counter)

    def fail(self, error: object) -> None:
        """One more that could not be graded."""
        self.failed += 1
        self.errors[error if isinstance(error, str) else type(error).__name__] += 1

    def print(self) -> None:
        """As the last line of the standard output."""
        counts = {"graded": self.graded, "failed": self.failed, "wrong": self.wrong}
        print("\n" + json.dumps({**counts, "errors": dict(self.errors.most_common(8))}))
        sys.stdout.flush()


def report_of(results: Iterable[object]) -> Report:
    """The report of results of which the failed are exceptions or None."""
    report = Report()
    for result in results:
        if result is None or isinstance(result, BaseException):
            report.fail(result if result is not None else "None")
        else:
            report.graded += 1
    return report
