"""Words for their own sake: lists of keywords, the same again and again, the rubric's own sentences given back."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import compress, count

from evaluator.core.overlap import is_content
from evaluator.core.suspicion.finding import Finding

RUN = 7
"""Words in a row that an answer does not share with a rubric by chance."""
_THREES = RUN - 2  # words in a row that a run has
_FEWEST_TERMS = 10
_LONGEST_TERM = 5  # words
_MOST_GRAMMAR = 0.2  # of the words, in a list of keywords
_CODE = re.compile(r"[=(){}\[\]]")
_MOST_CODE = 0.5  # signs of code for a term
_BETWEEN = re.compile(r"[,;|•·、，；\n]")
_WORD = re.compile(r"[^\W_]+")
_SENTENCE_END = re.compile(r"[.!?]\s+\w|[。！？]\s*\w")  # the latter need no space after them
_LIST_END = re.compile(r"[.!?。](?:\s|$)|\n")
_FEWEST_TIMES = 4  # that a sentence, or three words in a row, are said
_SENTENCE = re.compile(r"[^.!?。\n]{8,}[.!?。\n]?")

_LIST = "A list of keywords without a statement."
_AGAIN = "The same words again and again."
_RECITAL = "The rubric's own words, given back."


@dataclass(frozen=True)
class RecitedRuns:
    """Every run of words that a rubric says, to be looked for in answers."""

    every: frozenset[tuple[str, ...]]

    @cached_property
    def _threes(self) -> frozenset[tuple[str, ...]]:
        return frozenset(run[at : at + 3] for run in self.every for at in range(_THREES))

    def stand_in(self, said: Sequence[str]) -> bool:
        """Whether one of them stands among these words in lower case."""
        # Of the five threes of words in a row that a run of seven has, one begins at a fifth place: only where such a
        # three is the rubric's do runs have to be looked up.
        threes = zip(said[_THREES - 1 :: _THREES], said[_THREES::_THREES], said[_THREES + 1 :: _THREES], strict=False)
        known = compress(count(0, _THREES), map(self._threes.__contains__, threes))
        return any(tuple(said[at : at + RUN]) in self.every for first in known for at in range(first, first + _THREES))


def keyword_lists(text: str) -> Iterator[Finding]:
    """Each stretch of short terms, one after the other, with hardly a word of grammar."""
    run: list[tuple[int, int, int]] = []
    start = 0
    for border in (*_BETWEEN.finditer(text), None):
        end = border.start() if border else len(text)
        *_, last_end = (None, *_SENTENCE_END.finditer(text, start, end))
        if last_end is not None:
            # A sentence ends here: the list before it is over, and what follows may be the first term of another.
            yield from _keyword_list(text, run)
            run, start = [], last_end.end() - 1
        said = len(_WORD.findall(text, start, end))
        if said > _LONGEST_TERM:
            yield from _keyword_list(text, run)
            run = []
        elif said:
            run.append((start, end, said))
        start = border.end() if border else end
    yield from _keyword_list(text, run)


def _keyword_list(text: str, run: Sequence[tuple[int, int, int]]) -> Iterator[Finding]:
    if len(run) < _FEWEST_TERMS:
        return
    start, end = run[0][0], run[-1][1]
    # Arguments of calls and the like are set apart by commas too.
    if len(_CODE.findall(text, start, end)) > _MOST_CODE * len(run):
        return
    said = [word.lower() for word in _WORD.findall(text[start:end])]
    if sum(not is_content(word) for word in said) <= _MOST_GRAMMAR * len(said):
        yield Finding("keyword_stuffing", start, end, _LIST, False)


def may_repeat(text: str) -> bool:
    """Whether as many sentences begin with the same word as would have to be the same; hardly any answer's do."""
    first_words = [(each.split(None, 1) or [""])[0].lower() for each in _SENTENCE.findall(text)]
    return len(first_words) - len(set(first_words)) >= _FEWEST_TIMES - 1


def repetitions(text: str) -> Iterator[Finding]:
    """From the second time on: a sentence that is said at least four times."""
    said = [(found.span(), " ".join(found.group().lower().split())) for found in _SENTENCE.finditer(text)]
    times = Counter(words for _, words in said)
    seen: set[str] = set()
    for (start, end), words in said:
        if times[words] >= _FEWEST_TIMES:
            yield Finding("keyword_stuffing", start, end, _AGAIN, False)
            seen.add(words)


def recitals(text: str, runs: frozenset[tuple[str, ...]]) -> Iterator[Finding]:
    """Each sentence that shares a run of words with the rubric."""
    words = list(_WORD.finditer(text))
    said = [word.group().lower() for word in words]
    at = 0
    while at <= len(said) - RUN:
        if tuple(said[at : at + RUN]) not in runs:
            at += 1
            continue
        last = at + RUN
        while last < len(said) and tuple(said[last - RUN + 1 : last + 1]) in runs:
            last += 1
        start = max(text.rfind(". ", 0, words[at].start()) + 2, text.rfind("\n", 0, words[at].start()) + 1)
        start = 0 if start == 1 and not text.startswith("\n") else start
        following = _LIST_END.search(text, words[last - 1].end())
        end = following.start() if following else len(text)
        yield Finding(
            "keyword_stuffing", min(start, words[at].start()), max(end, words[last - 1].end()), _RECITAL, False
        )
        at = last


def runs_of(texts: Sequence[str]) -> frozenset[tuple[str, ...]]:
    """Every run of words of these texts."""
    found: set[tuple[str, ...]] = set()
    for text in texts:
        said = [word.lower() for word in _WORD.findall(text)]
        found.update(zip(*(said[offset:] for offset in range(RUN)), strict=False))
    return frozenset(found)
