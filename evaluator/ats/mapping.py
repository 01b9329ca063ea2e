"""From an application of an ATS to answers of the questionnaire; what is not sure is held back, never guessed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from evaluator.ats.event import Application, AtsAnswer
from evaluator.core.folding import fold
from evaluator.core.question_map import QuestionMap
from evaluator.core.questionnaire import Questionnaire
from evaluator.core.submission import SubmittedAnswer, submitted_answer

HeldBack = Literal["unmapped_questions", "answered_twice", "not_text", "no_answers"]


@dataclass(frozen=True, slots=True)
class Unmapped:
    """Why an application is held back, and the questions that it is about (never an answer)."""

    reason: HeldBack
    questions: tuple[str, ...] = ()


def map_answers(
    application: Application, question_map: QuestionMap, questionnaire: Questionnaire
) -> tuple[SubmittedAnswer, ...] | Unmapped:
    """The answers in the questionnaire's order.

    A question is found by what the map says of its key or its text, then by being the id, the title or the text of a
    question, but for case, accents and punctuation.
    """
    same = _own_spellings(questionnaire)
    found: dict[str, AtsAnswer] = {}
    unmapped, twice, odd = [], [], []
    for answer in application.answers:
        question = _meant(answer, question_map, same)
        if question is None:
            if not _is_ignored(answer, question_map):
                unmapped.append(_shown(answer))
        elif question in found and found[question].text != answer.text:
            twice.append(_shown(answer))
        elif answer.text is None:
            odd.append(_shown(answer))
        else:
            found[question] = answer
    for reason, about in (("unmapped_questions", unmapped), ("answered_twice", twice), ("not_text", odd)):
        if about:
            return Unmapped(reason, tuple(about))  # type: ignore[arg-type]  # mypy widens the literals of the table
    if not found:
        return Unmapped("no_answers")
    return tuple(
        submitted_answer(question.id, found[question.id].text or "")
        if question.id in found
        else SubmittedAnswer(question.id, "", "missing")
        for question in questionnaire.questions
        if question.id in found or question.id in question_map.asked
    )


def _own_spellings(questionnaire: Questionnaire) -> Mapping[str, str | None]:
    """The questions by their own folded id, title and text; None where two share a spelling."""
    spellings: dict[str, str | None] = {}
    for question in questionnaire.questions:
        for spelling in {fold(question.title), fold(question.text)}:
            spellings[spelling] = question.id if spellings.get(spelling, question.id) == question.id else None
    return spellings | {fold(question.id): question.id for question in questionnaire.questions}


def _meant(answer: AtsAnswer, question_map: QuestionMap, same: Mapping[str, str | None]) -> str | None:
    for spelling in _spellings(answer):
        if spelling in question_map.meant:
            return question_map.meant[spelling]
    return next((same[spelling] for spelling in _spellings(answer) if same.get(spelling)), None)


def _is_ignored(answer: AtsAnswer, question_map: QuestionMap) -> bool:
    return question_map.others == "ignore" or any(each in question_map.meant for each in _spellings(answer))


def _spellings(answer: AtsAnswer) -> list[str]:
    return [fold(each) for each in (answer.key, answer.question) if each]


def _shown(answer: AtsAnswer) -> str:
    return answer.question or answer.key or "(a question without a text)"
