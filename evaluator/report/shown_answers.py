"""The answers of a report as its pages show them, kept away until their page is written.

What stays in memory is one place in a temporary file for each of them. Small runs never touch the disk.
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from tempfile import SpooledTemporaryFile
from types import TracebackType
from typing import NamedTuple, Self

from evaluator.files.whole_file import cannot_write

_IN_MEMORY = 4 * 1024 * 1024  # bytes


class _Place(NamedTuple):
    """Where an answer stands in the file; places sort as their answers are shown."""

    question: int
    answer_id: str
    at: int
    size: int


class ShownAnswers:
    """Takes answers in any order and gives back those of one candidate, in the order of the questions.

    `folder` is where the temporary file goes if one is needed: the report's own, which is known to have room.
    """

    def __init__(self, folder: Path) -> None:
        self._file = SpooledTemporaryFile(max_size=_IN_MEMORY, dir=str(folder))  # noqa: SIM115 - closed in __exit__
        self._folder = folder
        self._places: dict[str, list[_Place]] = defaultdict(list)
        self._end = self._at = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def add(self, candidate_id: str, question: int, answer_id: str, shown: bytes) -> None:
        """Writes an answer away. `question`: its place among the questions."""
        try:
            if self._at != self._end:  # each seek hands the system what waits to be written
                self._file.seek(self._end)
            self._file.write(shown)
        except OSError as error:
            raise cannot_write(self._folder / "temporary file", error) from error
        self._places[candidate_id].append(_Place(question, answer_id, self._end, len(shown)))
        self._end = self._at = self._end + len(shown)

    def of(self, candidate_id: str) -> list[bytes]:
        """A candidate's answers."""
        return [self._read(place) for place in sorted(self._places.get(candidate_id, ()))]

    def _read(self, place: _Place) -> bytes:
        if self._at != place.at:
            self._file.seek(place.at)
        self._at = place.at + place.size
        return self._file.read(place.size)
