"""The words of a text as a matcher sees them: without case, accents, hyphens or invisible characters."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import NamedTuple


class Word(NamedTuple):
    """One word, number or sign of a text; `text` is its folded form, [start, end) where it stands."""

    text: str
    start: int
    end: int


# Marks that sit on a letter, and characters without ink, belong to the word that they stand in.
_MARKS = "\u0300-\u036f\u00ad\u200b-\u200d\u2060\ufeff"
# Scripts written without spaces: each character counts as a word, so that a phrase is found inside a line.
_UNSPACED = "\u0e00-\u0eff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_WORD = re.compile(
    rf"(?P<number>\d+(?:[.,]\d+)*)"
    rf"|(?P<unspaced>[{_UNSPACED}])"
    rf"|(?P<letters>(?:(?![{_UNSPACED}])[^\W\d_])(?:(?![{_UNSPACED}])[^\W\d_]|[{_MARKS}])*(?:['’](?:s|t|re|ve|ll|d|m)\b)?)"
    rf"|(?P<arrow>[-=]+>|→|⇒)"
    rf"|(?P<colon>[:：](?=\s|\Z))"
    rf"|(?P<sign>[%=+±<>≤≥$€£¥₹₦₽₺₩₱])"
)
_SIGNS = {"≤": "<", "≥": ">", **dict.fromkeys("$€£¥₹₦₽₺₩₱", "$")}
_INVISIBLE = dict.fromkeys([0xAD, 0x200B, 0x200C, 0x200D, 0x2060, 0xFEFF])


def words(text: str) -> list[Word]:
    """The words of `text`, in order.

    A number and the letters at it are two words ("30d", "p95"), as are the parts of a hyphenated word or
    of a name with underscores; a currency sign is "$", "≥" is ">",
    and a colon counts where white space follows it.
    """
    found = []
    for match in _WORD.finditer(text):
        written = match.group()
        kind = match.lastgroup
        if kind == "letters":
            written = fold(written)
        elif kind == "arrow":
            written = "→"
        elif kind == "colon":
            written = ":"
        elif kind == "sign":
            written = _SIGNS.get(written, written)
        found.append(Word(written, match.start(), match.end()))
    return found


@lru_cache(maxsize=20_000)
def fold(word: str) -> str:
    """A word without case, accents, invisible characters and the English possessive."""
    if not word.isascii():
        plain = unicodedata.normalize("NFKD", word.translate(_INVISIBLE).replace("’", "'")).casefold()
        word = "".join(character for character in plain if not unicodedata.combining(character))
    word = word.lower()
    return word[:-2] if word.endswith("'s") and len(word) > 4 else word
