"""Text in which nothing hides: characters that draw no ink or turn the line around are written out as ⟦U+202E⟧.

A candidate's words are untrusted. A right-to-left override can make a page read as what it does not say, and
tag characters can carry a message to a model that no person sees. A report shows where they stand.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

# Control characters except tab and line ends; soft hyphen; fillers and other letters without ink; marks, embeddings,
# overrides and isolates of direction; zero-width characters; variation selectors except the two that choose between
# text and emoji; interlinear and music controls; the plane of tags; halves of surrogate pairs; non-characters.
_HIDDEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e"
    "\u2060-\u206f\u2800\u3164\ufe00-\ufe0d\ufeff\uffa0\ufff9-\ufffb\ufffe\uffff"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff\ud800-\udfff]+"
)
_JOINERS = "\u200c\u200d"
# What a joiner may stand between: letters of scripts that join, their marks, and the parts of an emoji.
_JOINED = frozenset({"Lo", "Mc", "Mn", "Sk", "So"})
_LINE_END = re.compile(r"\r\n?")
_EACH_SHOWN = 3  # up to this many hidden characters in a row are written out one by one


@dataclass(frozen=True, slots=True)
class HiddenRun:
    """Characters [start, end) that a reader would not see."""

    start: int
    end: int


def hidden_runs(text: str) -> Iterator[HiddenRun]:
    """Where hidden characters stand, in order. A joiner inside a word of its script or an emoji is not hidden."""
    if is_shown_as_it_is(text):
        return
    for found in _HIDDEN.finditer(text):
        if not _belongs(text, found.start(), found.end()):
            yield HiddenRun(found.start(), found.end())


def visible(text: str) -> str:
    """The text with hidden characters written out and line ends made alike."""
    if is_shown_as_it_is(text):
        return text
    pieces: list[str] = []
    at = 0
    for run in hidden_runs(text):
        pieces += (text[at : run.start], written_out(text[run.start : run.end]))
        at = run.end
    return _LINE_END.sub("\n", "".join((*pieces, text[at:])))


def is_shown_as_it_is(text: str) -> bool:
    """Whether it is ASCII that is shown as it is: nearly all text, of which a page has a hundred pieces an answer."""
    return text.isascii() and (text.isprintable() or text.replace("\n", "").replace("\t", "").isprintable())


def written_out(hidden: str) -> str:
    """A run of hidden characters in visible ones: ⟦U+202E⟧; for a long run, how many there are and what they spell."""
    if len(hidden) <= _EACH_SHOWN:
        return "".join(f"⟦{_code_point(character)}⟧" for character in hidden)
    spelled = _spelled(hidden)
    says = f", spelling “{spelled}”" if spelled else ""
    return f"⟦{len(hidden)} hidden characters, {_code_point(hidden[0])} … {_code_point(hidden[-1])}{says}⟧"


def names_of(hidden: str) -> str:
    """What the characters of a hidden run are called, each once, for a tooltip."""
    called = (f"{_code_point(character)} {unicodedata.name(character, 'unnamed')}" for character in hidden)
    return ", ".join(list(dict.fromkeys(called))[:8])


def _belongs(text: str, start: int, end: int) -> bool:
    if end - start != 1 or text[start] not in _JOINERS or start == 0 or end == len(text):
        return False
    return all(unicodedata.category(text[at]) in _JOINED for at in (start - 1, end))


def _code_point(character: str) -> str:
    return f"U+{ord(character):04X}"


def _spelled(hidden: str) -> str:
    """What tag characters spell: each stands for the ASCII character 0xE0000 below it."""
    plain = (ord(character) - 0xE0000 for character in hidden if 0xE0020 <= ord(character) < 0xE007F)
    return "".join(map(chr, plain))
