"""The answer ids that a table gives, checked for being each answer's own."""

from __future__ import annotations

from hashlib import blake2b

from evaluator.files.tables.answer_rows import RowAnswer
from evaluator.files.tables.findings import Findings


class GivenAnswerIds:
    """Remembers, in 16 bytes an id and not with its text, whose each id is."""

    def __init__(self) -> None:
        self._owners: dict[bytes, bytes] = {}

    def record(self, given: RowAnswer, findings: Findings) -> None:
        """An id that two candidates or two questions share is a mistake; a repeated answer may repeat its id."""
        answer = given.answer
        owner = _short_hash(f"{answer.question_id}\0{answer.candidate_id}")
        if self._owners.setdefault(_short_hash(answer.answer_id), owner) != owner:
            findings.mistake(f"answer_id {answer.answer_id!r} belongs to another answer already", row=given.row)


def _short_hash(text: str) -> bytes:
    return blake2b(text.encode(), digest_size=8).digest()
