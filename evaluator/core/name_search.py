"""A person's own name in what the person wrote: found as whole words, told from the words and terms it may be.

A part of a name that is nothing else ("Priyanka") is found in any case. One that is also a word ("Mark", "Page") or a
term ("Cohen", "Markov") counts where something shows that the person is meant: more of the name beside it, words that
introduce somebody, a signature, or, for a word, a capital in the middle of a sentence.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from evaluator.core.name_context import (
    begins_sentence,
    does_something,
    is_german,
    is_introduced,
    is_presented,
    is_signature,
)
from evaluator.core.name_forms import WORD, NameForms, Strength, folded
from evaluator.core.name_words import NOUNS, PARTICLES, TERMS, WORDS
from evaluator.core.span import Span

_GAP = re.compile(r"[ \t\u00a0.,'\u2019\u02bc\u00b7\u30fb_-]{0,3}|[ \t]?\n?[ \t]?")
# Endings of cases and genitives, in languages that put them after names too.
_ENDINGS = frozenset(
    "s es a u e y i em om owi iego ego emu ie ovi nak nek val vel ban ben n ille in en ssa lla lle sta nin nun".split()
)
_CYRILLIC = re.compile("[\u0400-\u04ff]")
_SEMITIC_PREFIXES = frozenset("وفبلكהבלמוש")
_LETTERS_THAT_ARE_WORDS = frozenset("aeiouy")  # no initials without a full stop
_SHORTEST_INFLECTED = 5  # letters
_HAN_BEFORE = re.compile(r"(?:我叫|我是|叫我|姓名|名字|名叫|叫做|本人)[是为為:：]?\s*$")
_HAN_AFTER = re.compile(r"\s*(?:先生|女士|小姐|同学|同學|老师|老師|博士|さん|くん|ちゃん|様|氏|です|と申|と言|と名)")


@dataclass(frozen=True, slots=True)
class _Word:
    """A word of the text that is, or may be, of the name."""

    start: int
    end: int
    part: str
    strength: Strength


def find_names(text: str, forms: NameForms) -> list[Span]:
    """Where the text names the person."""
    spans = [*_unspaced(text, forms)]
    words = _marked(text, forms)
    lone: list[_Word] = []
    for run in _runs(text, words):
        run = _trimmed(run, forms)
        named = [word for word in run if word.strength != "particle"]
        if named and _is_name(text, run, named, forms):
            spans.append(Span(run[0].start, run[-1].end))
        else:
            lone += named
    meant = {word.part for word in lone if _is_person(text, word)}
    spans += [Span(word.start, word.end) for word in lone if _is_person(text, word, is_known=word.part in meant)]
    return spans


def _unspaced(text: str, forms: NameForms) -> Iterator[Span]:
    for form in forms.unspaced:
        yield from (Span(at, at + len(form)) for at in _places(text, form))
    for form in forms.unspaced_if_introduced:
        for at in _places(text, form):
            if _HAN_BEFORE.search(text[max(0, at - 8) : at]) or _HAN_AFTER.match(text, at + len(form)):
                yield Span(at, at + len(form))


def _places(text: str, form: str) -> Iterator[int]:
    at = text.find(form)
    while at >= 0:
        yield at
        at = text.find(form, at + len(form))


def _marked(text: str, forms: NameForms) -> list[_Word]:
    words = []
    nouns_are_words = not NOUNS.isdisjoint(forms.parts) and not is_german(text)
    for found in WORD.finditer(text):
        word = _marked_word(text, found, forms)
        if word is not None:
            words.append(replace(word, strength="word") if word.strength == "noun" and nouns_are_words else word)
    return words


def _marked_word(text: str, found: re.Match[str], forms: NameForms) -> _Word | None:
    written = found[0]
    spelt = folded(written)
    strength = forms.parts.get(spelt)
    if strength is None and len(spelt) == 1 and spelt in forms.initials and written.isupper():
        if spelt not in _LETTERS_THAT_ARE_WORDS or text.startswith(".", found.end()):
            strength = "particle"
    elif strength is None and spelt and (part := _inflected(written, spelt, forms)) is not None:
        spelt, strength = part, "sure"
    if strength == "short" and (
        (written[0].isupper() and not written[1:].isupper()) or written.upper() == written.lower()
    ):
        strength = "sure"
    return None if strength is None else _Word(found.start(), found.end(), spelt, strength)


def _inflected(written: str, spelt: str, forms: NameForms) -> str | None:
    """The sure part of the name that this is a form of: a genitive, a case, a prefix."""
    if spelt in TERMS or spelt in WORDS:
        return None
    if spelt[0] in _SEMITIC_PREFIXES and forms.parts.get(spelt[1:]) == "sure":
        return spelt[1:]
    if not written[0].isupper() or len(spelt) < _SHORTEST_INFLECTED:
        return None
    for part, strength in forms.parts.items():
        if strength != "sure" or len(part) < _SHORTEST_INFLECTED or abs(len(spelt) - len(part)) > 3:
            continue
        if spelt.startswith(part) and (spelt[len(part) :] in _ENDINGS or _CYRILLIC.match(part)):
            return part
        # In Slavic languages the last vowel gives way to the ending.
        if _CYRILLIC.match(part) and spelt.startswith(part[:-1]):
            return part
    return None


def _runs(text: str, words: Sequence[_Word]) -> Iterator[list[_Word]]:
    """Words of the name that stand together, with only what joins the parts of a name between them."""
    run: list[_Word] = []
    for word in words:
        if run and not (_GAP.fullmatch(text, run[-1].end, word.start) and not _ends_sentence(text, run[-1], word)):
            yield run
            run = []
        run.append(word)
    if run:
        yield run


def _ends_sentence(text: str, before: _Word, after: _Word) -> bool:
    """A full stop after a whole word, then a space: two sentences; after an initial it is none."""
    gap = text[before.end : after.start]
    return gap.startswith(".") and len(gap) > 1 and before.end - before.start > 1


def _trimmed(run: list[_Word], forms: NameForms) -> list[_Word]:
    """Without small words at its ends, which may belong to the sentence, unless they stand so in the name."""
    while run and run[-1].strength == "particle":
        run = run[:-1]
    while run and run[0].strength == "particle":
        is_initial = run[0].part not in PARTICLES and len(run) > 1
        if is_initial or (len(run) > 1 and (run[0].part, run[1].part) in forms.pairs):
            break
        run = run[1:]
    return run


def _is_name(text: str, run: list[_Word], named: list[_Word], forms: NameForms) -> bool:
    if any(word.strength == "sure" for word in named):
        return True
    if any(word.strength == "particle" and text.startswith(".", word.end) for word in run):
        return True  # an initial
    if len({word.part for word in named}) < 2:
        return False
    in_order = any((one.part, other.part) in forms.pairs for one, other in pairwise(named))
    return in_order or any(text[word.start].isupper() for word in named)


def _is_person(text: str, word: _Word, *, is_known: bool = False) -> bool:
    """Whether one part of a name that is also something else means the person here. `is_known`: elsewhere it does."""
    if is_introduced(text, word.start):
        return True
    written = text[word.start : word.end]
    has_capital = (written[0].isupper() and not written[1:].isupper()) or written.upper() == written.lower()
    is_named = is_presented(text, word.start)
    if is_named and (has_capital or is_known or word.strength == "short"):
        return True
    if not has_capital:
        return False
    if is_signature(text, word.start, word.end):
        return True
    if word.strength in ("term", "noun"):
        return False
    return is_known or not begins_sentence(text, word.start) or does_something(text, word.end)
