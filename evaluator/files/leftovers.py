"""What a killed command leaves in a run's folder: halves of files and scratch folders, which hold candidates' words."""

from __future__ import annotations

import shutil
from pathlib import Path

from evaluator.errors import OutputError

_SCRATCH = (".rows-????????", ".beside-????????", ".erasing-????????")
_HALVES = (
    ".report*.html.partial",
    ".grades.xlsx.partial",
    ".grades.csv.partial",
    ".candidates.csv.partial",
    ".grades.jsonl.erasing",
)


def clear_leftovers(folder: Path) -> None:
    """Deletes them. For whoever holds the folder's lock: nobody is writing them any more. A link goes itself, never
    what it points to. Raises OutputError.
    """
    try:
        for pattern in (*_SCRATCH, *_HALVES):
            for path in folder.glob(pattern):
                if path.is_dir() and not path.is_symlink():
                    shutil.rmtree(path)
                else:
                    path.unlink(missing_ok=True)
    except OSError as error:
        raise OutputError(
            f"{folder} has files of a run that was killed, which cannot be deleted: {error.strerror}.",
            hint="See that the folder may be written to, then run the same command again.",
        ) from error
