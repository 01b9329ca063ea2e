"""The event loop of a command: uvloop's where it is installed, which does the same with less work a request."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

_YOUNG, _MIDDLE, _OLD = 20_000, 20, 50
"""When rubbish is looked for: a few megabytes of it are made before. The usual 700 objects are an answer or two."""


def run_to_the_end(work: Coroutine[Any, Any, T]) -> T:
    """Runs `work` as `asyncio.run` does."""
    _look_for_rubbish_seldom()
    try:
        from uvloop import new_event_loop
    except ImportError:  # not on Windows
        return asyncio.run(work)
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        return runner.run(work)


def _look_for_rubbish_seldom() -> None:
    """A quarter of a run's work was Python's search for cycles, most of it among modules that stay to the end."""
    gc.freeze()
    gc.set_threshold(_YOUNG, _MIDDLE, _OLD)
