"""Graded examples: answers with their levels that a prompt may show, so that a grader sees the people's standard."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from evaluator.core.eval_set import RaterKind
from evaluator.core.rubric import FileRecord, Identifier, Text


class GradedExample(FileRecord):
    """One answer to one question with the levels it was given and the words that earned them.

    `levels` and `evidence` are by criterion; `checks`, where known, by criterion and check. `source` says
    where the answer comes from, so that an eval set that holds the same answer can be refused. `rater_kind`: who
    graded it, which a prompt says; None where that is not known.
    """

    id: str
    question_id: Identifier
    answer: Text
    levels: dict[Identifier, int]
    evidence: dict[Identifier, tuple[str, ...]] = {}
    checks: dict[Identifier, dict[Identifier, bool]] = {}
    candidate_id: str | None = None
    source: Annotated[str, Field(min_length=1)]
    rater_kind: RaterKind | None = None
