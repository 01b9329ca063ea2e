"""An answer cut where its marks begin and end, so that evidence can be shown even where quotes overlap."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from evaluator.report.visible_text import hidden_runs, is_shown_as_it_is, names_of, visible, written_out

_LOOKS = 6  # as many as the style sheet has


class Mark(NamedTuple):
    """Characters [start, end) of an answer that somebody points to.

    `look` is the style it is drawn with, `label` what is written beside it (A1), `title` what it stands for,
    `anchor` the name that a link goes to. A mark is known by its label, never by its colour alone.
    """

    start: int
    end: int
    look: str
    label: str
    title: str
    anchor: str


class Segment(NamedTuple):
    """A stretch of the answer over which the same marks hold; outermost mark first.

    `begins` and `ends` are the marks whose first or last segment this is. `hidden` names the characters of a
    stretch that had to be written out, and is empty elsewhere.
    """

    text: str
    marks: tuple[Mark, ...]
    begins: tuple[Mark, ...]
    ends: tuple[Mark, ...]
    hidden: str


def segments(text: str, marks: Sequence[Mark]) -> Iterator[Segment]:
    """The answer, whole and in order. A mark that reaches beyond the text is cut to it; an empty one is left out."""
    size = len(text)
    kept = sorted(
        [mark for mark in marks if 0 <= mark.start < min(mark.end, size)], key=lambda mark: (mark.start, -mark.end)
    )
    is_plain = is_shown_as_it_is(text)
    hidden = {} if is_plain else {run.start: run.end for run in hidden_runs(text)}
    cuts = {0, size, *hidden, *hidden.values(), *[m.start for m in kept], *[min(m.end, size) for m in kept]}
    waiting = kept[::-1]
    over: tuple[Mark, ...] = ()
    hidden_until = 0
    for start, end in pairwise(sorted(cuts)):
        if over:
            over = tuple([mark for mark in over if mark.end > start])
        begins: tuple[Mark, ...] = ()
        while waiting and waiting[-1].start == start:
            begins += (waiting.pop(),)
        over += begins
        ends = tuple([mark for mark in over if min(mark.end, size) == end]) if over else ()
        hidden_until = max(hidden_until, hidden.get(start, 0))
        piece = text[start:end]
        if start < hidden_until:
            yield Segment(written_out(piece), over, begins, ends, names_of(piece))
        else:
            yield Segment(piece if is_plain else visible(piece), over, begins, ends, "")


def criterion_look(place: int) -> str:
    """The style of the criterion at this place; styles repeat, letters do not."""
    return f"k{place % _LOOKS}"


def criterion_letter(place: int) -> str:
    """A, B … Z, AA, AB: how the criterion at this place of the rubric is called beside the answer."""
    letters = ""
    place += 1
    while place:
        place, rest = divmod(place - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters
