"""The folder that a run's results go into: a new one, or the one of a run that is gone on with; never another run's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count, takewhile
from pathlib import Path

from evaluator.core.run_manifest import RunManifest
from evaluator.errors import OutputError, UsageError
from evaluator.files.folder_lock import locked
from evaluator.files.grades_file import GradesFile
from evaluator.files.leftovers import clear_leftovers
from evaluator.files.manifest_file import MANIFEST, read_manifest

GRADES = "grades.jsonl"


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
    with locked(path):
        if _has_run(path):
            raise OutputError(
                f"{path} holds the results of another run.",
                hint="Choose another place with --out; nothing is overwritten.",
            )
        # Empty, and without run.json: what is left of a run that was killed as it began.
        (path / GRADES).unlink(missing_ok=True)
        with GradesFile(path / GRADES) as grades:
            yield RunFolder(path, grades)


@dataclass(frozen=True, slots=True)
class EarlierRun:
    """A run whose results stand in a folder."""

    path: Path
    manifest: RunManifest

    @property
    def is_finished(self) -> bool:
        """Whether it came to its end: there may be ungraded answers all the same."""
        return self.manifest.outcome == "finished"


def earlier_runs(wanted: Path | None, source: Path) -> Iterator[EarlierRun]:
    """The runs that stand where a run of this table would go, the newest first."""
    for path in [wanted] if wanted else reversed(list(_taken_names(source))):
        manifest = read_manifest(path)
        if manifest is not None:
            yield EarlierRun(path, manifest)


def run_to_resume(wanted: Path | None, source: Path, input_sha256: str) -> EarlierRun:
    """The run that `--resume` means: of this very table if there is one, else the newest. Raises UsageError."""
    found = list(earlier_runs(wanted, source))
    if not found:
        raise UsageError(
            f"There is no run to resume in {wanted or f'{source.stem}-grades'}.",
            hint="Name its folder with --out, or see: evaluator runs list",
        )
    return next((run for run in found if run.manifest.input_sha256 == input_sha256), found[0])


@contextmanager
def resumed_run_folder(path: Path) -> Iterator[RunFolder]:
    """The folder of an earlier run, its grades open to be read and added to. The caller holds its lock."""
    clear_leftovers(path)
    with GradesFile(path / GRADES, is_new=not (path / GRADES).exists()) as grades:
        yield RunFolder(path, grades)


def _has_run(path: Path) -> bool:
    grades = path / GRADES
    return (path / MANIFEST).exists() or (grades.exists() and grades.stat().st_size > 0)


def _names(source: Path) -> Iterator[Path]:
    for number in count(1):
        yield Path(f"{source.stem}-grades" + (f"-{number}" if number > 1 else ""))


def _taken_names(source: Path) -> Iterator[Path]:
    return takewhile(Path.exists, _names(source))


def _free_name(source: Path) -> Path:
    return next(path for path in _names(source) if not path.exists())
