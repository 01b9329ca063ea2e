"""`grades.jsonl`: one grade a line, written as it comes, and read back by answer."""

from __future__ import annotations

from collections.abc import Iterator
from io import BufferedReader, FileIO
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from pydantic import ValidationError

from evaluator.core.grade import Grade
from evaluator.core.grade_outcome import GradeOutcome
from evaluator.errors import InputError, Mistake, OutputError
from evaluator.files.scratch_database import ScratchDatabase, key_of

_File = TypeVar("_File", FileIO, BufferedReader)


class GradesFile:
    """Writes grades one by one, each handed to the system whole before the next; no grade stays in memory.

    Where each grade stands is kept in a scratch database: it can be found again from the lines themselves.
    """

    def __init__(self, path: Path, *, is_new: bool = True) -> None:
        self._path = path
        self._is_new = is_new
        self._places = ScratchDatabase("CREATE TABLE grade (answer BLOB PRIMARY KEY, at INTEGER) WITHOUT ROWID")
        self._written: FileIO | None = None
        self._read: BufferedReader | None = None
        self._end = 0

    def __enter__(self) -> Self:
        if self._path.is_symlink():
            # Grades would be appended to whatever the link names, which is not this run's.
            raise OutputError(f"{self._path} is a link to another file.", hint="Put the file itself there.")
        try:
            self._written = FileIO(self._path, "x" if self._is_new else "r+")
            self._end = self._written.seek(0, 2)
            self._read = self._path.open("rb")
        except FileExistsError:
            raise OutputError(f"{self._path} exists already.", hint="Choose another folder with --out.") from None
        except OSError as error:
            raise OutputError(f"{self._path} cannot be written: {error.strerror}.") from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for file in (self._written, self._read):
            if file is not None:
                file.close()
        self._places.close()

    def __contains__(self, answer_id: str) -> bool:
        return self._places.first("SELECT 1 FROM grade WHERE answer = ?", key_of(answer_id)) is not None

    def take_up(self) -> Iterator[Grade]:
        """The grades that stand there, each known from then on. Raises InputError."""
        at = 0
        with self._path.open("rb") as lines:
            for number, line in enumerate(lines, start=1):
                grade = _grade(line, self._path, number)
                self._remember(grade.answer_id, at)
                at += len(line)
                yield grade

    def write(self, grade: Grade) -> bytes:
        """Appends one grade; its line, without the end. Raises OutputError where the disk is full or gone.

        What stood there stays whole.
        """
        file = self._opened(self._written)
        line = grade.model_dump_json().encode()
        try:
            self._append(file, line + b"\n")
        except OSError as error:
            raise OutputError(
                f"{self._path} cannot be written any further: {error.strerror}.",
                hint="The grades written so far are whole. Make room and run the command again.",
            ) from error
        self._remember(grade.answer_id, self._end)
        self._end += len(line) + 1
        return line

    def read(self, answer_id: str) -> Grade:
        """The grade that was written for this answer; KeyError where there is none."""
        return Grade.model_validate_json(self._line(answer_id))

    def read_outcome(self, answer_id: str) -> GradeOutcome:
        """What that grade came to; KeyError where there is none."""
        return GradeOutcome.model_validate_json(self._line(answer_id))

    def get(self, answer_id: str) -> Grade | None:
        """The grade that was written for this answer, None where there is none."""
        return self.read(answer_id) if answer_id in self else None

    def _line(self, answer_id: str) -> bytes:
        file = self._opened(self._read)
        found = self._places.first("SELECT at FROM grade WHERE answer = ?", key_of(answer_id))
        if found is None:
            raise KeyError(answer_id)
        file.seek(found[0])
        return file.readline()

    def _append(self, file: FileIO, line: bytes) -> None:
        """Unbuffered: what the system could not take is not tried again when the file is closed."""
        rest = memoryview(line)
        try:
            while rest:
                rest = rest[file.write(rest) :]
        except OSError:
            # Half a line would make the last grade unreadable.
            file.truncate(self._end)
            file.seek(self._end)
            raise

    def _remember(self, answer_id: str, at: int) -> None:
        self._places.change("INSERT OR REPLACE INTO grade VALUES (?, ?)", key_of(answer_id), at)

    def _opened(self, file: _File | None) -> _File:
        if file is None:
            raise RuntimeError("a GradesFile is used inside its with block")
        return file


def read_grades(path: Path | str) -> Iterator[Grade]:
    """The grades in a `grades.jsonl`, in the order in which they were written. Raises InputError with the line."""
    path = Path(path)
    try:
        with path.open("rb") as lines:
            for number, line in enumerate(lines, start=1):
                if line.strip():
                    yield _grade(line, path, number)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.") from error


def _grade(line: bytes, path: Path, number: int) -> Grade:
    try:
        return Grade.model_validate_json(line)
    except ValidationError as error:
        problem = error.errors(include_input=False)[0]
        key = ".".join(str(part) for part in problem["loc"])
        mistake = Mistake(str(problem["msg"]), str(path), number, key=key or None)
        raise InputError("A line is not a grade.", mistakes=[mistake]) from None
