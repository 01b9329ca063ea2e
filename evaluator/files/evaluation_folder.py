"""The folder that an evaluation's results go into: never one that holds another evaluation."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from evaluator.errors import OutputError

EVALUATION, REPORT = "eval.json", "report.html"


@contextmanager
def new_evaluation_folder(wanted: Path | None, name: str) -> Iterator[Path]:
    """A folder for one evaluation, made where it is not there; without a wish `<name>-eval` in the current folder.

    It is made before anything is paid for, and goes again where nothing was written into it: an evaluation that is
    refused leaves nothing behind. Raises OutputError where an evaluation stands in it already, or it cannot be made.
    """
    path = wanted or _free_name(name)
    if (path / EVALUATION).exists():
        hint = "Choose another place with --out; nothing is overwritten."
        raise OutputError(f"{path} holds another evaluation.", hint=hint)
    made = [each for each in (path, *path.parents) if not each.exists()]
    try:
        path.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        raise OutputError(f"{path} is a file, not a folder.", hint="Choose another place with --out.") from None
    except OSError as error:
        raise OutputError(f"The folder {path} cannot be made: {error.strerror}.") from error
    try:
        yield path
    finally:
        for each in made:
            if not each.is_dir() or any(each.iterdir()):
                break
            each.rmdir()


def _free_name(name: str) -> Path:
    for number in count(1):
        path = Path(f"{name}-eval" + (f"-{number}" if number > 1 else ""))
        if not path.exists():
            return path
    raise AssertionError("unreachable: count() does not end")
