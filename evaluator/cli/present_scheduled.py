"""What is done by the clock, in lines for people: the last time and what came of it, and the next."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from datetime import datetime

from evaluator.cli.terminal import visible
from evaluator.store.schedule_shelf import JobStatus

_SAID = {"done": "", "alarm": "LOOK: ", "failed": "FAILED: "}
_WIDTH = 66


def scheduled_lines(jobs: Sequence[JobStatus], now: datetime) -> Iterator[str]:
    """Lines of `evaluator status`; none where nothing was ever scheduled. `now`, as all times here, is in UTC."""
    if not jobs:
        return
    yield ""
    yield "By the clock (UTC)"
    for each in jobs:
        yield f"  {each.name:10} {_next(each, now)}"
        if each.last is None:
            yield "             has not been done yet"
            continue
        at = each.last.ended_at or each.last.due_at
        said = f"last {_at(at)}  {_SAID.get(each.last.state, '')}{visible(each.last.said or '')}"
        yield from textwrap.wrap(said, _WIDTH, initial_indent=" " * 13, subsequent_indent=" " * 15)


def _next(status: JobStatus, now: datetime) -> str:
    if status.now is not None:
        return "under way" if status.now.state == "running" else "due, and waits for a worker"
    if status.job is None:
        return "off"
    if datetime.fromisoformat(status.job.next_at) < now:
        return f"was due {_at(status.job.next_at)}; a worker that starts makes up for it"
    return f"next {_at(status.job.next_at)}"


def _at(moment: str) -> str:
    return moment[:16].replace("T", " ")
