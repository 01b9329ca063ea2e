"""A lock on a folder, so that two processes do not write one run: the system lets go of it when a process dies."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from evaluator.errors import OutputError


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Holds the folder. Raises OutputError where another process does."""
    if sys.platform == "win32":  # folders cannot be locked there
        yield
        return
    import fcntl  # here: Windows has none

    handle = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise OutputError(
                f"Another process writes to {folder} now.", hint="Wait for it, or choose another place with --out."
            ) from None
        yield
    finally:
        os.close(handle)
