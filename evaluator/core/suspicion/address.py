"""Words that speak to the grader: where so many of the concepts meet that a sentence is about its own grade."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from operator import or_

from evaluator.core.suspicion.concepts import (
    CONCEPTS,
    UNSPACED,
    Concept,
    concepts_within,
    out_of,
    weight_of,
)
from evaluator.core.suspicion.finding import Finding

SUSPECT = 3.5
"""Concepts that weigh this much together are about the grade more often than about the question."""
CERTAIN = 5.5
SCATTERED = 4.0
"""As `SUSPECT`, for words out of lines that do not follow each other."""
_WIDEST_GAP = 8  # words between one such word and the next
_LONGEST = 40  # words from the first to the last of them
_NEXT_SENTENCE = 0.75  # what each end of a sentence between them takes off
_WORD = re.compile(r"[^\W_]+")
_END = re.compile(r"[.!?。！？]+(?=\s|$|[\"'”’»)])|[。！？]")
_BORDER = re.compile(r"[.!?。！？][\"'”’»)\]]*(?=\s)|[。！？]|\n")
# Somebody tells of such words instead of saying them. That is no proof (an attack may be framed so), and is only
# taken to mean that a person need not look where the levels do not rest on it.
_MENTION = re.compile(
    r"\b(?:e\.g\.|for example|such as|someone|somebody|people|users?|applicants|attackers?|injection|jailbreak|writes?|"
    r"writing|typed?|typing|(?:llm )?judges?|raters|graders|evaluators|reviewers|"
    r"an? (?:evaluator|grader|rater|reviewer)|manchen? schreiben|dicen|certains)\b",
    re.IGNORECASE,
)
_SHARES = ("4", "5", "10")  # the highest mark, but not with a sign for per cent
_LINE = re.compile(r"^[^\n]{3,160}$", re.MULTILINE)
_SENTENCE_ENDS = ".!?。！？:;"
_OUT_OF = int(Concept.OUT_OF)
_SPEAKS_TO = int(
    Concept.INSTRUCTIONS
    | Concept.GRADER
    | Concept.MARK
    | Concept.PASS
    | Concept.PLIGHT
    | Concept.PRAISE
    | Concept.OUT_OF
)
_BEST_FOR_ME = int(Concept.THIS_CANDIDATE | Concept.HIGHEST)
_IN_NAME = int(Concept.PRETEND | Concept.AUTHORITY)

SPEAKS = "These words speak to whoever grades and not to the question."


@dataclass(frozen=True, slots=True)
class _Hot:
    """A word that has concepts: its number among the words, and where it stands."""

    number: int
    start: int
    end: int
    concepts: int


def concepts_in(text: str) -> int:
    """All concepts that have a word in this text."""
    lowered = text.lower()
    found = _with_unspaced(text, reduce(or_, map(CONCEPTS.__getitem__, _WORD.findall(lowered)), 0))
    return found | _OUT_OF if out_of(lowered) else found


def _with_unspaced(text: str, found: int) -> int:
    if not text.isascii():
        for run in set(UNSPACED.findall(text)):
            found |= concepts_within(run)
    return found


def may_address(text: str, lowered: str, hot: Sequence[tuple[int, int]]) -> bool:
    """Whether concepts could meet closely enough; most answers end here.

    `lowered`: the text in lower case. `hot`: the words that have concepts, each as its place among all words, in order,
    and its concepts.
    """
    every = reduce(or_, (concepts for _, concepts in hot), 0)
    is_unspaced = not text.isascii() and UNSPACED.search(text) is not None
    if is_unspaced:
        every = _with_unspaced(text, every)
    # Phrases and fractions are looked for last: where these words do not suffice with one, there need not be one.
    if weight_of(every | _OUT_OF) < SUSPECT:
        return False
    # Among lines that do not follow each other the distance does not count, nor without spaces.
    is_anywhere = is_unspaced or ("\n" in text and len(_fragments(text)) > 1)
    if not (is_anywhere or _meet(hot, _OUT_OF)):
        return False
    if weight_of(every) >= SUSPECT and (is_anywhere or _meet(hot, 0)):
        return True
    return bool(out_of(lowered))  # with one of those they meet, as was seen


def _meet(hot: Sequence[tuple[int, int]], bonus: int) -> bool:
    """Whether concepts meet within a few words; `bonus`: a concept that stands anywhere."""
    start, together = 0, 0
    for place, concepts in hot:
        together = concepts if place - start > _WIDEST_GAP else together | concepts
        start = place
        if _is_about_a_grade(together) and weight_of(together | bonus) >= SUSPECT:
            return True
    return False


def _is_about_a_grade(concepts: int) -> bool:
    """Whether these are about a grade, and not about anything that can be ignored, given or the highest."""
    return bool(concepts & _SPEAKS_TO) or concepts & _BEST_FOR_ME == _BEST_FOR_ME or concepts & _IN_NAME == _IN_NAME


def _fragments(text: str) -> list[tuple[int, int]]:
    """Lines that begin or end amid a sentence."""
    return [
        line.span()
        for line in _LINE.finditer(text)
        if text[line.end() - 1] not in _SENTENCE_ENDS or text[line.start()].islower()
    ]


def addresses(text: str) -> Iterator[Finding]:
    """Each stretch of sentences where the concepts of speaking to a grader meet."""
    hot = _hot_words(text)
    ends = [found.start() for found in _END.finditer(text)]
    at = 0
    while at < len(hot):
        last, weight = _heaviest(hot, at, ends)
        if weight < SUSPECT:
            at += 1
            continue
        start, end = _sentences_around(text, hot[at].start, hot[last].end)
        certain = weight >= CERTAIN and not _MENTION.search(text, start, end)
        yield Finding("injection_suspected", start, end, SPEAKS, certain)
        at = last + 1
        while at < len(hot) and hot[at].end <= end:
            at += 1
    yield from _scattered(text, hot)


def _scattered(text: str, hot: Sequence[_Hot]) -> Iterator[Finding]:
    """Lines that end amid a sentence, and together speak to the grader though others stand between them."""
    fragments = _fragments(text)
    if len(fragments) < 2:
        return
    starts = [start for start, _ in fragments]
    within = [
        each for each in hot if (line := bisect_right(starts, each.start)) and each.start < fragments[line - 1][1]
    ]
    joined = [replace(each, number=place * 2) for place, each in enumerate(within)]
    at = 0
    while at < len(joined):
        last, weight = _heaviest(joined, at, [])
        if weight < SCATTERED:
            at += 1
            continue
        first_line, last_line = bisect_right(starts, joined[at].start), bisect_right(starts, joined[last].start)
        for start, end in fragments[first_line - 1 : last_line]:
            yield Finding("injection_suspected", start, end, SPEAKS, False)
        at = last + 1


def _hot_words(text: str) -> list[_Hot]:
    hot = []
    number = 0
    for found in _WORD.finditer(text):
        number += 1
        word = found.group()
        concepts = CONCEPTS[word.lower()]
        if concepts and not (word in _SHARES and text.startswith("%", found.end())):
            hot.append(_Hot(number, found.start(), found.end(), concepts))
        if word[0] >= "\u2e80":
            hot.extend(
                _Hot(number, each.start(), each.end(), concepts_within(each.group()))
                for each in UNSPACED.finditer(text, found.start(), found.end())
            )
            # A run without spaces counts as so many words.
            number += (found.end() - found.start()) // 3
    numbers = [each.number for each in hot]
    starts = [each.start for each in hot]
    phrases = out_of(text.lower()) if len(text.lower()) == len(text) else []
    for start, end in phrases:
        place = bisect_right(starts, start)
        hot.append(_Hot(numbers[place - 1] if place else 0, start, end, _OUT_OF))
    return sorted(hot, key=lambda each: each.start) if phrases else hot


def _heaviest(hot: Sequence[_Hot], first: int, ends: Sequence[int]) -> tuple[int, float]:
    """The last word of the heaviest stretch that begins with the word `first`, and its weight."""
    concepts, heaviest, last = 0, 0.0, first
    crossed = 0.0
    for place in range(first, len(hot)):
        word = hot[place]
        before = hot[place - 1] if place > first else word
        if word.number - before.number > _WIDEST_GAP or word.number - hot[first].number > _LONGEST:
            break
        crossed += _NEXT_SENTENCE * (bisect_left(ends, word.start) - bisect_left(ends, before.end))
        concepts |= word.concepts
        if _is_about_a_grade(concepts) and weight_of(concepts) - crossed > heaviest:
            heaviest, last = weight_of(concepts) - crossed, place
    return last, heaviest


def _sentences_around(text: str, start: int, end: int) -> tuple[int, int]:
    """The whole sentences, or lines, that this stretch is in."""
    begin = max((found.end() for found in _BORDER.finditer(text, max(0, start - 400), start)), default=0)
    if begin == 0 and start > 400:
        begin = start
    following = _BORDER.search(text, max(end - 1, 0))
    finish = following.end() if following and following.start() - end < 400 else min(len(text), end + 400)
    while begin < start and text[begin].isspace():
        begin += 1
    while finish > end and text[finish - 1].isspace():
        finish -= 1
    return begin, finish
