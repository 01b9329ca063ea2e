"""An answer as a page shows it, whole: most of a report is made of these, and so they are written without a template.

What a candidate or a model wrote goes through `shown`, which escapes it. Anchors are names of our own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from evaluator.report.alike_view import AlikeView
from evaluator.report.answer_markup import quoted, written, written_beside
from evaluator.report.answer_view import AnswerView
from evaluator.report.criterion_markup import criterion_markup
from evaluator.report.escaped import shown, shown_again
from evaluator.report.flag_view import FlagPlace, FlagView


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose answer it is, and where that candidate's section is; `href` is empty where it is on no page."""

    name: str
    href: str


class AnswerCard:
    """The card of one answer, as it stands in a file."""

    def __init__(self, answer: AnswerView, compared_with: str) -> None:
        """`compared_with` names the other grader, where there is one."""
        self._answer = answer
        self._body = _body(answer, compared_with)

    def under(self, heading: Literal["h3", "h4"], owner: Owner | None = None) -> bytes:
        """The card with a heading of this size; `owner` is named where it stands apart from the candidate's section."""
        answer = self._answer
        head = (
            f'<article class="answer" id="{answer.anchor}" aria-labelledby="{answer.anchor}-h">\n'
            f'<header class="answer-head">\n{_owned(owner) if owner else ""}'
            f'<{heading} id="{answer.anchor}-h">{shown_again(answer.title)}</{heading}>\n'
        )
        return head.encode() + self._body


def _body(answer: AnswerView, compared_with: str) -> bytes:
    before = (
        f'<p class="answer-score">{_score(answer)}</p>\n'
        f'<p class="question">{shown_again(answer.question)}</p>\n</header>\n'
        f"{_flags(answer)}\n{''.join(map(_alike, answer.alike))}"
        f'<div class="beside">\n<div class="left{" brief" if answer.brief else ""}">\n'
        f'<h5 class="label">The answer, as written</h5>\n{_written(answer)}</div>\n'
        f'<div class="right">\n<h5 class="label">Beside the rubric</h5>\n{_not_graded(answer)}'
    )
    after = f"{_red_flags(answer)}{_sum(answer)}{_confidence(answer)}{_comparison(answer)}</div>\n</div>\n</article>\n"
    criteria = [criterion_markup(each, compared_with) for each in answer.criteria]
    return b"".join([before.encode(), *criteria, after.encode()])


def _owned(owner: Owner) -> str:
    name = shown(owner.name)
    linked = f'<a href="{shown(owner.href)}">{name}</a>' if owner.href else name
    return f'<p class="owner"><bdi>{linked}</bdi></p>'


def _score(answer: AnswerView) -> str:
    if answer.score:
        return f'<b>{shown(answer.score)}</b> <span class="unit">of {shown(answer.out_of)}</span>'
    return f'<span class="none">{"not answered" if answer.not_answered else "not graded"}</span>'


def _flags(answer: AnswerView) -> str:
    if not answer.flags:
        return ""
    return f'<ul class="flags" aria-label="To look at">\n{"".join(map(_flag, answer.flags))}</ul>\n'


def _flag(flag: FlagView) -> str:
    look, severity = ("review", "Needs a person") if flag.review else ("note", "Note")
    return (
        f'<li class="{look}"><span class="severity">{severity}</span> <span><b>{shown_again(flag.name)}.</b> '
        f"{shown(flag.sentence)}{''.join(map(_place, flag.places))}</span></li>\n"
    )


def _place(at: FlagPlace) -> str:
    return f' <a class="at" href="#{at.anchor}" aria-label="Show {at.label} in the answer">{at.label}</a>'


def _alike(each: AlikeView) -> str:
    other = shown(each.candidate_id)
    return (
        f'<details class="alike"><summary>Beside the answer of <bdi>{other}</bdi>, row {each.row}; what both say is '
        'marked</summary>\n<div class="both"><section aria-label="This answer"><h5 class="label">This answer</h5>'
        f'{written_beside(each.own)}</section>\n<section aria-label="The other answer"><h5 class="label">'
        f"<bdi>{other}</bdi></h5>{written_beside(each.other)}</section></div>\n</details>\n"
    )


def _written(answer: AnswerView) -> str:
    if not answer.segments:
        return '<p class="written none">Nothing was written.</p>\n'
    return f"{written(answer.segments)}\n"


def _not_graded(answer: AnswerView) -> str:
    if answer.is_graded:
        return ""
    said, to_do = ("Not answered.", "") if answer.not_answered else ("Not graded.", "; a person has to read it")
    return f'<p class="not-graded"><b>{said}</b> {shown(answer.not_graded)} It does not count as a zero{to_do}.</p>\n'


def _red_flags(answer: AnswerView) -> str:
    if not answer.red_flags:
        return ""
    seen = "".join(
        f'<p class="anchor"><b>{shown(each.name)}.</b> {shown(each.looks_like)}</p>\n'
        f'<ul class="quotes">{quoted([each.quote])}</ul>\n'
        for each in answer.red_flags
    )
    return f'<section class="red-flags">\n<h5><span class="name">Red flags</span></h5>\n{seen}</section>\n'


def _sum(answer: AnswerView) -> str:
    said = answer.arithmetic
    return f'<p class="sum"><span class="label">Score</span> {shown_again(said)}</p>' if said else ""


def _confidence(answer: AnswerView) -> str:
    return f'<p class="aside">Confidence {shown(answer.confidence)}.</p>' if answer.confidence else ""


def _comparison(answer: AnswerView) -> str:
    other = answer.comparison
    if other is None:
        return ""
    return f'<p class="aside">For comparison, <bdi>{shown_again(other.grader)}</bdi> {shown(other.said)}</p>'
