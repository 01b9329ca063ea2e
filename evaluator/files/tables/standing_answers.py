"""Which row stands for each candidate and question where a table has several.

Kept as two numbers for each candidate and question, so that memory does not grow with the texts.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Literal

from evaluator.core.answer import Absence, Answer
from evaluator.files.tables.findings import Findings

Duplicates = Literal["last", "first", "error"]

# An absence is told from a text, and from another absence, by a number that no text's fingerprint has.
ABSENT: dict[Absence, int] = {"blank": 1, "placeholder": 2, "missing": 3}
TEXT_BIT = 1 << 63


@dataclass(frozen=True, slots=True)
class Unanswered:
    """A question that the table asks, of a candidate who has no row for it."""

    candidate_id: str
    question_id: str


class StandingAnswers:
    """Decides between rows: the same text counts once; an empty cell never replaces a text; else the policy."""

    def __init__(self, question_ids: Sequence[str], duplicates: Duplicates) -> None:
        self._duplicates = duplicates
        self._candidates: dict[str, int] = {}
        # For each question, by the candidate's number: the row that stands (0: none) and what it says.
        self._rows = {question_id: array("Q") for question_id in question_ids}
        self._says = {question_id: array("Q") for question_id in question_ids}
        self._asked: set[str] = set()
        self._question_ids = tuple(question_ids)

    @property
    def candidates(self) -> int:
        return len(self._candidates)

    @property
    def asked(self) -> tuple[str, ...]:
        """The ids of the questions that some row asks, in the questionnaire's order."""
        return tuple(each for each in self._question_ids if each in self._asked)

    def record(self, answer: Answer, row: int, findings: Findings) -> None:
        """Take the answer in; what is dropped is noted, or is a mistake if the policy is "error"."""
        number = self._number(answer.candidate_id)
        self._asked.add(answer.question_id)
        rows, says = self._rows[answer.question_id], self._says[answer.question_id]
        new, old, old_row = _fingerprint(answer), says[number], rows[number]
        if old_row and not self._replaces(answer, row, new, old, old_row, findings):
            return
        rows[number], says[number] = row, new

    def _replaces(self, answer: Answer, row: int, new: int, old: int, old_row: int, findings: Findings) -> bool:
        if new == old:
            findings.note("the same answer of the same candidate again: counted once", row=row)
            return False
        new_has_text, old_has_text = bool(new & TEXT_BIT), bool(old & TEXT_BIT)
        if new_has_text != old_has_text:
            dropped = old_row if new_has_text else row
            findings.note("an empty answer gives way to the same candidate's other row, which has a text", row=dropped)
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
            f"another answer of the same candidate to the same question: the {kept} one stands, these are dropped",
            row=old_row if stands_last else row,
        )
        return stands_last

    def stands(self, answer: Answer, row: int) -> bool:
        """Whether this row is the one that counts for its candidate and question."""
        number = self._candidates.get(answer.candidate_id)
        return number is not None and self._rows[answer.question_id][number] == row

    def unanswered(self) -> Iterator[Unanswered]:
        """Candidates without a row for a question that others have, candidate by candidate."""
        asked = self.asked
        for candidate_id, number in self._candidates.items():
            for question_id in asked:
                if not self._rows[question_id][number]:
                    yield Unanswered(candidate_id, question_id)

    def _number(self, candidate_id: str) -> int:
        number = self._candidates.setdefault(candidate_id, len(self._candidates))
        if number == len(self._rows[self._question_ids[0]]):
            for column in (*self._rows.values(), *self._says.values()):
                column.append(0)
        return number


def _fingerprint(answer: Answer) -> int:
    if answer.absent is not None:
        return ABSENT[answer.absent]
    return int.from_bytes(blake2b(answer.text.encode(), digest_size=8).digest()) | TEXT_BIT
