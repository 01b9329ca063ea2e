"""What a grade came to: the part of a `Grade` that a candidate's standing rests on, read at a third of the cost."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from evaluator.core.grade import Flag, Status


class LevelOutcome(BaseModel):
    """The level reached on one criterion."""

    model_config = ConfigDict(frozen=True)

    id: str
    level: int


class GradeOutcome(BaseModel):
    """A grade without its reasons, its evidence and how it was made. Read from the same line as the whole one."""

    model_config = ConfigDict(frozen=True)

    question_id: str
    status: Status
    criteria: tuple[LevelOutcome, ...] = ()
    score: float | None = None
    flags: tuple[Flag, ...] = ()

    @property
    def needs_review(self) -> bool:
        """Whether any flag sends this answer to a person."""
        return any(flag.severity == "review" for flag in self.flags)
