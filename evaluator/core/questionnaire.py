"""The questionnaire: the questions that candidates answer, and which criteria each is graded on."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from evaluator.core.rubric import FileRecord, Identifier, Text


class Question(FileRecord):
    """One question. `look_for` and `reference_answer` are for the grader and are never shown to a candidate."""

    id: Identifier
    title: Text
    text: Text
    criteria: Annotated[tuple[Identifier, ...], Field(min_length=1)]
    look_for: str = ""
    reference_answer: str = ""
    min_words: Annotated[int, Field(ge=0)] = 20
    """Below this many words an answer is marked `too_short`; it is graded all the same."""


class Questionnaire(FileRecord):
    """A published questionnaire; `rubric` is the id of the rubric that its criteria come from."""

    id: Identifier
    version: Annotated[int, Field(ge=1)]
    title: Text
    about: str = ""
    rubric: Identifier
    time_limit_minutes: Annotated[float, Field(gt=0)] | None = None
    languages: tuple[Annotated[str, Field(pattern="^[a-z]{2,3}$")], ...] = ()
    """What answers are expected in (ISO 639: en, de …); left out: each question's own language."""
    questions: Annotated[tuple[Question, ...], Field(min_length=1)]

    def question(self, question_id: str) -> Question:
        """The question with this id; KeyError where there is none."""
        for question in self.questions:
            if question.id == question_id:
                return question
        raise KeyError(question_id)
