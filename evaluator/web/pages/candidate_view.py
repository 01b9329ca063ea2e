"""What the page of one candidate shows: answers side by side, levels and who gave them, the sum, and decisions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fastapi import Request

from evaluator.core.review import DECISIONS, CandidateDecision
from evaluator.core.rubric import Criterion, Rubric
from evaluator.core.score import band_of
from evaluator.report.answer_marks import AnswerMarks
from evaluator.report.answer_view import AnswerView, answer_view
from evaluator.report.graded_answer import GradedAnswer
from evaluator.report.marked_answer import Segment, criterion_letter, criterion_look
from evaluator.report.wording import STATUS_NAMES, band_in_words, counted, number, shown_score
from evaluator.run.review_views import CandidateView, ReviewedAnswer
from evaluator.web.pages.moment import moment
from evaluator.web.pages.queue import STATE_NAMES
from evaluator.web.pages.shown_candidate import ShownCandidate, shown_candidate


@dataclass(frozen=True, slots=True)
class LevelCell:
    """A level in the table of a candidate: what stands, and the grader's where a person changed it."""

    level: str
    was: str


@dataclass(frozen=True, slots=True)
class CriterionRow:
    """One criterion over all questions."""

    letter: str
    look: str
    name: str
    cells: tuple[LevelCell, ...]


@dataclass(frozen=True, slots=True)
class AnswerCard:
    """One answer. `graded` is None while its grade is hidden from whoever looks; the words are shown all the same."""

    anchor: str
    title: str
    question: str
    score: str
    status: str
    segments: tuple[Segment, ...]
    graded: AnswerView | None
    is_hidden: bool
    review_href: str
    review_state: str
    reviews: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DecisionLine:
    """A decision that somebody made."""

    name: str
    decision: str
    at: str
    note: str


@dataclass(frozen=True, slots=True)
class CandidatePage:
    """The page of one candidate of one run."""

    who: ShownCandidate
    run: str
    run_name: str
    score: str
    out_of: str
    band: str
    band_look: str
    sum: str
    hidden: int
    columns: tuple[AnswerCard, ...]
    criteria: tuple[CriterionRow, ...]
    decisions: tuple[DecisionLine, ...]
    choices: tuple[tuple[CandidateDecision, str], ...]
    standing_decision: str


def candidate_page(view: CandidateView, request: Request) -> CandidatePage:
    """Everything that the page shows."""
    record = view.record
    rubric = record.order.rubric
    cards = tuple(_card(each, view, place) for place, each in enumerate(view.answers, start=1))
    complete = view.standing is not None and view.standing.complete
    band = band_of(view.score, rubric) if view.score is not None and complete else None
    return CandidatePage(
        who=shown_candidate(view.candidate_id, record.id, request),
        run=record.id,
        run_name=record.order.manifest.input_name,
        score="" if view.score is None else shown_score(view.score, rubric),
        out_of=number(rubric.score_out_of),
        band=band_in_words(band),
        band_look={"meets_bar": "meets", "below_bar": "below", None: "open"}[band],
        sum=_sum(view, rubric),
        hidden=len(view.hidden),
        columns=cards,
        criteria=tuple(_row(place, each, view.answers) for place, each in enumerate(rubric.criteria)),
        decisions=tuple(
            DecisionLine(made.name, DECISIONS[made.decision], moment(made.at), made.note)
            for made in reversed(view.decisions)
        ),
        choices=tuple(DECISIONS.items()),
        standing_decision=DECISIONS[view.decisions[-1].decision] if view.decisions else "",
    )


def _levels(answer: ReviewedAnswer) -> Mapping[str, int]:
    """The levels that stand: people's where they settled, else the grader's."""
    if answer.final_levels is not None:
        return answer.final_levels
    return {each.id: each.level for each in answer.grade.criteria} if answer.grade else {}


def _standing_score(answer: ReviewedAnswer) -> float | None:
    if answer.final_levels is not None:
        return answer.reviewed_score
    return answer.grade.score if answer.grade else None


def _row(place: int, criterion: Criterion, answers: tuple[ReviewedAnswer, ...]) -> CriterionRow:
    return CriterionRow(
        letter=criterion_letter(place),
        look=criterion_look(place),
        name=criterion.name,
        cells=tuple(_cell(answer, criterion.id) for answer in answers),
    )


def _cell(answer: ReviewedAnswer, criterion: str) -> LevelCell:
    if answer.is_hidden:
        return LevelCell("hidden", "")
    level = _levels(answer).get(criterion)
    given = next((each.level for each in answer.grade.criteria if each.id == criterion), None) if answer.grade else None
    return LevelCell("–" if level is None else str(level), "" if given in (None, level) else str(given))


def _card(answer: ReviewedAnswer, view: CandidateView, place: int) -> AnswerCard:
    order = view.record.order
    anchor = f"a{place}"
    graded = None
    if answer.grade is not None:
        graded = answer_view(GradedAnswer(answer.answer, answer.grade), anchor, order.rubric, order.questionnaire)
    score = _standing_score(answer)
    return AnswerCard(
        anchor=anchor,
        title=answer.question.title,
        question=answer.question.text,
        score="" if score is None else shown_score(score, order.rubric),
        status="grade hidden" if answer.is_hidden else STATUS_NAMES[answer.grade.status] if answer.grade else "",
        segments=graded.segments if graded else AnswerMarks(answer.answer, anchor).segments(),
        graded=graded,
        is_hidden=answer.is_hidden,
        review_href="" if answer.item_id is None else f"/review/{answer.item_id}",
        review_state="" if answer.state is None else STATE_NAMES[answer.state],
        reviews=tuple(_review(answer, order.rubric, each.name, each.label.levels) for each in answer.labels),
    )


def _review(answer: ReviewedAnswer, rubric: Rubric, name: str, levels: Mapping[str, int]) -> str:
    given = {each.id: each.level for each in answer.grade.criteria} if answer.grade else {}
    changed = [each for each in rubric.criteria if each.id in levels and levels[each.id] != given.get(each.id)]
    if not changed:
        return f"{name} confirmed every level."
    words = ", ".join(
        f"{each.name} {given[each.id]} → {levels[each.id]}" if each.id in given else f"{each.name} {levels[each.id]}"
        for each in changed
    )
    return f"{name} gave {words}."


def _sum(view: CandidateView, rubric: Rubric) -> str:
    """How the score adds up, for a pencil."""
    if view.score is None:
        return "Answers that you have not labelled yet are hidden, and so is the sum." if view.hidden else "No score."
    scores = [score for each in view.answers if (score := _standing_score(each)) is not None]
    asked = len(view.record.order.manifest.questions_asked) or len(view.answers)
    terms = " + ".join(shown_score(score, rubric) for score in scores)
    rests = f"the mean of {len(scores)} of {counted(asked, 'answer')}"
    return f"({terms}) ÷ {len(scores)} = {shown_score(view.score, rubric)}, {rests}."
