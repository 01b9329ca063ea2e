"""A spool of graded answers: those that a report shows are written away as they stream in, read back page by page.

What stays in memory is one place in a temporary file for each of them. Small runs never touch the disk.
"""

from __future__ import annotations

import pickle
from collections import defaultdict
from pathlib import Path
from tempfile import SpooledTemporaryFile
from types import TracebackType
from typing import Self

from evaluator.files.whole_file import cannot_write
from evaluator.report.graded_answer import GradedAnswer

_IN_MEMORY = 4 * 1024 * 1024  # bytes


class AnswerSpool:
    """Takes graded answers in any order and gives back those of one candidate, in the order they were added.

    `folder` is where the temporary file goes if one is needed: the report's own, which is known to have room.
    """

    def __init__(self, folder: Path) -> None:
        self._file = SpooledTemporaryFile(max_size=_IN_MEMORY, dir=str(folder))  # noqa: SIM115 - closed in __exit__
        self._folder = folder
        self._places: dict[str, list[int]] = defaultdict(list)
        self._end = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def add(self, graded: GradedAnswer) -> int:
        """Writes an answer away; the number that `at` takes to read it back."""
        place = self._end
        # Pickle and not JSON: it carries any string, half a surrogate pair too, and only this object reads it.
        data = pickle.dumps(graded, protocol=pickle.HIGHEST_PROTOCOL)
        try:
            self._file.seek(place)
            self._file.write(data)
        except OSError as error:
            raise cannot_write(self._folder / "temporary file", error) from error
        self._end += len(data)
        self._places[graded.answer.candidate_id].append(place)
        return place

    def at(self, place: int) -> GradedAnswer:
        """The answer that `add` returned this number for."""
        self._file.seek(place)
        graded: GradedAnswer = pickle.load(self._file)  # noqa: S301 written by this object, into a file without a name  # nosec B301
        return graded

    def of(self, candidate_id: str) -> list[GradedAnswer]:
        """A candidate's answers."""
        return [self.at(place) for place in self._places.get(candidate_id, ())]
