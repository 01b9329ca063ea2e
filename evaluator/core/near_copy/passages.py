"""The passages that two answers have in common, for a reader who sees them side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from evaluator.core.near_copy.letters import LETTER_OR_WORD

_RUN = 3  # words; what is shorter is in common by chance


@dataclass(frozen=True, slots=True)
class Passage:
    """Characters [start, end) of an answer that stand in the other one too, word for word."""

    start: int
    end: int


def common_passages(text: str, other: str) -> tuple[Passage, ...]:
    """The passages of `text`, three words and longer, that are in `other`, wherever in it; linear in both."""
    mine, theirs = (
        [(found.group().lower(), *found.span()) for found in LETTER_OR_WORD.finditer(each)] for each in (text, other)
    )
    runs = set(_runs([word for word, _, _ in theirs]))
    passages: list[Passage] = []
    last = -1  # the last word of the passage that was made last
    for at, run in enumerate(_runs([word for word, _, _ in mine])):
        if run not in runs:
            continue
        start, end = mine[at][1], mine[at + _RUN - 1][2]
        if passages and at <= last + 1:
            passages[-1] = Passage(passages[-1].start, end)
        else:
            passages.append(Passage(start, end))
        last = at + _RUN - 1
    return tuple(passages)


def _runs(words: Sequence[str]) -> list[tuple[str, ...]]:
    return [tuple(words[at : at + _RUN]) for at in range(len(words) - _RUN + 1)]
