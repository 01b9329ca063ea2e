"""Where a run goes: a new folder, or that of an earlier run, and which of its grades stand."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from evaluator.core.run_manifest import RunManifest
from evaluator.errors import Mistake, OutputError
from evaluator.files.file_hash import sha256_of
from evaluator.files.folder_lock import locked
from evaluator.files.run_folder import (
    EarlierRun,
    RunFolder,
    earlier_runs,
    new_run_folder,
    resumed_run_folder,
    run_to_resume,
)
from evaluator.files.tables.answer_table import AnswerTable
from evaluator.run.grader import Grader
from evaluator.run.resumption import Resumption, changes_since, resumption_of
from evaluator.store.run_shelf import new_run_id


@dataclass(frozen=True, slots=True)
class RunPlace:
    """Where a run goes, before it begins. `others`: unfinished runs of the same table that it does not go on with."""

    wanted: Path | None
    source: Path
    input_sha256: str
    resumption: Resumption | None
    others: tuple[EarlierRun, ...] = ()

    @property
    def run_id(self) -> str:
        """The earlier run's name, or a new one."""
        return self.resumption.run.manifest.run_id if self.resumption else new_run_id()

    @property
    def earlier(self) -> RunManifest | None:
        """The manifest of the run that is gone on with."""
        return self.resumption.run.manifest if self.resumption else None

    @contextmanager
    def folder(self) -> Iterator[RunFolder]:
        """The folder, with the grades that stand."""
        if self.resumption is None:
            with new_run_folder(self.wanted, self.source) as folder:
                yield folder
        else:
            self.resumption.take_effect()
            with resumed_run_folder(self.resumption.run.path) as folder:
                yield folder


@contextmanager
def run_place(
    wanted: Path | None, source: Path, grader: Grader, table: AnswerTable, limit: int | None, *, resume: bool
) -> Iterator[RunPlace]:
    """Finds the place. Without `resume`, an unfinished run is gone on with if it is of the same table and nothing that
    is asked has changed; with it, whatever has changed. Raises UsageError where there is none to resume, and
    OutputError where the folder that is wanted holds a run that is not gone on with.
    """
    input_sha256 = sha256_of(source)
    earlier: EarlierRun | None = None
    others: list[EarlierRun] = []
    changes: tuple[str, ...] = ()
    if resume:
        earlier = run_to_resume(wanted, source, input_sha256)
        changes = changes_since(earlier.manifest, grader, source.name, input_sha256)
    else:
        for run in earlier_runs(wanted, source):
            changed = changes_since(run.manifest, grader, source.name, input_sha256)
            if not run.is_finished and not changed:
                earlier = run
                break
            if wanted is not None:
                raise _taken(run, changed)
            if not run.is_finished and run.manifest.input_sha256 == input_sha256:
                others.append(run)
    if earlier is None:
        yield RunPlace(wanted, source, input_sha256, None, tuple(others))
        return
    with locked(earlier.path):
        resumption = resumption_of(earlier, grader.pipeline, islice(iter(table), limit), changes)
        try:
            yield RunPlace(wanted, source, input_sha256, resumption)
        finally:
            resumption.drop()


def _taken(run: EarlierRun, changed: tuple[str, ...]) -> OutputError:
    """What stands in the folder, and how what was asked for now differs from it."""
    name = run.manifest.run_id
    if not changed:
        return OutputError(
            f"{run.path} holds the results of another run, {name}: finished, of the same table with the same settings.",
            hint="Its report is there. Choose another place with --out; nothing is overwritten.",
        )
    return OutputError(
        f"{run.path} holds the results of another run, {name}. Since it began has changed:",
        mistakes=[Mistake(each) for each in changed],
        hint="Choose another place with --out; nothing is overwritten. --resume goes on with that run all the same.",
    )
