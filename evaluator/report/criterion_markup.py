"""One criterion beside an answer as a page shows it: the level reached, the words that it rests on, and why.

The level and its anchors are the same for many answers, and more than all else on a page: they are written once.
"""

from __future__ import annotations

from functools import lru_cache

from evaluator.report.answer_markup import quoted
from evaluator.report.answer_view import CheckView, CriterionView, LevelReached
from evaluator.report.escaped import shown, shown_again
from evaluator.report.wording import counted


def criterion_markup(each: CriterionView, compared_with: str) -> bytes:
    """The criterion's section, as it stands in a file. `compared_with` names the other grader, where there is one."""
    reasons = (
        f"{_claimed(each)}{_aside(each, compared_with)}{_evidence(each)}"
        f'<dl class="why">\n{_why("Missing", each.missing)}{_why("Why", each.rationale)}</dl>\n'
    )
    checks = _checks_met(each.checks) if each.checks else b""
    return b"%b%b%b%b" % (_level_reached(each.reached), reasons.encode(), checks, _all_levels(each.reached))


def _claimed(each: CriterionView) -> str:
    return f'<p class="fell">{shown(each.claimed)}</p>' if each.claimed else ""


def _aside(each: CriterionView, compared_with: str) -> str:
    if not each.readings and not each.other_level:
        return ""
    readings = f"{shown(each.readings.capitalize())}." if each.readings else ""
    other = f"<bdi>{shown_again(compared_with)}</bdi>: level {shown(each.other_level)}." if each.other_level else ""
    return f'<p class="aside">{readings} {other}</p>\n'


def _evidence(each: CriterionView) -> str:
    if not each.quotes:
        return '<p class="aside">No words of the answer were pointed to.</p>\n'
    return f'<ul class="quotes" aria-label="Evidence">\n{quoted(each.quotes)}</ul>\n'


def _why(term: str, said: str) -> str:
    return f'<div><dt>{term}</dt><dd dir="auto">{shown(said)}</dd></div>' if said else ""


@lru_cache(maxsize=1024)
def _level_reached(each: LevelReached) -> bytes:
    pips = "".join('<i class="on"></i>' if on else "<i></i>" for on in each.pips)
    drawn = f'<span class="pips" aria-hidden="true">{pips}</span> ' if pips else ""
    return (
        f'<section class="criterion {each.look}">\n'
        f'<h5><span class="letter {each.look}">{each.letter}</span> <span class="name">{shown(each.name)}</span>\n'
        f'<span class="level">{drawn}<b>level {each.level}</b> of {each.highest}</span></h5>\n'
        f'<p class="anchor">{shown(each.anchor_text)}</p>\n'
    ).encode()


@lru_cache(maxsize=1024)
def _all_levels(each: LevelReached) -> bytes:
    levels = "".join(
        f'<div class="reached"><dt>{level.level}</dt><dd>{shown(level.anchor_text)} <b>(reached)</b></dd></div>'
        if level.reached
        else f"<div><dt>{level.level}</dt><dd>{shown(level.anchor_text)}</dd></div>"
        for level in each.levels
    )
    return (
        '<details class="levels"><summary>All levels</summary>\n'
        f'<p class="asks">{shown(each.asks)}</p>\n<dl>{levels}</dl>\n</details>\n</section>\n'
    ).encode()


@lru_cache(maxsize=1024)
def _checks_met(checks: tuple[CheckView, ...]) -> bytes:
    items = "".join(
        f'<li class="{"met" if check.met else "unmet"}"><b>{"Yes" if check.met else "No"}</b> '
        f"{shown(check.question)}</li>"
        for check in checks
    )
    return (
        f'<details class="checks"><summary>{sum(check.met for check in checks)} of {counted(len(checks), "check")} met'
        f"</summary>\n<ul>{items}</ul>\n</details>\n"
    ).encode()
