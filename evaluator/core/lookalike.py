"""Letters that look like Latin ones and are not: a word may read otherwise to a person than to a program."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

# Letters of other scripts that a reader takes for the Latin letter beside them: Cyrillic, Greek, Armenian.
_LOOKS_LIKE = dict(
    zip(
        "АВЕЅІЈКМНОРСТХУԁаеіјорсухѕһԛԝѵΑΒΕΖΗΙΚΜΝΟΡΤΥΧονιαρϲϳօոսցհ",
        "ABESIJKMHOPCTXYdaeijopcyxshqwvABEZHIKMNOPTYXovıapcjonugh",
        strict=True,
    )
)
_WORD = re.compile(r"[^\W\d_]+")
_LATIN = re.compile(r"[A-Za-z\u00c0-\u024f]")


@dataclass(frozen=True, slots=True)
class Lookalike:
    """A letter at `at` that looks like the Latin letter `like`, in a word that has Latin letters too."""

    at: int
    letter: str
    like: str


def lookalikes(text: str) -> Iterator[Lookalike]:
    """Lookalikes in order. Only in words that mix them with Latin letters: a word all in Cyrillic is a word."""
    if text.isascii():
        return
    for word in _WORD.finditer(text):
        found = word[0]
        if found.isascii() or not _LATIN.search(found):
            continue
        for place, letter in enumerate(found, start=word.start()):
            if letter in _LOOKS_LIKE:
                yield Lookalike(place, letter, _LOOKS_LIKE[letter])
