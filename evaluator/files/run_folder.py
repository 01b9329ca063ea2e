"""The folder that a run's results go into: never one that holds another run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from evaluator.errors import OutputError
from evaluator.files.grades_file import GradesFile


@dataclass(frozen=True, slots=True)
class RunFolder:
    """Where each result goes, and the grades file, open for writing."""

    path: Path
    grades: GradesFile

    def file(self, name: str) -> Path:
        """Where the result of this name goes."""
        return self.path / name


@contextmanager
def new_run_folder(wanted: Path | None, source: Path) -> Iterator[RunFolder]:
    """A folder for one run, made where it is not there. Raises OutputError where results stand in it already.

    Without a wish it is `<name>-grades` in the current folder, or `<name>-grades-2` and so on.
    """
    path = wanted or _free_name(source)
    try:
        path.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        raise OutputError(f"{path} is a file, not a folder.", hint="Choose another place with --out.") from None
    except OSError as error:
        raise OutputError(f"The folder {path} cannot be made: {error.strerror}.") from error
    if (path / "grades.jsonl").exists():
        raise OutputError(
            f"{path} holds the results of another run.",
            hint="Choose another place with --out; nothing is overwritten.",
        )
    with GradesFile(path / "grades.jsonl") as grades:
        yield RunFolder(path, grades)


def _free_name(source: Path) -> Path:
    for number in count(1):
        path = Path(f"{source.stem}-grades" + (f"-{number}" if number > 1 else ""))
        if not path.exists():
            return path
    raise AssertionError("unreachable: count() does not end")
