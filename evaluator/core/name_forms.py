"""How a person's name may be written: its parts folded, and how far each is a name and nothing else."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Set
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from evaluator.core.name_words import NOUNS, PARTICLES, TERMS, TITLES, WORDS

Strength = Literal["sure", "short", "word", "noun", "term", "particle"]
"""`sure`: a name and nothing else; `short`: the same, but in other case an abbreviation or a word; `word`: a word in
lower case; `noun`: a word that German writes with a capital; `term`: may have a capital and be no person; `particle`:
no name by itself."""

_MARKS = (
    "\u0300-\u036f\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06ed\u0900-\u0963\u0966-\u0dff\u0e31-\u0e4e"
    "\u0eb1-\u0ecd\u102b-\u103e\u17b4-\u17d3\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f"
)
_NO_INK = "\u00ad\u200b-\u200d\u2060\ufeff"
# Letters and digits with the marks that belong to them; invisible characters do not end a word.
WORD = re.compile(rf"(?:[^\W_]|[{_MARKS}{_NO_INK}])+")
# Scripts that put no space between words: there a name is found inside what looks like one word.
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\U00020000-\U0003ffff]"
)
_HAN_ONLY = re.compile("[\u3400-\u9fff\U00020000-\U0003ffff]+")
_DROPPED = re.compile(f"[\u0300-\u036f\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670{_NO_INK}]")
_LETTERS = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ð": "d", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th", "ħ": "h"})
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "å": "aa", "ø": "oe"})
_TITLES_THAT_ARE_NAMES = frozenset("ba ma don dame er hon mag md med miss nat sig sir iv ing his her he".split())
_COMPOUND_SURNAMES = frozenset(
    "欧阳 歐陽 司马 司馬 上官 诸葛 諸葛 东方 東方 皇甫 尉迟 公孙 令狐 慕容 夏侯 司徒 南宫".split()
)
_SHORTEST_SURE = 3  # letters; "Ma" and "Li" are words somewhere
_SHORT = 3  # letters; "ANN" and "gan" are other things than Ann and Gan
_SHORTEST_JOINED = 6  # letters of a first and a last name written as one


@dataclass(frozen=True, slots=True)
class NameForms:
    """What to look for. `pairs`: parts that follow one another in the name, particles left out and with them."""

    parts: dict[str, Strength]
    pairs: frozenset[tuple[str, str]]
    initials: frozenset[str]
    unspaced: tuple[str, ...]
    unspaced_if_introduced: tuple[str, ...]

    @property
    def needles(self) -> tuple[str, ...]:
        """Where none of these is in a folded text, no part of the name is."""
        return tuple(part for part, strength in self.parts.items() if strength != "particle")


def folded(text: str) -> str:
    """The text in lower case, without accents and invisible characters; no longer as long as it was."""
    if text.isascii():
        return text.lower()
    plain = _DROPPED.sub("", unicodedata.normalize("NFKD", text).casefold())
    return unicodedata.normalize("NFC", plain).translate(_LETTERS)


def name_forms(names: Iterable[str], ordinary: Set[str] = frozenset()) -> NameForms:
    """How these names may be written. `ordinary`: folded words that the questions use; they are no sure names."""
    parts: dict[str, Strength] = {}
    order: list[str] = []
    unspaced: dict[str, None] = {}
    introduced: dict[str, None] = {}
    for each in names:
        name = unicodedata.normalize("NFKC", each)
        if _UNSPACED.search(name):
            _add_unspaced(name, unspaced, introduced)
            continue
        words = [folded(found[0]) for found in WORD.finditer(name) if not _is_title(name, found)]
        words = [word for word in words if word and not word.isdigit()]
        for place, word in enumerate(words):
            strength = _strength(word, ordinary, at_an_end=place in (0, len(words) - 1))
            for spelling in _spellings(word, name) if strength != "particle" else (word,):
                parts[spelling] = strength
        order += words
    whole = [word for word in order if parts.get(word) != "particle"]
    if len(whole) > 1:
        for joined in (whole[0] + whole[-1], whole[-1] + whole[0], "".join(order)):
            if len(joined) >= _SHORTEST_JOINED:
                parts.setdefault(joined, "sure")
    pairs = {*pairwise(order), *pairwise(whole)}
    if len(whole) > 2:
        pairs.add((whole[0], whole[-1]))
    initials = frozenset(word[0] for word in whole)
    return NameForms(parts, frozenset(pairs), initials, tuple(unspaced), tuple(introduced))


def _is_title(name: str, found: re.Match[str]) -> bool:
    """Whether the word is a title or degree. "Ma" and "Don" are names too: those have to look like an abbreviation."""
    word = folded(found[0])
    if word not in TITLES:
        return False
    is_abbreviated = name[found.end() : found.end() + 1] == "." or (found[0].isupper() and not name.isupper())
    return word not in _TITLES_THAT_ARE_NAMES or is_abbreviated


def _strength(word: str, ordinary: Set[str], *, at_an_end: bool) -> Strength:
    if len(word) == 1 or (word in PARTICLES and not at_an_end):
        return "particle"
    if word in TERMS:
        return "term"
    if word in NOUNS:
        return "noun"
    if word in WORDS or word in ordinary or word in PARTICLES or len(word) < _SHORTEST_SURE:
        return "word"
    return "short" if len(word) <= _SHORT else "sure"


def _spellings(word: str, name: str) -> set[str]:
    """With umlauts as they are written without them, and the other way round."""
    found = {word, word.replace("ae", "a").replace("oe", "o").replace("ue", "u")}
    lowered = unicodedata.normalize("NFC", name).casefold()
    for other in WORD.finditer(lowered):
        if folded(other[0]) == word:
            found.add(folded(other[0].translate(_UMLAUTS)))
    return found


def _add_unspaced(name: str, whole: dict[str, None], introduced: dict[str, None]) -> None:
    pieces = [piece for piece in re.split(r"[\s\u00b7\u30fb,、()]+", name) if piece]
    together = "".join(pieces)
    if len(together) > 1:
        whole[together] = None
    if len(pieces) > 1:
        for spacer in (" ", "\u3000", "\u30fb", "\u00b7"):
            whole[spacer.join(pieces)] = None
        for piece in pieces:
            (whole if len(piece) > 1 else introduced)[piece] = None
    elif _HAN_ONLY.fullmatch(together) and len(together) in (3, 4):
        surname = 2 if together[:2] in _COMPOUND_SURNAMES else 1
        introduced[together[surname:]] = None
        introduced[together[:surname]] = None
    elif "\uac00" <= together[:1] <= "\ud7af" and len(together) == 3:
        introduced[together[1:]] = None
