"""A candidate's standing: what their graded answers add up to, and how many answers that rests on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

from pydantic import BaseModel, ConfigDict

from evaluator.core.grade import Band, Flag, Grade
from evaluator.core.grade_outcome import GradeOutcome
from evaluator.core.rubric import Rubric
from evaluator.core.score import band_of


class CandidateStanding(BaseModel):
    """One candidate over all questions.

    `score` is the mean score of the graded answers (0 to the rubric's `score_out_of`), null when none was
    graded; `graded` of `asked` says how many it rests on. `band` is null unless every asked question was
    graded: a missing answer is not a zero, and a mean of fewer answers is not compared with the bar.
    """

    model_config = ConfigDict(frozen=True)

    candidate_id: str
    score: float | None
    band: Band | None
    asked: int
    graded: int
    not_answered: int
    ungraded: int
    to_review: int
    """Answers with at least one flag that sends them to a person."""
    scores: dict[str, float | None]
    """By question; null where the answer was not graded."""
    levels: dict[str, float]
    """Mean level by criterion over the graded answers."""
    flags: tuple[Flag, ...]

    @property
    def answers(self) -> int:
        """How many answers the candidate has in the run, graded or not."""
        return self.graded + self.not_answered + self.ungraded

    @property
    def complete(self) -> bool:
        """Whether every asked question was graded."""
        return self.graded == self.asked


class Standings(Protocol):
    """All candidates' standings in reading order, as `in_reading_order` sorts them: a list, or what is kept on disk."""

    def __len__(self) -> int:
        """How many candidates there are."""

    def __iter__(self) -> Iterator[CandidateStanding]:
        """Every standing, from the first; can be called as often as wanted."""


def standing_of(
    candidate_id: str, grades: Sequence[Grade] | Sequence[GradeOutcome], questions: Sequence[str], rubric: Rubric
) -> CandidateStanding:
    """The standing of one candidate from all of their grades; `questions` are the ids that were asked."""
    by_question = {grade.question_id: grade for grade in grades}
    scored = [grade.score for grade in grades if grade.score is not None]
    score = sum(scored) / len(scored) if scored else None
    complete = len(scored) == len(questions)
    levels: dict[str, list[int]] = {}
    for grade in grades:
        for criterion in grade.criteria:
            levels.setdefault(criterion.id, []).append(criterion.level)
    return CandidateStanding(
        candidate_id=candidate_id,
        score=score,
        band=band_of(score, rubric) if score is not None and complete else None,
        asked=len(questions),
        graded=len(scored),
        not_answered=sum(grade.status == "not_answered" for grade in grades),
        ungraded=sum(grade.status == "ungraded" for grade in grades),
        to_review=sum(grade.needs_review for grade in grades),
        scores={question: by_question[question].score if question in by_question else None for question in questions},
        levels={criterion: sum(reached) / len(reached) for criterion, reached in levels.items()},
        flags=tuple(flag for grade in grades for flag in grade.flags),
    )


def in_reading_order(standings: Iterable[CandidateStanding]) -> list[CandidateStanding]:
    """Highest score first; candidates with an answer missing come after those who are complete, unscored last."""
    return sorted(
        standings,
        key=lambda standing: (
            standing.score is None,
            not standing.complete,
            -(standing.score or 0.0),
            standing.candidate_id,
        ),
    )
