"""What reading a table brings to light, gathered by kind so that a thousand rows make one line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from evaluator.errors import Mistake, TableError

MOST_MISTAKES = 20
# Kinds of notes on rows that are kept: a column of a million slightly different spellings would make as many.
MOST_NOTES = 200
ROWS_NAMED = 5


@dataclass(slots=True)
class _Rows:
    """The first few rows where something was found, and how many there were."""

    first: list[int] = field(default_factory=list)
    count: int = 0

    _last: int | None = None

    def add(self, row: int) -> None:
        """Count the row, once however many of its cells say the same."""
        if row == self._last:
            return
        self._last = row
        self.count += 1
        if len(self.first) < ROWS_NAMED:
            self.first.append(row)

    def __str__(self) -> str:
        more = self.count - len(self.first)
        named = ", ".join(map(str, self.first)) + (f" and {more} more" if more else "")
        return f"row {named}" if self.count == 1 else f"rows {named}"


class Findings:
    """Notes and mistakes in the order in which their kind was first met."""

    def __init__(self, file: str, opened: Sequence[str] = ()) -> None:
        """`opened`: what there is to say of how the file was opened; it belongs to notes and to mistakes."""
        self._file = file
        self._opened = tuple(opened)
        self._notes: dict[tuple[str | None, str], _Rows] = {(None, note): _Rows() for note in opened}
        self._mistakes: dict[tuple[str | None, str], _Rows] = {}
        self._uncounted = 0
        self._unkept_notes = 0

    def note(self, message: str, *, column: str | None = None, row: int | None = None) -> None:
        """Something the user should know; rows with the same note are listed together."""
        kind = (column, message)
        if row is not None and kind not in self._notes and len(self._notes) >= MOST_NOTES:
            self._unkept_notes += 1
            return
        rows = self._notes.setdefault(kind, _Rows())
        if row is not None:
            rows.add(row)

    def mistake(self, message: str, *, column: str | None = None, row: int | None = None) -> None:
        """Something that stops the reading once all of it is known."""
        kind = (column, message)
        if kind not in self._mistakes and len(self._mistakes) >= MOST_MISTAKES:
            self._uncounted += 1
            return
        rows = self._mistakes.setdefault(kind, _Rows())
        if row is not None:
            rows.add(row)

    @property
    def has_mistakes(self) -> bool:
        return bool(self._mistakes)

    @property
    def notes(self) -> tuple[str, ...]:
        """The notes as sentences: column, what, rows."""
        lines = [_sentence(*kind, rows) for kind, rows in self._notes.items()]
        if self._unkept_notes:
            lines.append(f"and {self._unkept_notes:,} more notes on rows")
        return tuple(lines)

    @property
    def notes_on_rows(self) -> tuple[str, ...]:
        """Those that name rows: something there was read otherwise than it stands, or not read."""
        return tuple(_sentence(*kind, rows) for kind, rows in self._notes.items() if rows.count)

    def stop_at_mistakes(self, message: str, *, hint: str | None = None) -> None:
        """Raise a TableError that holds every mistake found so far, if there is any."""
        if not self._mistakes:
            return
        mistakes = []
        for (column, what), rows in self._mistakes.items():
            said = f"{what} ({rows})" if rows.count > 1 else what
            mistakes.append(Mistake(said, self._file, rows.first[0] if rows.first else None, column))
        if self._uncounted:
            mistakes.append(Mistake(f"and {self._uncounted} more"))
        said_before = f"(Of the file: {'; '.join(self._opened)}.)" if self._opened else None
        raise TableError(message, mistakes=mistakes, hint=" ".join(filter(None, (hint, said_before))) or None)


def _sentence(column: str | None, message: str, rows: _Rows) -> str:
    place = f"column {column!r}: " if column else ""
    return f"{place}{message} ({rows})" if rows.count else f"{place}{message}"
