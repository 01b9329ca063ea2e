"""The queue as a reviewer sees it: filters, pages, counts. No record here tells a blind reviewer of a grade."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from evaluator.core.grade import Band, FlagCode
from evaluator.core.review import ItemState, Why


@dataclass(frozen=True, slots=True)
class QueueFilter:
    """Which items are wanted; what is None does not matter. `run` is a run's id, `reviewer` a user's."""

    run: str | None = None
    question: str | None = None
    candidate: str | None = None
    flag: Why | None = None
    reviewer: str | None = None
    state: ItemState | None = "open"


@dataclass(frozen=True, slots=True)
class QueueItem:
    """One answer that waits for a person, or was reviewed.

    `blind`: for whoever looks, the grader's levels are hidden; then `why`, `score`, `band` and `spread` are None, and
    `flags` are those of the answer alone. `needed`: people who label it; `labels`: who did. `held_by`: the name of
    somebody else who has it open.
    """

    id: int
    run: int
    run_id: str
    answer_id: str
    candidate_id: str
    question_id: str
    question_title: str
    why: Why | None
    flags: tuple[FlagCode, ...]
    score: float | None
    band: Band | None
    spread: float | None
    state: ItemState
    needed: int
    labels: int
    blind: bool
    held_by: str | None
    held_until: str | None
    assigned_to: str | None
    entered_at: str
    changed_at: str | None


@dataclass(frozen=True, slots=True)
class QueuePage:
    """Items, most urgent first; `after` leads to the next page, None where this is the last."""

    items: tuple[QueueItem, ...]
    after: str | None


@dataclass(frozen=True, slots=True)
class QueueCounts:
    """How much there is, with the queue's filter (but for its state and flag). The day is a day of UTC."""

    open: int
    adjudicate: int
    done: int
    withdrawn: int
    by_flag: Mapping[Why, int]
    """Of the open ones; an item counts under each of its flags."""
    done_today: int
    done_today_by_me: int

    @property
    def of_today(self) -> int:
        """What a bar of the day is as long as: what was done today and what is still open."""
        return self.done_today + self.open + self.adjudicate


@dataclass(frozen=True, slots=True)
class Choice:
    """Something to filter by: its id and what it is called."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class QueueChoices:
    """What the queue can be filtered by."""

    runs: tuple[Choice, ...] = ()
    questions: tuple[Choice, ...] = ()
    reviewers: tuple[Choice, ...] = ()
    flags: tuple[Choice, ...] = field(default_factory=tuple)
