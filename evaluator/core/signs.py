"""The sign language: how a person writes down the words that count as a sign of something.

    sign   = either ("&" either)*          all of them near one another, in any order
    either = chain ("|" chain)*            any one of them
    chain  = phrase ((".." | "...") phrase)*   in this order, in one sentence; ".." skips at most five words
    phrase = item+                         next to one another
    item   = letters, digits, % $ = + ±    a word; case, accents and hyphens do not matter
           | letters"*"                    a stem: any word that begins so
           | "<"name">"                    anything in the named list, or in the built-in
                                           <number>, <compare> (> < ≥ ≤), <colon>
           | "(" either ")"                any one of them, as a part of a phrase
           | "[" either "]"                the same, and may be absent

"(split | cut) .. by (time | date) & test" is met by "I'd cut the data by date; the last month is my test set".
A sign is matched word by word in time linear in the text. It is no regular expression.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from evaluator.core.words import words

BUILT_IN = frozenset({"number", "compare", "colon"})
SHORT_GAP = 5  # words that ".." may skip
_SHORTEST_STEM = 2
_MOST_OPTIONAL = 4  # each doubles the number of forms of a phrase
_DEEPEST = 4  # parentheses inside each other
_CLOSING = {"(": ")", "[": "]"}
_AFTER_A_PHRASE = frozenset(["&", "|", ")", "]"])

_TOKEN = re.compile(r"\s*(?P<token>\.{2,}|[&|()\[\]]|(?:(?!\.\.)[^\s&|()\[\]])+)")
_LIST = re.compile(r"<([A-Za-z_][A-Za-z0-9_]*)>\Z")


class SignSyntaxError(ValueError):
    """A sign that does not parse; the message says which part and why."""


@dataclass(frozen=True, slots=True)
class Element:
    """One place in a phrase: a `word` or a `stem`, folded; a `list` by name; or a `group`, one of `chains`."""

    kind: Literal["word", "stem", "list", "group"]
    text: str
    chains: tuple[Chain, ...] = ()


Phrase = tuple[Element, ...]
Step = tuple[Phrase, ...]
"""A phrase, in as many forms as its words that may be absent give it."""


@dataclass(frozen=True, slots=True)
class Chain:
    """Steps in order; `gaps[i]` is how many words may stand between steps i and i + 1 (None: any number)."""

    steps: tuple[Step, ...]
    gaps: tuple[int | None, ...]


Either = tuple[Chain, ...]
SignPattern = tuple[Either, ...]


@lru_cache(maxsize=8192)  # a vocabulary is parsed when it is checked, and again when a rater is made of it
def parse_sign(text: str) -> SignPattern:
    """The pattern that `text` writes. Raises SignSyntaxError."""
    return _Parser(text).sign()


def parse_list_entry(text: str) -> Either:
    """One entry of a named list: a sign without "&". Raises SignSyntaxError."""
    pattern = parse_sign(text)
    if len(pattern) > 1:
        raise SignSyntaxError("'&' belongs in a sign, not in a list")
    return pattern[0]


def elements_of(chains: Either) -> Iterator[Element]:
    """Every element of the chains, those inside groups too."""
    for chain in chains:
        for step in chain.steps:
            for phrase in step:
                for element in phrase:
                    yield element
                    yield from elements_of(element.chains)


def lists_named(chains: Either) -> Iterator[str]:
    """Every list that the chains name, repeats included."""
    return (element.text for element in elements_of(chains) if element.kind == "list")


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text.strip()
        self._tokens = [found.group("token") for found in _TOKEN.finditer(text)]
        self._next = 0

    def sign(self) -> SignPattern:
        parts = [self._either(depth=0)]
        while self._peek() == "&":
            self._next += 1
            parts.append(self._either(depth=0))
        if self._peek():
            raise SignSyntaxError(f"{self._peek()!r} in {self._text!r} belongs to nothing")
        return tuple(parts)

    def _either(self, depth: int) -> Either:
        chains = [self._chain(depth)]
        while self._peek() == "|":
            self._next += 1
            chains.append(self._chain(depth))
        return tuple(dict.fromkeys(chains))

    def _chain(self, depth: int) -> Chain:
        steps = [self._step(depth)]
        gaps: list[int | None] = []
        while (dots := self._peek()).startswith(".."):
            if len(dots) > 3:
                raise SignSyntaxError(f"{dots!r} in {self._text!r}: two dots or three")
            self._next += 1
            gaps.append(SHORT_GAP if len(dots) == 2 else None)
            steps.append(self._step(depth))
        return Chain(tuple(steps), tuple(gaps))

    def _step(self, depth: int) -> Step:
        items: list[tuple[Phrase, bool]] = []
        while (read := self._peek()) and read not in _AFTER_A_PHRASE and not read.startswith(".."):
            self._next += 1
            items.append((self._group(read, depth), read == "[") if read in _CLOSING else (_elements(read), False))
        optional = sum(may_be_absent for _, may_be_absent in items)
        if optional == len(items):
            raise SignSyntaxError(f"a word is missing in {self._text!r} beside '&', '|', dots or parentheses")
        if optional > _MOST_OPTIONAL:
            raise SignSyntaxError(f"more than {_MOST_OPTIONAL} parts of a phrase that may be absent: {self._text!r}")
        phrases: list[Phrase] = [()]
        for elements, may_be_absent in items:
            extended = [(*phrase, *elements) for phrase in phrases]
            phrases = [*phrases, *extended] if may_be_absent else extended
        return tuple(dict.fromkeys(phrases))

    def _group(self, opening: str, depth: int) -> Phrase:
        if depth == _DEEPEST:
            raise SignSyntaxError(f"more than {_DEEPEST} parentheses inside each other in {self._text!r}")
        chains = self._either(depth + 1)
        if self._peek() != _CLOSING[opening]:
            raise SignSyntaxError(f"{opening!r} in {self._text!r} is not closed")
        self._next += 1
        return (Element("group", "", chains),)

    def _peek(self) -> str:
        return self._tokens[self._next] if self._next < len(self._tokens) else ""


def _elements(word: str) -> Phrase:
    if word.startswith("<"):
        named = _LIST.match(word)
        if not named:
            raise SignSyntaxError(f"{word!r}: a list is written <name>")
        return (Element("list", named.group(1)),)
    stem = word.endswith("*")
    folded = [found.text for found in words(word.removesuffix("*"))]
    if not folded or "*" in word.removesuffix("*"):
        raise SignSyntaxError(f"{word!r} is no word; '*' stands only at its end")
    if stem and (len(folded[-1]) < _SHORTEST_STEM or not folded[-1].isalpha()):
        raise SignSyntaxError(f"{word!r}: a stem has at least {_SHORTEST_STEM} letters before its '*'")
    elements = [Element("word", text) for text in folded]
    if stem:
        elements[-1] = Element("stem", folded[-1])
    return tuple(elements)
