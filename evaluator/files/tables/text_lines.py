"""Lines of a text file, none of them longer than memory: a file of one line with two gigabytes is met, too."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TextIO

from evaluator.files.tables.limits import LONGEST_LINE


class LineTooLongError(ValueError):
    """A line that is no row of a table of answers. The message says so, for a person."""

    def __init__(self) -> None:
        super().__init__(f"is a line of more than {LONGEST_LINE:,} characters: no row of answers is that long")


def text_lines(file: TextIO) -> Iterator[str]:
    """Each line with its end. Raises LineTooLongError instead of reading a longer one whole."""
    while line := file.readline(LONGEST_LINE):
        if len(line) == LONGEST_LINE and not line.endswith(("\n", "\r")):
            raise LineTooLongError
        yield line
