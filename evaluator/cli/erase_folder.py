"""What a run's folder holds of an erased candidate, taken out: written anew from the store, or deleted."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from evaluator.files.erased_folder import cut_candidate, derived_files
from evaluator.files.folder_lock import locked
from evaluator.files.leftovers import clear_leftovers
from evaluator.files.manifest_file import read_manifest
from evaluator.files.run_folder import GRADES
from evaluator.store.erasure import RunPlaces
from evaluator.store.store import Store


@dataclass(frozen=True, slots=True)
class FolderOutcome:
    """What became of a folder, in words."""

    path: Path
    said: str


def erase_in_folder(store: Store, place: RunPlaces, candidate_id: str) -> FolderOutcome:
    """Takes a candidate, who is out of the store already, out of a run's folder too. Raises OutputError."""
    path = Path(place.folder)
    manifest = read_manifest(path) if path.is_dir() else None
    if manifest is None or not (path / GRADES).exists():
        return FolderOutcome(path, "is not there any more; if it was moved or copied, delete those copies")
    if manifest.run_id != place.id:
        return FolderOutcome(path, "holds another run by now and was left alone")
    with locked(path):
        return _erase(store, place, path, candidate_id)


def _erase(store: Store, place: RunPlaces, path: Path, candidate_id: str) -> FolderOutcome:
    clear_leftovers(path)
    made = cut_candidate(path, candidate_id)
    old = list(derived_files(path))
    if store.runs.holding(place.number).answers != made.left or not made.left:
        # The store does not have all that stands there: what it cannot write anew is better gone than left.
        for file in old:
            file.unlink()
        names = ", ".join(file.name for file in old) or "nothing else"
        return FolderOutcome(
            path, f"{made.cut} grades cut out of {GRADES}; {names} deleted, to be written anew by export"
        )
    from evaluator.cli.export_run import export_run  # here: it imports what reports need

    with TemporaryDirectory(dir=path, prefix=".erasing-") as beside:
        export_run(store, store.runs.find(place.id), Path(beside) / "anew")
        for file in old:
            file.unlink()
        for file in sorted((Path(beside) / "anew").iterdir()):
            if file.name != GRADES and file.is_file() and not file.name.startswith("."):
                shutil.move(file, path / file.name)
    return FolderOutcome(path, f"{made.cut} grades cut out of {GRADES}; report, workbook and tables written anew")
