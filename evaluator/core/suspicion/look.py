"""The look into an answer before any grader reads it: everything in it that speaks to the grader, in order.

Nearly every answer is told in a tenth of a millisecond: the words are looked up once, and only where enough of them
could meet, or where a sign stands that a code or markup needs, is the text gone through.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from itertools import compress
from operator import or_

from evaluator.core.suspicion.address import addresses, may_address
from evaluator.core.suspicion.encoded import STRAIGHT, TELLINGS, encoded, may_be_turned, turned
from evaluator.core.suspicion.finding import Finding, merged
from evaluator.core.suspicion.markup import grades_as_data, markup
from evaluator.core.suspicion.matching_text import MatchingText, inkless_runs, words_of
from evaluator.core.suspicion.stuffing import RecitedRuns, keyword_lists, may_repeat, recitals, repetitions, runs_of

_SIGNS = "-:/=_*[#<~："  # the commonest first
_LONG_WORD = 20  # letters: base64 and the like
_SINGLE_LETTERS = bytes([1] * 7)  # so many words of one letter in a row
_BINARY_DIGITS = 32
_PERCENT_SIGNS = 5
_TAG_LETTERS = range(0xE0020, 0xE007F)
_OVERRIDE = re.compile("[\u202d\u202e][^\u202c\n]{0,4000}[\u202c\n]?")


@dataclass(frozen=True, slots=True)
class GradingWords:
    """What only a rubric says: its criteria's names and ids in lower case, and its runs of words."""

    names: tuple[str, ...]
    runs: RecitedRuns

    @classmethod
    def of(cls, names: Sequence[str], texts: Sequence[str], given: Sequence[str]) -> GradingWords:
        """From the rubric's names and texts, less what a question gives (`given`)."""
        return cls(tuple(name.lower() for name in names), RecitedRuns(runs_of(texts) - runs_of(given)))


def look_at(answer: str, words: GradingWords) -> tuple[Finding, ...]:
    """Everything found, in the order of the answer and without overlap. Offsets are into `answer`."""
    searched = MatchingText.of(answer)
    found = [
        replace(each, start=start, end=end)
        for each in _found_in(searched.text, words)
        for start, end in [searched.original(each.start, each.end)]
    ]
    if not answer.isascii():
        found.extend(_carried_unseen(answer))
    return merged(found) if found else ()


def _found_in(text: str, words: GradingWords) -> Iterator[Finding]:
    lowered = text.lower()
    said = words_of(lowered)
    tellings = list(map(TELLINGS.__getitem__, said))
    telling = reduce(or_, set(tellings), 0)
    if may_address(text, lowered, _hot(tellings)):
        yield from addresses(text)
    if may_be_turned(telling):
        yield from turned(text)
    if any(map(text.__contains__, _SIGNS)):
        yield from markup(text)
        yield from grades_as_data(text, lowered, said, words.names)
    if _may_hold_a_code(text, said):
        yield from encoded(text)
    if words.runs.stand_in(said):
        yield from recitals(text, words.runs.every)
    if text.count(",") + text.count(";") + text.count("、") + text.count("，") + text.count("\n") >= 9:
        yield from keyword_lists(text)
    if len(said) >= 24 and may_repeat(text) and len(set(said)) < 0.7 * len(said):
        yield from repetitions(text)


def _hot(tellings: Sequence[int]) -> list[tuple[int, int]]:
    """The words that have concepts: their places and these."""
    places = compress(range(len(tellings)), tellings)
    return [(place, concepts) for place in places if (concepts := tellings[place] & STRAIGHT)]


def _may_hold_a_code(text: str, said: list[str]) -> bool:
    sizes = list(map(len, said))
    if max(sizes, default=0) >= _LONG_WORD:
        return True
    if ("&" in text and "&#" in text) or ("\\" in text and ("\\u" in text or "\\x" in text)):
        return True
    if _SINGLE_LETTERS in bytes(sizes):
        return True
    if text.count("%") >= _PERCENT_SIGNS:
        return True
    if text.count("·") + (text.count(".-") + text.count("-.") + text.count(". -") if "-" in text else 0) >= 4:
        return True
    return text.count("0") + text.count("1") >= _BINARY_DIGITS


def _carried_unseen(answer: str) -> Iterator[Finding]:
    """Text in characters without ink (tags), and text whose direction is turned around."""
    for start, end in inkless_runs(answer):
        letters = [chr(ord(each) - 0xE0000) for each in answer[start:end] if ord(each) in _TAG_LETTERS]
        if letters:
            says = f"Characters that nobody sees carry a text: “{''.join(letters)[:80]}”."
            yield Finding("injection_suspected", start, end, says, True)
    for found in _OVERRIDE.finditer(answer):
        says = "Characters that turn the direction of what follows, so that it reads otherwise than it is stored."
        yield Finding("injection_suspected", found.start(), found.end(), says, True)
