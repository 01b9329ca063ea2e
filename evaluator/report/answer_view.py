"""What a page shows of one graded answer: every word of it ready, so that the template only lays it out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from evaluator.core.grade import CriterionGrade, Grade, RedFlagSeen
from evaluator.core.questionnaire import Questionnaire
from evaluator.core.rubric import Criterion, Rubric
from evaluator.report.alike_view import AlikeAnswer, AlikeView, alike_views
from evaluator.report.answer_marks import AnswerMarks
from evaluator.report.arithmetic import answer_sum
from evaluator.report.flag_view import FlagView, flag_views
from evaluator.report.graded_answer import GradedAnswer
from evaluator.report.marked_answer import Mark, Segment, criterion_letter, criterion_look
from evaluator.report.wording import band_in_words, number, reason_in_words, shown_score

_LONGEST_QUOTE = 280  # characters beside the rubric; the whole quote is marked in the answer
_LONGEST_UNFOUND = 1_000  # a quote that is in no answer is shown at more length, for it stands nowhere else
_MOST_PIPS = 8
_BRIEF = 1_200  # characters: an answer that fits a screen stays in sight while its rubric is read
_LINE = 40  # characters that a line end costs


class QuoteView(NamedTuple):
    """A quote beside the rubric, with the checks it supports where checks were asked for.

    `label` and `anchor` lead to its mark and are empty where it was not found.
    """

    text: str
    label: str
    anchor: str
    found: bool
    supports: tuple[str, ...]


class LevelView(NamedTuple):
    """One level of a criterion and its anchor."""

    level: int
    anchor_text: str
    reached: bool


class CheckView(NamedTuple):
    """A yes/no check and how it came out."""

    question: str
    met: bool


@dataclass(frozen=True, slots=True, eq=False)
class LevelReached:
    """A criterion and a level of it: the same for all answers that reach it, and known by being the same object."""

    letter: str
    look: str
    name: str
    asks: str
    level: int
    highest: int
    pips: tuple[bool, ...]
    anchor_text: str
    levels: tuple[LevelView, ...]


class CriterionView(NamedTuple):
    """The level reached on one criterion, and why."""

    reached: LevelReached
    readings: str
    claimed: str
    checks: tuple[CheckView, ...]
    quotes: tuple[QuoteView, ...]
    missing: str
    rationale: str
    other_level: str


class RedFlagView(NamedTuple):
    """A red flag of the rubric that the grader raised."""

    name: str
    looks_like: str
    quote: QuoteView


class ComparisonView(NamedTuple):
    """What another grader made of the same answer."""

    grader: str
    said: str


class AnswerView(NamedTuple):
    """One answer. `score` is empty unless it was graded; `not_graded` then says why, unless a flag does.

    `brief` is set where the whole answer fits on a screen beside its rubric.
    """

    anchor: str
    answer_id: str
    candidate_id: str
    title: str
    question: str
    score: str
    out_of: str
    band: str
    meets_bar: bool
    arithmetic: str
    is_graded: bool
    not_graded: str
    not_answered: bool
    needs_review: bool
    flags: tuple[FlagView, ...]
    segments: tuple[Segment, ...]
    brief: bool
    criteria: tuple[CriterionView, ...]
    red_flags: tuple[RedFlagView, ...]
    comparison: ComparisonView | None
    confidence: str
    alike: tuple[AlikeView, ...]


class AnswerViews:
    """Makes the views of answers to one questionnaire; what is the same in many of them is made once."""

    def __init__(self, rubric: Rubric, questionnaire: Questionnaire) -> None:
        self._rubric = rubric
        self._questions = {question.id: question for question in questionnaire.questions}
        self._criteria = {criterion.id: criterion for criterion in rubric.criteria}
        self._places = {criterion.id: place for place, criterion in enumerate(rubric.criteria)}
        self._out_of = number(rubric.score_out_of)
        self._reached = lru_cache(maxsize=1024)(self._level_reached)
        self._sum = lru_cache(maxsize=4096)(lambda score, levels: answer_sum(score, dict(levels), rubric))

    def of(
        self, graded: GradedAnswer, anchor: str, other: Grade | None, alike: Sequence[AlikeAnswer] = ()
    ) -> AnswerView:
        """Everything that is shown of this answer; `other` is another grader's grade of it, to stand beside, and
        `alike` are other candidates' answers that are nearly the same.
        """
        answer, grade, rubric = graded.answer, graded.grade, self._rubric
        question = self._questions[grade.question_id]
        marks = AnswerMarks(answer, anchor)
        flags = flag_views(grade.flags, marks)
        others = {} if other is None else {criterion.id: criterion for criterion in other.criteria}
        criteria = tuple([self._criterion(given, marks, grade, others.get(given.id)) for given in grade.criteria])
        red_flags = tuple([_red_flag(seen, rubric, marks) for seen in grade.red_flags])
        return AnswerView(
            anchor=anchor,
            answer_id=grade.answer_id,
            candidate_id=grade.candidate_id,
            title=question.title,
            question=question.text,
            score="" if grade.score is None else shown_score(grade.score, rubric),
            out_of=self._out_of,
            band="" if grade.band is None else band_in_words(grade.band),
            meets_bar=grade.band == "meets_bar",
            arithmetic=self._sum(grade.score, tuple([(each.id, each.expected_level) for each in grade.criteria])),
            is_graded=grade.status == "graded",
            not_graded=_not_graded(grade),
            not_answered=grade.status == "not_answered",
            needs_review=grade.needs_review,
            flags=flags,
            segments=marks.segments(),
            brief=len(answer.text) + _LINE * answer.text.count("\n") <= _BRIEF,
            criteria=criteria,
            red_flags=red_flags,
            comparison=None if other is None else _comparison(other, rubric),
            confidence="" if grade.confidence is None else number(grade.confidence),
            alike=tuple(alike_views(answer.text, alike)),
        )

    def _criterion(
        self, given: CriterionGrade, marks: AnswerMarks, grade: Grade, other: CriterionGrade | None
    ) -> CriterionView:
        criterion, reached = self._criteria[given.id], self._reached(given.id, given.level)
        return CriterionView(
            reached=reached,
            readings=_readings(given, grade),
            claimed=_claimed(given),
            checks=_checks(given.checks, criterion) if given.checks else (),
            quotes=_quotes(given, criterion, reached, marks),
            missing=given.missing,
            rationale=given.rationale,
            other_level="" if other is None else str(other.level),
        )

    def _level_reached(self, criterion_id: str, reached: int) -> LevelReached:
        criterion, place = self._criteria[criterion_id], self._places[criterion_id]
        highest, lowest = max(criterion.levels), min(criterion.levels)
        pips = highest - lowest
        return LevelReached(
            letter=criterion_letter(place),
            look=criterion_look(place),
            name=criterion.name,
            asks=criterion.asks,
            level=reached,
            highest=highest,
            pips=tuple(level < reached for level in range(lowest, highest)) if pips <= _MOST_PIPS else (),
            anchor_text=criterion.levels.get(reached, ""),
            levels=tuple(LevelView(level, text, level == reached) for level, text in sorted(criterion.levels.items())),
        )


def answer_view(graded: GradedAnswer, anchor: str, rubric: Rubric, questionnaire: Questionnaire) -> AnswerView:
    """Everything that is shown of one answer by itself."""
    return AnswerViews(rubric, questionnaire).of(graded, anchor, None)


def _checks(given: Mapping[str, bool], criterion: Criterion) -> tuple[CheckView, ...]:
    return tuple(CheckView(criterion.checks.get(check, check), met) for check, met in given.items())


def _quotes(
    given: CriterionGrade, criterion: Criterion, reached: LevelReached, marks: AnswerMarks
) -> tuple[QuoteView, ...]:
    """The quotes of a criterion; the same words given for several checks are one quote that supports them all."""
    supports: dict[tuple[str, Mark | None], dict[str, None]] = {}
    for each in given.evidence:
        mark = marks.make(each.start, each.end, reached.look, reached.letter, criterion.name) if each.verified else None
        checks = supports.setdefault(("" if mark else each.quote, mark), {})
        if each.check:
            checks[criterion.checks.get(each.check, each.check)] = None
    return tuple([_quote(quote, mark, marks, tuple(checks)) for (quote, mark), checks in supports.items()])


def _quote(quote: str, mark: Mark | None, marks: AnswerMarks, supports: tuple[str, ...] = ()) -> QuoteView:
    if mark is None:
        return QuoteView(_cut(quote, _LONGEST_UNFOUND), "", "", False, supports)
    own_words = _cut(marks.text[mark.start : mark.end], _LONGEST_QUOTE)
    return QuoteView(own_words, mark.label, mark.anchor, True, supports)


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1].rstrip()}…"


def _readings(reached: CriterionGrade, grade: Grade) -> str:
    if reached.uncalibrated is not None:
        spread = "" if reached.spread is None else f", spread {number(reached.spread)}"
        given = number(reached.uncalibrated.expected_level)
        return f"{number(reached.expected_level)} on the raters’ scale; the grader gave {given}{spread}"
    if reached.spread is None and reached.expected_level == reached.level:
        return ""
    several = f"mean of {grade.provenance.samples} readings" if grade.provenance.samples > 1 else "mean"
    spread = "" if reached.spread is None else f", spread {number(reached.spread)}"
    return f"{several} {number(reached.expected_level)}{spread}"


def _claimed(reached: CriterionGrade) -> str:
    if reached.claimed_level is None:
        return ""
    said = f"The grader said level {reached.claimed_level}." if reached.claimed_level != reached.given_level else ""
    return f"{said} Not every quote for it is in the answer, and only what is in the answer counts.".strip()


def _red_flag(seen: RedFlagSeen, rubric: Rubric, marks: AnswerMarks) -> RedFlagView:
    known = next((flag for flag in rubric.red_flags if flag.id == seen.id), None)
    name = known.name if known else seen.id
    mark = marks.make(seen.start, seen.end, "flag", "!", name) if seen.verified else None
    return RedFlagView(name, known.looks_like if known else "", _quote(seen.quote, mark, marks))


def _not_graded(grade: Grade) -> str:
    """Why it was not graded; said once, so empty where the flag above the answer says it."""
    said_by_flag = any(flag.code == "ungraded" and flag.detail == grade.reason for flag in grade.flags)
    return "" if grade.status == "graded" or said_by_flag else reason_in_words(grade.reason)


def _comparison(other: Grade, rubric: Rubric) -> ComparisonView:
    if other.score is None:
        return ComparisonView(other.provenance.grader, f"gave no grade: {reason_in_words(other.reason)}")
    score = f"{shown_score(other.score, rubric)} of {number(rubric.score_out_of)}"
    return ComparisonView(other.provenance.grader, f"gives it {score}.")
