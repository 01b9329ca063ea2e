"""The event loop of a command: uvloop's where it is installed, which does the same with less work a request."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from evaluator.cli.garbage import keep_what_is_there

T = TypeVar("T")


def run_to_the_end(work: Coroutine[Any, Any, T]) -> T:
    """Runs `work` as `asyncio.run` does."""
    keep_what_is_there()
    try:
        from uvloop import new_event_loop
    except ImportError:  # not on Windows
        return asyncio.run(work)
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        return runner.run(work)
