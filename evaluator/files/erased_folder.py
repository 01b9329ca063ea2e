"""A run's folder without one candidate: their grades cut out of grades.jsonl, and what has to be made anew."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from evaluator.errors import OutputError
from evaluator.files.run_folder import GRADES

_DERIVED = ("report*.html", "grades.xlsx", "grades.csv", "candidates.csv")


@dataclass(frozen=True, slots=True)
class CutFolder:
    """A folder whose grades.jsonl holds nothing of the candidate any more. `left`: grades of others in it."""

    path: Path
    cut: int
    left: int


def cut_candidate(folder: Path, candidate_id: str) -> CutFolder:
    """Cuts the candidate's lines out of grades.jsonl; other lines stay to the byte. Raises OutputError."""
    grades = folder / GRADES
    beside = folder / f".{GRADES}.erasing"
    cut = left = 0
    try:
        with grades.open("rb") as lines, beside.open("wb") as kept:
            for line in lines:
                if _is_of(line, candidate_id):
                    cut += 1
                else:
                    kept.write(line)
                    left += 1
        if cut:
            beside.replace(grades)
        else:
            beside.unlink()
    except OSError as error:
        raise OutputError(
            f"{grades} cannot be written: {error.strerror}.", hint="Run the same command again when it can."
        ) from error
    return CutFolder(folder, cut, left)


def derived_files(folder: Path) -> Iterator[Path]:
    """The files that were made from the grades and the answers: report, workbook, tables."""
    for pattern in _DERIVED:
        yield from sorted(folder.glob(pattern))


def _is_of(line: bytes, candidate_id: str) -> bool:
    try:
        return bool(json.loads(line)["candidate_id"] == candidate_id)
    except (ValueError, KeyError, TypeError):
        return True  # torn by a kill: nobody can say whose it is, and it is graded again
