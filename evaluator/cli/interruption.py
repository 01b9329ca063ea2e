"""Ctrl-C while the results of a run are written, when every grade is on disk already."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager

from evaluator.cli.terminal import Terminal, visible


@contextmanager
def writing_may_be_stopped(terminal: Terminal, run_id: str, goes_on_with: str) -> Iterator[None]:
    """Inside, Ctrl-C, or a service manager's SIGTERM, says what is kept and how to go on; the second one ends the
    process at once, for nothing can be lost any more.
    """
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    except (KeyboardInterrupt, asyncio.CancelledError):
        for each in (signal.SIGINT, signal.SIGTERM):
            signal.signal(each, signal.SIG_DFL)
        terminal.warn("Stopped while the results were being written; every grade is kept.")
        terminal.warn(f"The same command goes on with run {visible(run_id)} and writes them; so does:")
        terminal.warn(f"  {visible(goes_on_with)}", whole=True)
        raise
    finally:
        if signal.getsignal(signal.SIGTERM) is signal.default_int_handler:
            signal.signal(signal.SIGTERM, before)
