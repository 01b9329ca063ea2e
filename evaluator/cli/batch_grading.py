"""After the last reply of a batch: what has changed since it was submitted, and grading with what it brought."""

from __future__ import annotations

import asyncio
import contextlib
import shlex
from collections.abc import Sequence
from pathlib import Path

from evaluator.cli.batch_options import changes_in_job
from evaluator.cli.grade import command as grade_command
from evaluator.errors import UsageError
from evaluator.files.batch_folder import Asked
from evaluator.settings import Settings


def grade_line(asked: Asked, store: str | None) -> str:
    """The line that grades with what the batches brought, from where one is. `store`: which --store it is in, None for
    the one that needs no naming.
    """
    words = _without_store(asked)
    line = shlex.join(["evaluator", "grade", *words, *(["--store", store] if store else [])])
    return line if Path(asked.given_in) == Path.cwd() else f"cd {shlex.quote(asked.given_in)} && {line}"


def changes_since_submitted(asked: Asked, settings: Settings) -> tuple[str, ...]:
    """What `grade_collected` would ask otherwise than the batches were asked; in words.

    Raises UsageError where the folder is gone in which they were submitted, InputError and SetupError.
    """
    with _where_given(asked):
        if asked.job is None:
            return ()
        given = grade_command.make_context("evaluator grade", _without_store(asked)).params
        return asyncio.run(changes_in_job(asked.job, given, settings))


def cap_of(asked: Asked) -> float | None:
    """What --max-cost allows for batches and grading together; None where there is no cap."""
    words = _without_store(asked)
    return float(words[words.index("--max-cost") + 1]) if "--max-cost" in words else None


def grade_collected(asked: Asked, more: Sequence[str]) -> None:
    """Grades as it was said when the batches were submitted, from where it was said. Ends the process."""
    with _where_given(asked):
        grade_command.main(args=[*_without_store(asked), *more], prog_name="evaluator grade")


def _without_store(asked: Asked) -> list[str]:
    """What `evaluator grade` is given; replies are in the store of `collect`, whatever that of `submit` was."""
    words = shlex.split(asked.grade_with)[2:]
    return words[:-2] if words[-2:-1] == ["--store"] else words


def _where_given(asked: Asked) -> contextlib.AbstractContextManager[None]:
    if not Path(asked.given_in).is_dir():
        raise UsageError(
            f"The batches were submitted in {asked.given_in}, which is not there any more. All replies are kept.",
            hint=f"Where the input is now: {asked.grade_with}",
        )
    return contextlib.chdir(asked.given_in)
