"""Redaction: an answer as a grader may read it, with what tells who wrote it replaced; and the way back.

redaction = redact(answer.text, answer.identity, "identity")
redaction.text                      "I am [NAME_1], reach me at [EMAIL_1]."
redaction.finder().find(quote)      a span of the answer as it was submitted
redaction.restored(quote)           the candidate's own words
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from evaluator.core.contact_search import ContactForms, Found, Kind, contact_forms, find_contacts
from evaluator.core.identity import Identity
from evaluator.core.name_forms import NameForms, folded, name_forms
from evaluator.core.name_search import find_names
from evaluator.core.span import QuoteFinder, Span

Redact = Literal["off", "identity", "all"]
"""`identity`: what the table says of the candidate; `all`: also what looks like anybody's e-mail address, phone number,
link, handle or postal address."""

_BLOT = "\x00"
_DIGIT = re.compile(r"\d")
# Of two that overlap from the same place the longer stands; of equals the one that says more.
_RANK: dict[Kind, int] = {"email": 0, "link": 1, "phone": 2, "address": 3, "handle": 4, "name": 5}


@dataclass(frozen=True, slots=True)
class Replacement:
    """Characters [start, end) of the answer as it was submitted, and what a grader reads in their place."""

    start: int
    end: int
    placeholder: str


@dataclass(frozen=True, slots=True)
class Redaction:
    """An answer and what was replaced in it, in order; `text` is what a grader reads."""

    original: str
    text: str
    replacements: tuple[Replacement, ...] = ()

    def finder(self) -> QuoteFinder | OriginalQuotes:
        """Finds a grader's quotes; the spans are of the answer as it was submitted."""
        return OriginalQuotes(self) if self.replacements else QuoteFinder(self.text)

    def restored(self, said: str) -> str:
        """What a grader said, with the words of the answer in the place of each placeholder."""
        if "[" not in said or not self.replacements:
            return said
        words: dict[str, str] = {}
        for each in self.replacements:
            words.setdefault(each.placeholder, self.original[each.start : each.end])
        return _PLACEHOLDER.sub(lambda found: words.get(found[0], found[0]), said)

    def original_span(self, span: Span) -> Span:
        """The characters of the answer that a span of `text` stands for; a part of a placeholder is all of it."""
        return Span(self._original(span.start, at_end=False), self._original(span.end, at_end=True))

    def _original(self, at: int, *, at_end: bool) -> int:
        shift = 0  # from the answer to the text, so far
        for each in self.replacements:
            start = each.start + shift
            end = start + len(each.placeholder)
            if at < start or (at_end and at == start):
                break
            if at < end or (at_end and at == end):
                return each.end if at_end else each.start
            shift += len(each.placeholder) - (each.end - each.start)
        return at - shift


class OriginalQuotes:
    """Finds quotes of the redacted text, and says where they are in the answer as it was submitted."""

    def __init__(self, redaction: Redaction) -> None:
        self._redaction = redaction
        self._finder = QuoteFinder(redaction.text)

    @property
    def length(self) -> int:
        """Characters of the answer, as a grader reads it."""
        return self._finder.length

    def find(self, quote: str) -> Span | None:
        """Where the quote stands in the answer, or None."""
        span = self._finder.find(quote)
        return None if span is None else self._redaction.original_span(span)


def redact(text: str, identity: Identity | None, how: Redact, ordinary: Set[str] = frozenset()) -> Redaction:
    """The text without what tells who wrote it. Rules: docs/privacy.md. Linear in the text's length.

    `ordinary`: words (`folded`) that the questions use: one of them is no sure sign of a name.
    """
    if how == "off" or (identity is None and how == "identity"):
        return Redaction(text, text)
    contacts: list[Found] = []
    if how == "all":
        from evaluator.core.contact_detection import detect_contacts  # here: it needs what most runs do not

        contacts = list(detect_contacts(text))
    names: list[Found] = []
    if identity is not None:
        forms = _forms(identity, frozenset(ordinary))
        if _may_hold(text, forms):
            contacts = list(_apart([*contacts, *find_contacts(text, forms.contacts)]))
            names = [Found(span, "name") for span in find_names(_without(text, contacts), forms.names)]
    found = _apart([*contacts, *names])
    return redaction_of(text, found) if contacts or names else Redaction(text, text)


def _without(text: str, found: Iterable[Found]) -> str:
    """The text with these places blotted out, as long as before: a name in an e-mail address is no name of its own."""
    for each in found:
        span = each.span
        text = f"{text[: span.start]}{_BLOT * (span.end - span.start)}{text[span.end :]}"
    return text


def redaction_of(text: str, found: Iterable[Found]) -> Redaction:
    """The text with these places (in order, apart) replaced. The same words get the same placeholder."""
    pieces: list[str] = []
    replacements: list[Replacement] = []
    numbers: dict[tuple[Kind, str], str] = {}
    taken = _Numbers(text)
    last = 0
    for each in found:
        span = each.span
        key = (each.kind, folded(text[span.start : span.end]))
        placeholder = numbers.get(key)
        if placeholder is None:
            placeholder = numbers[key] = taken.next(each.kind)
        pieces += (text[last : span.start], placeholder)
        replacements.append(Replacement(span.start, span.end, placeholder))
        last = span.end
    return Redaction(text, "".join((*pieces, text[last:])), tuple(replacements))


_PLACEHOLDER = re.compile(r"\[(?:NAME|EMAIL|PHONE|LINK|HANDLE|ADDRESS)_\d+\]")


class _Numbers:
    """Placeholders that the answer itself does not have: it would be read as one of ours."""

    def __init__(self, text: str) -> None:
        self._own = set(_PLACEHOLDER.findall(text)) if "[" in text else set()
        self._last: dict[Kind, int] = {}

    def next(self, kind: Kind) -> str:
        number = self._last.get(kind, 0) + 1
        while (placeholder := f"[{kind.upper()}_{number}]") in self._own:
            number += 1
        self._last[kind] = number
        return placeholder


@dataclass(frozen=True, slots=True)
class _Forms:
    names: NameForms
    contacts: ContactForms
    needles: tuple[str, ...]


@lru_cache(maxsize=512)
def _forms(identity: Identity, ordinary: frozenset[str]) -> _Forms:
    """Made once for a candidate's answers, which mostly come together."""
    names, contacts = name_forms(identity.names, ordinary), contact_forms(identity)
    return _Forms(names, contacts, (*names.needles, *contacts.needles))


def _may_hold(text: str, forms: _Forms) -> bool:
    """Whether there is anything to look for: most answers name nobody, which is seen before a text is taken apart."""
    if forms.names.unspaced or forms.names.unspaced_if_introduced:
        return True
    plain = folded(text)
    if any(needle in plain for needle in forms.needles):
        return True
    return bool(forms.contacts.phones or forms.contacts.addresses) and _DIGIT.search(text) is not None


def _apart(found: Sequence[Found]) -> Iterator[Found]:
    """In order and without overlaps: what begins first and is longer stands, and takes in what it overlaps."""
    end = 0
    for each in sorted(found, key=lambda it: (it.span.start, -it.span.end, _RANK[it.kind])):
        if each.span.start >= end and each.span.end > each.span.start:
            yield each
            end = each.span.end
        elif each.span.end > end:
            # The rest of one that overlaps: nothing of it may stay.
            yield Found(Span(end, each.span.end), each.kind)
            end = each.span.end
