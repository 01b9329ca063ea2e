"""Work that workers share: answers in chunks, and when what failed is worth another try."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from evaluator.core.answer import Answer
from evaluator.core.reply import FailureCode

Lane = Literal["webhook", "bulk"]
"""What somebody waits for now, and what may take its time. The first is never kept waiting by the second."""

CHUNK = 25
"""Answers in a chunk: docs/durable-work.md has what each size costs."""
MOST_TRIES = 5
"""Failures of one answer, each after a rater's own retries, until it is set aside for a person."""
MOST_DEATHS = 2
"""Workers that may end while they hold a chunk; from then on its answers are taken one by one."""
MOST_DEATHS_OVER_ONE = 3
"""Workers that may end over an answer that they graded alone, until it is set aside."""
SET_ASIDE = "set aside"
"""What the reason of an answer begins with that workers gave up, so that a person sees it."""

# The endpoint, the key or the store is at fault, not the answer: it waits for as long as that takes.
_NOT_THE_ANSWERS_FAULT: frozenset[FailureCode] = frozenset(
    {
        "wrong_key",
        "unknown_model",
        "server_stopped",
        "endpoint_down",
        "store_failed",
        "rate_limited",
        "connection",
        "budget_spent",
        "waits_for_batch",
    }
)
# Perhaps the answer's: so often is it tried. A reply that cannot be read is paid for, so only once more, later, in case
# that something between here and the model cut replies off.
_TRIES: dict[FailureCode, int] = {"timeout": MOST_TRIES, "server_error": MOST_TRIES, "invalid_reply": 2}

_FIRST_WAIT, _LONGEST_WAIT = 2.0, 300.0  # seconds
_REST = 20.0  # seconds


@dataclass(frozen=True, slots=True)
class WorkItem:
    """One answer to grade. `number` is its grade's number in the run: what is written twice is written once.

    `tries`: how often it failed before; `deaths`: how many workers ended while they graded it and nothing else.
    """

    number: int
    answer: Answer
    tries: int = 0
    deaths: int = 0


@dataclass(frozen=True, slots=True)
class WorkBatch:
    """Answers of one run that one worker grades together. `is_careful`: one by one, each noted before it is begun and
    graded beside nothing else, because workers ended while they held it.
    """

    id: str
    number: int
    run: int
    owner: str
    """The worker that has it."""
    items: tuple[WorkItem, ...]
    is_careful: bool = False
    made_at: str | None = None
    """When it was queued, in UTC."""


def is_worth_another_try(code: FailureCode, tries: int) -> bool:
    """Whether an answer that failed so, for the time after `tries` others, is to be graded again later."""
    return code in _NOT_THE_ANSWERS_FAULT or tries + 1 < _TRIES.get(code, 1)


def counts_as_try(code: FailureCode) -> bool:
    """Whether this failure is held against the answer."""
    return code not in _NOT_THE_ANSWERS_FAULT


def seconds_until_next(releases: int) -> float:
    """How long a batch rests that was handed back so many times in a row: 2 s, doubled each time, 5 minutes at most."""
    return float(min(_LONGEST_WAIT, _FIRST_WAIT * 2 ** min(releases, 10)))


def seconds_after_death(deaths: int) -> float:
    """How long an answer rests that so many workers ended over: 20 s, then 40 s. Whoever kills workers, or has them
    killed, does so to many within a minute: what was in their hands by chance is out of them meanwhile.
    """
    return _REST * 2.0 ** (deaths - 1)
