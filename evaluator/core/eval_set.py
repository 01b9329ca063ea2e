"""An eval set: answers with the levels that raters gave them, and an honest word on who the raters are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from evaluator.core.answer import Answer
from evaluator.core.questionnaire import Questionnaire
from evaluator.core.rubric import FileRecord, Identifier, Rubric, Text

RaterKind = Literal["human", "model", "author"]
SplitBy = Literal["candidate", "question", "answer"]


class PositiveClass(FileRecord):
    """What counts as a pass, so that precision and recall have a meaning: every applicable criterion at `level` or
    above (`criteria`), or the score at the rubric's bar or above (`score`)."""

    view: Literal["criteria", "score"] = "criteria"
    level: int | None = None
    says: Text


class EvalSetManifest(FileRecord):
    """`manifest.yaml`: what the set is, where it comes from, who labelled it, what it can and cannot show."""

    id: Identifier
    version: Annotated[int, Field(ge=1)]
    title: Text
    questionnaire: Text
    rubric: Text
    rater_kind: RaterKind
    about: Text
    raters: Annotated[tuple[Text, ...], Field(min_length=1)]
    consensus: Literal["median"] = "median"
    splits: dict[Identifier, str]
    """By name: what the split holds, in words."""
    split_by: SplitBy = "candidate"
    """What is never in two splits. `answer`: the set does not know which answers are by the same candidate."""
    between_levels: bool = False
    """Whether a label may lie between two levels of the scale, as a score of 3.75 on a scale of whole points does."""
    positive_class: PositiveClass
    notes_used: tuple[Identifier, ...] = ()
    licence: Text


@dataclass(frozen=True, slots=True)
class Label:
    """One rater's level for one criterion of one answer."""

    answer_id: str
    criterion_id: str
    rater_id: str
    level: float
    note: str = ""


@dataclass(frozen=True, slots=True)
class LabelledAnswer:
    """An answer of the set, the split it belongs to, and all of its labels."""

    answer: Answer
    split: str
    labels: tuple[Label, ...]


@dataclass(frozen=True, slots=True)
class EvalSet:
    """A whole set with the rubric and the questionnaire that it was labelled by."""

    manifest: EvalSetManifest
    questionnaire: Questionnaire
    rubric: Rubric
    answers: tuple[LabelledAnswer, ...]

    def split(self, name: str) -> tuple[LabelledAnswer, ...]:
        """The answers of one split."""
        return tuple(answer for answer in self.answers if answer.split == name)
