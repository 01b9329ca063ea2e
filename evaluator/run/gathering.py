"""Which answers each candidate gave, noted while they are graded, so that the table need not be read for it again."""

from __future__ import annotations

from contextlib import suppress

from evaluator.core.answer import Answer
from evaluator.errors import OutputError
from evaluator.files.answers_by_candidate import AnswersByCandidate


class Gathering:
    """Never stands in the way of grading: where notes cannot be written there are none, and whoever needs them at the
    end reads the table, and is told then what was wrong.
    """

    def __init__(self) -> None:
        self.whole: AnswersByCandidate | None = None
        with suppress(OutputError):
            self.whole = AnswersByCandidate()

    def add(self, answer: Answer) -> None:
        """Notes one answer."""
        if self.whole is None:
            return
        try:
            self.whole.add(answer.candidate_id, answer.answer_id)
        except OutputError:
            self.whole = None
