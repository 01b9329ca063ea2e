"""An answer together with its grade: what a report needs, because a grade points into words that it does not hold."""

from __future__ import annotations

from dataclasses import dataclass

from evaluator.core.answer import Answer
from evaluator.core.grade import Grade


@dataclass(frozen=True, slots=True)
class GradedAnswer:
    """One answer as it was handed in, and the grade whose offsets point into its text."""

    answer: Answer
    grade: Grade
