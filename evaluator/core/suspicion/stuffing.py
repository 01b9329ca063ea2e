"""Words for their own sake: lists of keywords, the same again and again, the rubric's own sentences given back."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from evaluator.core.overlap import is_content
from evaluator.core.suspicion.finding import Finding

RUN = 7
"""Words in a row that an answer does not share with a rubric by chance."""
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
