"""What a candidate may be told: what was looked for, what was found in their words, what was missing; in plain words.

Nothing here names a model, a score or a flag; it says what the rubric says, and quotes the candidate. Where people
changed a level, the rubric's own words stand in for the grader's, which no longer fit; so they do where the grader
matches words, for its lists of what it did not match are no sentences for a candidate.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from evaluator.core.grade import CriterionGrade, Grade
from evaluator.core.questionnaire import Question
from evaluator.core.rubric import Criterion, Rubric

_BUILDS_ON = re.compile(r"All of level (?P<lower>\d+),? and (?P<adds>.+)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class AssessedAnswer:
    """One answer with its grade, and the levels that people settled on (None while they have not)."""

    question: Question
    grade: Grade | None
    final_levels: Mapping[str, int] | None
    by_language_model: bool
    """Whether a language model wrote what the grade says is missing."""


@dataclass(frozen=True, slots=True)
class ExplainedCriterion:
    """One criterion in words: what it asks, what the answer shows, the words it rests on, what the next level needs."""

    name: str
    asks: str
    shows: str
    found: tuple[str, ...]
    missing: str | None
    by_person: bool


@dataclass(frozen=True, slots=True)
class ExplainedAnswer:
    """One answer in words. `said` stands where there is nothing to explain: not answered, or not assessed yet."""

    title: str
    question: str
    said: str | None
    criteria: tuple[ExplainedCriterion, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """The whole of it. `about` says how it came about; `by_people`: answers whose levels people settled."""

    about: str
    answers: tuple[ExplainedAnswer, ...]
    by_people: int
    unsettled: int
    """Answers that say nothing yet."""


def explanation_for(rubric: Rubric, answers: Sequence[AssessedAnswer]) -> Explanation:
    """The explanation of these answers of one candidate, in their order."""
    explained = tuple(_answer(rubric, each) for each in answers)
    by_people = sum(each.final_levels is not None for each in answers)
    return Explanation(
        about=_about(by_people, len(answers)),
        answers=explained,
        by_people=by_people,
        unsettled=sum(each.said is not None for each in explained),
    )


def _about(by_people: int, total: int) -> str:
    how = (
        "Each answer was read against the same written criteria for every candidate. A computer program proposed for "
        "each criterion how far the answer meets it, and pointed at the words that show it."
    )
    if by_people == total:
        return f"{how} A person read every answer and settled the result."
    if by_people:
        return f"{how} A person read {by_people} of the {total} answers and settled their result."
    return f"{how} No person has settled a result yet."


def _answer(rubric: Rubric, assessed: AssessedAnswer) -> ExplainedAnswer:
    question, grade = assessed.question, assessed.grade
    said = None
    if assessed.final_levels is None:
        if grade is None or grade.status == "ungraded":
            said = "This answer has not been assessed yet."
        elif grade.status == "not_answered":
            said = "No answer was given to this question."
    criteria: tuple[ExplainedCriterion, ...] = ()
    if said is None:
        given = {each.id: each for each in grade.criteria} if grade else {}
        criteria = tuple(_criterion(rubric.criterion(name), given.get(name), assessed) for name in question.criteria)
    return ExplainedAnswer(question.title, question.text, said, criteria)


def _criterion(criterion: Criterion, given: CriterionGrade | None, assessed: AssessedAnswer) -> ExplainedCriterion:
    final_levels = assessed.final_levels
    level = given.level if given else min(criterion.levels)
    by_person = final_levels is not None and criterion.id in final_levels
    if final_levels is not None and by_person:
        level = final_levels[criterion.id]
    # What the grader wrote was written for its own level.
    says = given.missing if given and given.level == level and assessed.by_language_model else ""
    found: tuple[str, ...] = ()
    if given is not None and level > min(criterion.levels):
        found = tuple(dict.fromkeys(each.quote for each in given.evidence if each.verified))
    return ExplainedCriterion(
        name=criterion.name,
        asks=criterion.asks,
        shows=_in_full(criterion, level),
        found=found,
        missing=_missing(criterion, level, says),
        by_person=by_person,
    )


def _missing(criterion: Criterion, level: int, said: str) -> str | None:
    higher = [each for each in sorted(criterion.levels) if each > level]
    if not higher:
        return None
    if said.strip():
        return said.strip()
    _, adds = _parts(criterion, higher[0])
    return adds[:1].upper() + adds[1:]


def _in_full(criterion: Criterion, level: int) -> str:
    """What a level says, without the number of another, which means nothing to a candidate."""
    lower, adds = _parts(criterion, level)
    return adds if lower is None else f"{_in_full(criterion, lower).rstrip()} It also {adds}"


def _parts(criterion: Criterion, level: int) -> tuple[int | None, str]:
    """The lower level that a level builds on, where its words begin with that, and what it adds."""
    text = criterion.levels[level]
    found = _BUILDS_ON.match(text)
    lower = int(found["lower"]) if found else level
    return (lower, found["adds"]) if found and lower in criterion.levels and lower < level else (None, text)
