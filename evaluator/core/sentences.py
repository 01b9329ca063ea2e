"""The sentences of a text, as slices of it: what evidence points to, and what a model is shown by number.

A line ends a sentence, so do full stop, question and exclamation mark in any script. Where it is unclear
(an abbreviation, a decimal, "1." before a list item), the text is left in one piece.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sentence:
    """Characters [start, end) of a text; `text` is exactly that slice, without white space around it."""

    start: int
    end: int
    text: str


# What closes a sentence: marks that need white space after them, and full-width marks that do not.
# Closing quotation marks and brackets belong to the sentence that they close.
_END = re.compile(r"(?:[.!?…؟।॥՝።]+[\"'”’»)\]]*(?=\s)|[。！？．｡]+[\"'”’»」』）)\]]*)")
_CLOSING = "\"'”’»)]"
_LINE = re.compile(r"[^\n\r\v\f\x1c-\x1e\x85\u2028\u2029]+")
_LONGEST_WORD = 12
_LAST_WORD = re.compile(r"[^\s(\[\"'“‘«]*\Z")
_LIST_NUMBER = re.compile(r"[\s(\[]*(?:\d{1,3}|[^\W\d_]|[ivxIVX]{1,4})\Z")

# Written without the last full stop. Those in the second set may also end a sentence: then what follows
# begins with a capital letter.
_ABBREVIATIONS = frozenset(
    "e.g i.e vs cf mr mrs ms dr prof no nr nº núm num fig eq approx ca incl resp esp p.ej p.ex ej z.b d.h u.a sr sra "
    "st sec min max avg est dept viz ex bzw ggf vgl aprox".split()
)
_ABBREVIATIONS_OR_ENDS = frozenset("etc a.m p.m al usw inc ltd co corp wk wks hr hrs u.s".split())
_ENDS_IN_FRONT_OF_CAPITALS = frozenset("no min max st sec ex est".split())  # words too, not only abbreviations


def sentences(text: str) -> tuple[Sentence, ...]:
    """The sentences of `text`, in order and without overlap; blank lines give none."""
    return tuple(_sentences(text))


def _sentences(text: str) -> Iterator[Sentence]:
    for line in _LINE.finditer(text):
        begin = line.start()
        for mark in _END.finditer(text, line.start(), line.end()):
            if _ends_sentence(text, begin, mark, line.end()):
                yield from _trimmed(text, begin, mark.end())
                begin = mark.end()
        yield from _trimmed(text, begin, line.end())


def _trimmed(text: str, start: int, end: int) -> Iterator[Sentence]:
    piece = text[start:end]
    stripped = piece.strip()
    if stripped:
        start += piece.index(stripped[0])
        yield Sentence(start, start + len(stripped), stripped)


def _ends_sentence(text: str, begin: int, mark: re.Match[str], line_end: int) -> bool:
    if mark.group().rstrip(_CLOSING) != ".":
        return True
    # Only the last few characters are looked at, so that a long line is read once.
    before = text[max(begin, mark.start() - _LONGEST_WORD) : mark.start()]
    if mark.start() - begin <= 5 and _LIST_NUMBER.fullmatch(before):
        return False
    last = _LAST_WORD.search(before)
    word = last.group().lower() if last else ""
    following = text[mark.end() : min(line_end, mark.end() + 8)].lstrip(" \t\"'“‘«([")
    capital = following[:1].isupper()
    if word in _ENDS_IN_FRONT_OF_CAPITALS or word in _ABBREVIATIONS_OR_ENDS:
        return capital or not following
    return word not in _ABBREVIATIONS
