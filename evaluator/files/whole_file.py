"""A file that appears whole or not at all: an interrupted run never leaves half a report where a whole one was."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from evaluator.errors import OutputError


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """A place beside `path` to write to; it takes the place of `path` when the block ends well.

    What stands at `path` is replaced, never written through: where somebody put a link there, or at the place beside
    it, what it points to stays as it is. Raises OutputError where it cannot be written or put in place.
    """
    partial = path.with_name(f".{path.name}.partial")
    try:
        try:
            partial.unlink(missing_ok=True)
            yield partial
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)
    except OSError as error:
        raise cannot_write(path, error) from error


def cannot_write(path: Path, error: Exception) -> OutputError:
    """The error for a file that cannot be written."""
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return OutputError(
        f"{path}: cannot be written ({reason})",
        hint="Close it if another program has it open, and give a folder that exists, may be written to and has room.",
    )
