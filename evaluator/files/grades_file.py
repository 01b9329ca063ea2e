"""`grades.jsonl`: one grade a line, written as it comes, and read back by answer."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from pydantic import ValidationError

from evaluator.core.grade import Grade
from evaluator.errors import InputError, Mistake, OutputError


class GradesFile:
    """Writes grades one by one, each handed to the system whole before the next. Only offsets stay in memory."""

    def __init__(self, path: Path, *, is_new: bool = True) -> None:
        self._path = path
        self._is_new = is_new
        self._offsets: dict[str, int] = {}
        self._file: BinaryIO | None = None

    def __enter__(self) -> Self:
        try:
            self._file = self._path.open("x+b" if self._is_new else "r+b")
        except FileExistsError:
            raise OutputError(f"{self._path} exists already.", hint="Choose another folder with --out.") from None
        except OSError as error:
            raise OutputError(f"{self._path} cannot be written: {error.strerror}.") from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()

    def __contains__(self, answer_id: str) -> bool:
        return answer_id in self._offsets

    def take_up(self) -> Iterator[Grade]:
        """The grades that stood there when the file was opened, each known from then on. Raises InputError."""
        at = 0
        for number, line in enumerate(iter(self._open().readline, b""), start=1):
            grade = _grade(line, self._path, number)
            self._offsets[grade.answer_id] = at
            at += len(line)
            yield grade
            self._open().seek(at)

    def write(self, grade: Grade) -> bytes:
        """Appends one grade; its line, without the end. Raises OutputError where the disk is full or gone."""
        file = self._open()
        try:
            start = file.seek(0, 2)
            line = grade.model_dump_json().encode()
            file.write(line + b"\n")
            file.flush()
        except OSError as error:
            raise OutputError(
                f"{self._path} cannot be written any further: {error.strerror}.",
                hint="The grades written so far are whole. Make room and run the command again.",
            ) from error
        self._offsets[grade.answer_id] = start
        return line

    def read(self, answer_id: str) -> Grade:
        """The grade that was written for this answer; KeyError where there is none."""
        file = self._open()
        file.seek(self._offsets[answer_id])
        return Grade.model_validate_json(file.readline())

    def _open(self) -> BinaryIO:
        if self._file is None:
            raise RuntimeError("a GradesFile is used inside its with block")
        return self._file


def read_grades(path: Path) -> Iterator[Grade]:
    """The grades in a `grades.jsonl`, in the order in which they were written. Raises InputError with the line."""
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
