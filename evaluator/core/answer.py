"""An answer as it was handed in: one candidate's text for one question."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from evaluator.core.identity import Identity
from evaluator.core.near_copy.found import NearCopy

# Why there is no text. The three are kept apart because they mean different things to a recruiter:
# the candidate left the field empty; wrote that there is no answer; or the table has no row for it.
Absence = Literal["blank", "placeholder", "missing"]


@dataclass(frozen=True, slots=True)
class Answer:
    """One candidate's answer to one question.

    `text` is exactly what was submitted; every offset in a grade counts characters of it.
    `absent` is set when there is nothing to grade; `text` then holds what was written, if anything.
    `row` is the row of the table it came from, counted as a spreadsheet does (the first line is 1).
    `identity` is who wrote it, where the table says so: it is taken out of what a grader reads, and goes nowhere else.
    `alike`: other candidates' answers in the same table that are nearly the same, the closest first.
    """

    answer_id: str
    candidate_id: str
    question_id: str
    text: str
    absent: Absence | None = None
    row: int | None = None
    identity: Identity | None = field(default=None, repr=False)
    alike: tuple[NearCopy, ...] = ()
