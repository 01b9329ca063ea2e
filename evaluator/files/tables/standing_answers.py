"""Which row stands for each candidate and question where a table has several.

Kept on disk as two numbers for each candidate and question, so that memory grows neither with the texts nor with
the candidates.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Literal

from evaluator.core.answer import Absence, Answer
from evaluator.files.scratch_database import ScratchDatabase, restored, stored
from evaluator.files.tables.findings import Findings

Duplicates = Literal["last", "first", "error"]

# An absence is told from a text, and from another absence, by a number that no text's fingerprint has: those are
# below zero.
ABSENT: dict[Absence, int] = {"blank": 1, "placeholder": 2, "missing": 3}
# A candidate's rows mostly stand near each other: so many candidates are looked up without the disk.
RECENT_CANDIDATES = 1024

_SCHEMA = """
    CREATE TABLE candidate (id BLOB PRIMARY KEY, number INTEGER NOT NULL) WITHOUT ROWID;
    CREATE TABLE standing (place INTEGER PRIMARY KEY, row INTEGER NOT NULL, says INTEGER NOT NULL);
    CREATE TABLE dropped (place INTEGER PRIMARY KEY);
"""
# `standing.place` is the candidate's number and the question's place; `dropped.place` the row and the question's place.


@dataclass(frozen=True, slots=True)
class Unanswered:
    """A question that the table asks, of a candidate who has no row for it."""

    candidate_id: str
    question_id: str


class StandingAnswers:
    """Decides between rows: the same text counts once; an empty cell never replaces a text; else the policy."""

    def __init__(self, question_ids: Sequence[str], duplicates: Duplicates) -> None:
        self._duplicates = duplicates
        self._question_ids = tuple(question_ids)
        self._places = {question_id: place for place, question_id in enumerate(self._question_ids)}
        self._database = ScratchDatabase(_SCHEMA)
        self._recent: dict[str, int] = {}
        self._asked: set[str] = set()
        self._candidates = self._standing = self._dropped = 0

    @property
    def candidates(self) -> int:
        return self._candidates

    @property
    def asked(self) -> tuple[str, ...]:
        """The ids of the questions that some row asks, in the questionnaire's order."""
        return tuple(each for each in self._question_ids if each in self._asked)

    def record(self, answer: Answer, row: int, findings: Findings) -> None:
        """Take the answer in; what is dropped is noted, or is a mistake if the policy is "error"."""
        place = self._place(self._number(answer.candidate_id), answer.question_id)
        self._asked.add(answer.question_id)
        new = _fingerprint(answer)
        if self._database.change("INSERT OR IGNORE INTO standing VALUES (?, ?, ?)", place, row, new):
            self._standing += 1
            return
        found = self._database.first("SELECT row, says FROM standing WHERE place = ?", place)
        old_row, old = found if found is not None else (0, 0)
        replaces = self._replaces(answer, row, new, old, old_row, findings)
        if replaces:
            self._database.change("UPDATE standing SET row = ?, says = ? WHERE place = ?", row, new, place)
        dropped = self._place(old_row if replaces else row, answer.question_id)
        self._dropped += self._database.change("INSERT OR IGNORE INTO dropped VALUES (?)", dropped)

    def _replaces(self, answer: Answer, row: int, new: int, old: int, old_row: int, findings: Findings) -> bool:
        if new == old:
            findings.note("the same answer of the same candidate again: counted once", row=row)
            return False
        new_has_text, old_has_text = new < 0, old < 0
        if new_has_text != old_has_text:
            dropped = old_row if new_has_text else row
            findings.note(
                f"an answer to {answer.question_id!r} that says nothing (empty, n/a and the like) gives way to the "
                "same candidate's other one",
                row=dropped,
            )
            return new_has_text
        if self._duplicates == "error" and new_has_text:
            findings.mistake(
                f"answers question {answer.question_id!r} for a candidate who answered it otherwise in row {old_row}",
                row=row,
            )
            return False
        stands_last = self._duplicates == "last"
        kept = "last" if stands_last else "first"
        findings.note(
            f"another answer of the same candidate to {answer.question_id!r}: the {kept} one stands, these do not "
            "count",
            row=old_row if stands_last else row,
        )
        return stands_last

    @property
    def missing(self) -> int:
        """How many answers no row has, though the question was asked of others."""
        return self._candidates * len(self._asked) - self._standing

    def stands(self, answer: Answer, row: int) -> bool:
        """Whether this row is the one that counts for its candidate and question."""
        if not self._dropped:
            return True
        place = self._place(row, answer.question_id)
        return self._database.first("SELECT 1 FROM dropped WHERE place = ?", place) is None

    def unanswered(self) -> Iterator[Unanswered]:
        """Candidates without a row for a question that others have, candidate by candidate."""
        asked = self.asked
        if not self.missing:
            return
        for key, number in self._database.rows("SELECT id, number FROM candidate ORDER BY number"):
            for question_id in asked:
                place = self._place(number, question_id)
                if self._database.first("SELECT 1 FROM standing WHERE place = ?", place) is None:
                    yield Unanswered(restored(key), question_id)

    def _place(self, number: int, question_id: str) -> int:
        return number * len(self._question_ids) + self._places[question_id]

    def _number(self, candidate_id: str) -> int:
        number = self._recent.get(candidate_id)
        if number is not None:
            return number
        key = stored(candidate_id)
        number = self._candidates
        if self._database.change("INSERT OR IGNORE INTO candidate VALUES (?, ?)", key, number):
            self._candidates += 1
        elif found := self._database.first("SELECT number FROM candidate WHERE id = ?", key):
            number = int(found[0])
        if len(self._recent) == RECENT_CANDIDATES:
            self._recent.clear()
        self._recent[candidate_id] = number
        return number


def _fingerprint(answer: Answer) -> int:
    if answer.absent is not None:
        return ABSENT[answer.absent]
    digest = blake2b(stored(answer.text), digest_size=8).digest()
    return ~(int.from_bytes(digest) >> 1)
