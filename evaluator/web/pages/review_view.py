"""What the page of one answer shows: the answer as written, the rubric beside it, and whose levels are whose."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from fastapi import Request

from evaluator.core.grade import CriterionGrade
from evaluator.core.review import REASONS, LogEntry, Reason
from evaluator.core.review_queue import Choice
from evaluator.core.rubric import Criterion
from evaluator.report.alike_view import side_by_side
from evaluator.report.answer_marks import AnswerMarks
from evaluator.report.answer_view import AnswerView, QuoteView, RedFlagView, answer_view
from evaluator.report.flag_view import FlagView, flag_views
from evaluator.report.graded_answer import GradedAnswer
from evaluator.report.marked_answer import Segment, criterion_letter, criterion_look
from evaluator.run.review_views import NamedLabel, OpenItem
from evaluator.web.pages.moment import clock, moment
from evaluator.web.pages.queue import STATE_NAMES, why_name
from evaluator.web.pages.shown_candidate import ShownCandidate, shown_candidate

Mode = Literal["review", "blind", "revealed", "adjudicate"]

_ANCHOR = "w"
_SAVE_WORDS: dict[Mode, str] = {
    "review": "Next",
    "blind": "Save, and see the grader’s",
    "revealed": "Next",
    "adjudicate": "Decide, and next",
}


@dataclass(frozen=True, slots=True)
class LevelRow:
    """A level that can be chosen; `by`: who chose it so far."""

    level: int
    text: str
    chosen: bool
    by: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CriterionForm:
    """A criterion to decide on. `measured_against`: the level that a change needs a reason from; None while hidden."""

    id: str
    letter: str
    look: str
    name: str
    asks: str
    levels: tuple[LevelRow, ...]
    measured_against: int | None
    readings: str
    claimed: str
    quotes: tuple[QuoteView, ...]
    missing: str
    rationale: str
    has_reasons: bool


@dataclass(frozen=True, slots=True)
class OtherLabel:
    """Somebody else's levels, in words."""

    name: str
    said: str
    comment: str


@dataclass(frozen=True, slots=True)
class HistoryLine:
    """One entry of the log, in words."""

    at: str
    said: str


@dataclass(frozen=True, slots=True)
class AnswerBeside:
    """Another candidate's answer that is nearly the same, beside this one; what both say is marked in both."""

    who: ShownCandidate
    own: tuple[Segment, ...]
    other: tuple[Segment, ...]


@dataclass(frozen=True, slots=True)
class ReviewView:
    """The page of one answer. While `mode` is "blind" nothing here comes from the grade."""

    item: int
    version: int
    mode: Mode
    title: str
    question: str
    who: ShownCandidate
    why: str
    needed: int
    state: str
    state_name: str
    lease: str
    can_save: bool
    cannot_because: str
    regraded: bool
    flags: tuple[FlagView, ...]
    segments: tuple[Segment, ...]
    alike: tuple[AnswerBeside, ...]
    criteria: tuple[CriterionForm, ...]
    red_flags: tuple[RedFlagView, ...]
    not_graded: str
    revealed: str
    has_mine: bool
    can_agree: bool
    """Whether every criterion has a level, the grader's or a colleague's, that can be agreed with by one key."""
    shows_why: bool
    reasons: tuple[tuple[Reason, str], ...]
    reason: Reason | None
    comment: str
    others: tuple[OtherLabel, ...]
    history: tuple[HistoryLine, ...]
    colleagues: tuple[Choice, ...]
    save_words: str

    @property
    def blind(self) -> bool:
        """Whether the grader's levels are hidden."""
        return self.mode == "blind"


def review_view(
    opened: OpenItem, request: Request, names: Mapping[str, str], colleagues: Sequence[Choice], *, adjudicates: bool
) -> ReviewView:
    """Everything that the page shows; `names` are the users' names by their ids."""
    item, mine = opened.item, opened.mine
    mode = _mode(opened, adjudicates=adjudicates)
    graded = _graded(opened)
    marks = AnswerMarks(opened.answer, _ANCHOR)
    flags = graded.flags if graded else flag_views(opened.safe_flags, marks)
    criteria = tuple(_criteria(opened, graded))
    differs = any(
        each.measured_against is not None and mine is not None and mine.levels.get(each.id) != each.measured_against
        for each in criteria
    )
    return ReviewView(
        item=item.id,
        version=opened.version,
        mode=mode,
        title=opened.question.title,
        question=opened.question.text,
        who=shown_candidate(item.candidate_id, item.run_id, request),
        why=why_name(item.why),
        needed=item.needed,
        state=item.state,
        state_name=STATE_NAMES[item.state],
        lease=f"Held for you until {clock(opened.lease.until)}" if opened.lease and opened.lease.is_mine else "",
        can_save=opened.can_save,
        cannot_because=opened.cannot_because or "",
        regraded=opened.regraded_since,
        flags=flags,
        segments=graded.segments if graded else marks.segments(),
        alike=tuple(_alike(opened, request)),
        criteria=criteria,
        red_flags=graded.red_flags if graded else (),
        not_graded="" if graded is None or graded.is_graded else graded.not_graded or "The reason stands above.",
        revealed=_revealed(mode, criteria, mine_levels=mine.levels if mine else None),
        has_mine=mine is not None,
        can_agree=mode == "review" and all(any(level.chosen for level in each.levels) for each in criteria),
        shows_why=mode == "adjudicate" or (mode == "revealed" and differs),
        reasons=tuple(REASONS.items()),
        reason=mine.reason if mine else None,
        comment=mine.comment if mine else "",
        others=tuple(_other(label, opened.criteria) for label in _others(opened)),
        history=tuple(_line(entry, names, opened.criteria) for entry in opened.entries),
        colleagues=tuple(colleagues),
        save_words=_SAVE_WORDS[mode],
    )


def _alike(opened: OpenItem, request: Request) -> Iterator[AnswerBeside]:
    for other in opened.alike:
        who = shown_candidate(other.answer.candidate_id, other.run_id, request)
        own, theirs = side_by_side(opened.answer.text, other.answer.text)
        yield AnswerBeside(who, own, theirs)


def _mode(opened: OpenItem, *, adjudicates: bool) -> Mode:
    if opened.blind:
        return "blind"
    if adjudicates and opened.item.state == "adjudicate":
        return "adjudicate"
    return "revealed" if opened.mine is not None and opened.mine.blind_levels is not None else "review"


def _graded(opened: OpenItem) -> AnswerView | None:
    if opened.grade is None:
        return None
    graded = GradedAnswer(opened.answer, opened.grade)
    return answer_view(graded, _ANCHOR, opened.rubric, opened.record.order.questionnaire)


def _others(opened: OpenItem) -> tuple[NamedLabel, ...]:
    return (*opened.others, *((opened.adjudication,) if opened.adjudication else ()))


def _criteria(opened: OpenItem, graded: AnswerView | None) -> Iterator[CriterionForm]:
    letters = {criterion.id: place for place, criterion in enumerate(opened.rubric.criteria)}
    given: dict[str, CriterionGrade] = {each.id: each for each in opened.grade.criteria} if opened.grade else {}
    shown = {each.reached.letter: each for each in graded.criteria} if graded else {}
    chosen = _chosen(opened, given)
    against = _measured_against(opened, given)
    for criterion in opened.criteria:
        letter = criterion_letter(letters[criterion.id])
        view = shown.get(letter)
        yield CriterionForm(
            id=criterion.id,
            letter=letter,
            look=criterion_look(letters[criterion.id]),
            name=criterion.name,
            asks=criterion.asks,
            levels=tuple(
                LevelRow(level, text, chosen.get(criterion.id) == level, tuple(_by(opened, given, criterion.id, level)))
                for level, text in sorted(criterion.levels.items())
            ),
            measured_against=against.get(criterion.id),
            readings=view.readings if view else "",
            claimed=view.claimed if view else "",
            quotes=view.quotes if view else (),
            missing=view.missing if view else "",
            rationale=view.rationale if view else "",
            has_reasons=view is not None,
        )


def _chosen(opened: OpenItem, given: Mapping[str, CriterionGrade]) -> Mapping[str, int]:
    """The levels that stand chosen as the page opens: one's own, else what people settled on, else the grader's."""
    if opened.item.state == "adjudicate":
        return {}
    if opened.mine is not None:
        return opened.mine.levels
    return opened.final_levels or {name: each.level for name, each in given.items()}


def _measured_against(opened: OpenItem, given: Mapping[str, CriterionGrade]) -> Mapping[str, int]:
    if opened.item.needed == 1 and opened.others:
        return opened.others[-1].label.levels
    return {name: each.level for name, each in given.items()}


def _by(opened: OpenItem, given: Mapping[str, CriterionGrade], criterion: str, level: int) -> Iterator[str]:
    if criterion in given and given[criterion].level == level:
        yield "grader"
    mine = opened.mine
    if mine is not None:
        blind = mine.blind_levels
        if blind is not None and blind.get(criterion) == level and blind != mine.levels:
            yield "you, blind"
        if mine.levels.get(criterion) == level:
            yield "you"
    for other in _others(opened):
        if other.label.levels.get(criterion) == level:
            yield other.name


def _revealed(mode: Mode, criteria: Sequence[CriterionForm], mine_levels: Mapping[str, int] | None) -> str:
    if mode != "revealed" or mine_levels is None:
        return ""
    compared = [each for each in criteria if each.measured_against is not None]
    apart = sum(mine_levels.get(each.id) != each.measured_against for each in compared)
    if not compared:
        return "Saved. The grader gave no levels here."
    if not apart:
        return "Saved. The grader gives the same levels."
    return f"Saved. The grader differs on {apart} of {len(compared)} criteria."


def _levels_in_words(levels: Mapping[str, int] | None, criteria: Sequence[Criterion]) -> str:
    return ", ".join(f"{each.name} {levels[each.id]}" for each in criteria if each.id in levels) if levels else ""


def _other(other: NamedLabel, criteria: Sequence[Criterion]) -> OtherLabel:
    label = other.label
    said = _levels_in_words(label.levels, criteria) + (" (blind)" if label.blind else "")
    because = f". {REASONS[label.reason]}" if label.reason else ""
    return OtherLabel(other.name, f"{said}{because}.", label.comment)


_ACTIONS: Mapping[str, str] = {
    "labelled": "gave levels",
    "explained": "said why",
    "adjudicated": "decided between two reviewers",
    "undone": "took their last entry back",
    "skipped": "skipped it",
    "handed": "handed it on",
    "regraded": "was graded again",
    "flagged": "was found to be nearly the same as another answer that came later",
}


def _line(entry: LogEntry, names: Mapping[str, str], criteria: Sequence[Criterion]) -> HistoryLine:
    detail = entry.detail
    actor = names.get(entry.actor, "somebody who is gone") if entry.actor else "The answer"
    said = f"{actor} {_ACTIONS.get(entry.action, entry.action)}"
    if detail.blind:
        said += ", blind"
    if detail.to_user:
        said += f" to {names.get(detail.to_user, 'somebody')}"
    if levels := _levels_in_words(detail.levels, criteria):
        said += f": {levels}"
    if detail.reason:
        said += f". {REASONS[detail.reason]}"
    return HistoryLine(moment(entry.at), f"{said}." + (f" “{detail.comment}”" if detail.comment else ""))
