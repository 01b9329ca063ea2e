"""What pages show of reviews: an answer opened, a candidate whole. Nothing tells a blind reviewer of a grade."""

from __future__ import annotations

from dataclasses import dataclass

from evaluator.core.answer import Answer
from evaluator.core.candidate import CandidateStanding
from evaluator.core.grade import Flag, Grade
from evaluator.core.questionnaire import Question
from evaluator.core.review import CandidateDecision, LogEntry, ReviewLabel
from evaluator.core.review_queue import QueueItem
from evaluator.core.rubric import Criterion, Rubric
from evaluator.store.near_copy_pairs import AlikeAnswer
from evaluator.store.run_record import RunRecord


@dataclass(frozen=True, slots=True)
class NamedLabel:
    """Somebody's levels, with their name."""

    name: str
    label: ReviewLabel


@dataclass(frozen=True, slots=True)
class NamedDecision:
    """A decision on a candidate, with the name of whoever made it."""

    name: str
    decision: CandidateDecision
    at: str
    note: str


@dataclass(frozen=True, slots=True)
class HeldLease:
    """Who has the item open; `is_mine`: the browser that asks. `until` is UTC, ISO 8601."""

    name: str
    is_mine: bool
    until: str


@dataclass(frozen=True, slots=True)
class OpenItem:
    """One answer, opened for review. While `blind`, `grade` is None and `others` and `entries` are empty.

    `safe_flags` are those of the answer alone, with their places; everybody may see them. `alike`: other candidates'
    answers that are nearly the same, as far as they are still kept.
    """

    item: QueueItem
    record: RunRecord
    answer: Answer
    question: Question
    rubric: Rubric
    criteria: tuple[Criterion, ...]
    grade: Grade | None
    blind: bool
    safe_flags: tuple[Flag, ...]
    alike: tuple[AlikeAnswer, ...]
    version: int
    mine: ReviewLabel | None
    others: tuple[NamedLabel, ...]
    adjudication: NamedLabel | None
    final_levels: dict[str, int] | None
    lease: HeldLease | None
    can_save: bool
    cannot_because: str | None
    can_undo: bool
    entries: tuple[LogEntry, ...]
    regraded_since: bool
    """Whether a later grade came after somebody gave levels."""


@dataclass(frozen=True, slots=True)
class ReviewedAnswer:
    """One of a candidate's answers with what became of it. `grade` is None while it is hidden from whoever looks."""

    answer: Answer
    question: Question
    grade: Grade | None
    item_id: int | None
    state: str | None
    labels: tuple[NamedLabel, ...]
    final_levels: dict[str, int] | None
    reviewed_score: float | None
    """From the levels that people settled on; None while they have not."""
    is_hidden: bool


@dataclass(frozen=True, slots=True)
class CandidateView:
    """One candidate of a run. `standing` and `score` are None while any answer is hidden from whoever looks.

    `score`: the mean over the answers, people's levels where they settled, else the grader's.
    """

    record: RunRecord
    candidate_id: str
    answers: tuple[ReviewedAnswer, ...]
    standing: CandidateStanding | None
    score: float | None
    decisions: tuple[NamedDecision, ...]

    @property
    def hidden(self) -> frozenset[str]:
        """The ids of the answers whose grades are hidden from whoever looks."""
        return frozenset(each.answer.answer_id for each in self.answers if each.is_hidden)
