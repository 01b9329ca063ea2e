"""What stands of a submission: for each answer the levels, the evidence and the flags, and where a person sees it."""

from __future__ import annotations

from dataclasses import dataclass

from evaluator.core.score import mean


@dataclass(frozen=True, slots=True)
class OutcomeCriterion:
    """The level that an answer reached on one criterion, and the candidate's own words that earn it."""

    id: str
    name: str
    level: int
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OutcomeAnswer:
    """One answer. `by_person`: a person settled its levels; `waits`: a person has to look at it, and has not."""

    question_id: str
    title: str
    status: str
    reason: str | None
    score: float | None
    criteria: tuple[OutcomeCriterion, ...]
    flags: tuple[str, ...]
    by_person: bool
    waits: bool


@dataclass(frozen=True, slots=True)
class Outcome:
    """A submission that is complete; ids of the candidate and the application are the source's own."""

    submission: str
    candidate: str | None
    application: str | None
    opportunity: str | None
    questionnaire: str
    highest_level: int
    score_out_of: float
    answers: tuple[OutcomeAnswer, ...]
    review_url: str
    completed_at: str | None

    @property
    def score(self) -> float | None:
        """The mean of the answers' scores; None where one of them that was given has none: it would say too much."""
        given = [each for each in self.answers if each.status != "not_answered"]
        scores = [each.score for each in given if each.score is not None]
        return mean(scores) if scores and len(scores) == len(given) else None

    @property
    def waits(self) -> bool:
        """Whether any answer waits for a person."""
        return any(each.waits for each in self.answers)
