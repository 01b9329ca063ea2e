"""A person's own e-mail addresses, phone numbers, links and postal addresses in what the person wrote."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urlsplit

from evaluator.core.identity import Identity
from evaluator.core.name_forms import WORD, folded
from evaluator.core.name_words import TERMS, WORDS
from evaluator.core.span import Span

Kind = Literal["name", "email", "phone", "link", "handle", "address"]

# Bounded repetitions: a long answer without any of these is read once.
# Where words are not parted by spaces, what is Latin begins in the middle of one.
_NO_LATIN = r"(?<![A-Za-z0-9\u00c0-\u024f_"
EMAIL = re.compile(
    _NO_LATIN + r".+%-])[A-Za-z0-9\u00c0-\u1fff_.+%'-]{1,64}@(?:[A-Za-z0-9\u00c0-\u1fff-]{1,63}\.){1,5}"
    r"[A-Za-z\u00c0-\u1fff]{2,24}(?![A-Za-z0-9_-])"
)
LINK = re.compile(
    r"(?:https?://|www\.)[^\s<>\"'`\u3001\u3002\uff0c]{1,2000}|"
    + _NO_LATIN
    + r"@./-])(?:[A-Za-z0-9\u00c0-\u024f][A-Za-z0-9\u00c0-\u024f-]{0,62}\.){1,4}[a-zA-Z]{2,24}"
    r"(?![A-Za-z0-9_])(?:/[^\s<>\"'`\u3001\u3002\uff0c]{0,2000})?",
    re.IGNORECASE,
)
PHONE = re.compile(_NO_LATIN + r".])(?:\+|00)?\(?\d(?:[ \u00a0().\u2010-\u2015/-]{0,3}\d){6,16}(?![A-Za-z0-9_])")
_FEWEST_DIGITS, _SURE_DIGITS, _LONGEST_COUNTRY = 7, 9, 3
# Who owns the host is not who owns the page.
_HOSTS = frozenset(
    "github.com gitlab.com bitbucket.org linkedin.com twitter.com x.com facebook.com instagram.com kaggle.com "
    "medium.com huggingface.co stackoverflow.com youtube.com google.com docs.google.com drive.google.com notion.so "
    "t.me xing.com behance.net dribbble.com researchgate.net orcid.org scholar.google.com dev.to hashnode.com "
    "substack.com".split()
)
_PATH_WORDS = frozenset("in pub users user profile profiles people u company school author member add".split())
_TRAILING = ".,;:!?)]}\u2019\u201d\u3002\uff0c"


@dataclass(frozen=True, slots=True)
class Found:
    """A place in a text and what stands there."""

    span: Span
    kind: Kind


@dataclass(frozen=True, slots=True)
class ContactForms:
    """What to look for, each in the form in which it is compared."""

    emails: frozenset[str] = frozenset()
    phones: frozenset[str] = frozenset()
    """Digits of each number without zeros before them: what comes first is written in many ways."""
    links: tuple[str, ...] = ()
    handles: frozenset[str] = frozenset()
    words_too: frozenset[str] = frozenset()
    """Handles that are words: they count where they are marked as one."""
    addresses: tuple[tuple[str, ...], ...] = field(default=())
    """The words of each address, and those of its first line."""

    @property
    def needles(self) -> tuple[str, ...]:
        """Where none of these is in a folded text, and no digit is, there is nothing to find."""
        return (*self.emails, *(folded(link) for link in self.links), *self.handles, *self.words_too)


def contact_forms(identity: Identity) -> ContactForms:
    """How the contacts of this person may be written."""
    links = tuple(dict.fromkeys(each for link in identity.links if (each := _bare(link))))
    handles = {handle for link in (*identity.links, *links) if (handle := _handle(link))}
    digits = (re.sub(r"\D", "", phone) for phone in identity.phones)
    return ContactForms(
        emails=frozenset(email.strip().casefold() for email in identity.emails if "@" in email),
        phones=frozenset(each.lstrip("0") for each in digits if len(each) >= _FEWEST_DIGITS),
        links=tuple(link for link in links if "." in link and link not in _HOSTS),
        handles=frozenset(each for each in handles if not _is_word(each)),
        words_too=frozenset(each for each in handles if _is_word(each)),
        addresses=tuple(_addresses(identity.addresses)),
    )


def find_contacts(text: str, forms: ContactForms) -> Iterator[Found]:
    """Where the text has them. What overlaps is left for the caller to settle."""
    if forms.emails and "@" in text:
        yield from (Found(span, "email") for span in _matching(EMAIL, text, lambda it: it.casefold() in forms.emails))
    if forms.phones:
        yield from (Found(span, "phone") for span in _matching(PHONE, text, lambda it: _is_phone(it, forms.phones)))
    if forms.links:
        for found in LINK.finditer(text):
            link_of = _bare(found[0])
            if any(link_of == link or link_of.startswith(f"{link}/") for link in forms.links):
                yield Found(Span(found.start(), found.start() + len(found[0].rstrip(_TRAILING))), "link")
    if forms.handles or forms.words_too:
        yield from _handles(text, forms)
    for words in forms.addresses:
        yield from (Found(span, "address") for span in _sequences(text, words))


def _matching(pattern: re.Pattern[str], text: str, is_it: Callable[[str], bool]) -> Iterator[Span]:
    for found in pattern.finditer(text):
        if is_it(found[0]):
            yield Span(found.start(), found.end())


def _is_phone(written: str, known: frozenset[str]) -> bool:
    """The same number: with its country or without, or alike to the last digits but for what is dialled before."""
    digits = re.sub(r"\D", "", written).lstrip("0")
    return len(digits) >= _FEWEST_DIGITS and any(
        each.endswith(digits)
        or (digits.endswith(each) and len(digits) - len(each) <= _LONGEST_COUNTRY)
        or (digits[-_SURE_DIGITS:] == each[-_SURE_DIGITS:] and len(digits) >= _SURE_DIGITS)
        for each in known
    )


def _bare(link: str) -> str:
    """The link without scheme, `www.`, query and what follows a sentence."""
    text = link.strip().rstrip(_TRAILING).casefold()
    text = re.sub(r"^(?:https?://)?(?:www\.|m\.|[a-z]{2}\.(?=linkedin\.com))?", "", text)
    return re.split(r"[?#]", text, maxsplit=1)[0].rstrip("/")


def _handle(link: str) -> str | None:
    """The name that a profile's address ends with: `jdoe` of github.com/jdoe, or of @jdoe."""
    text = link.strip()
    if text.startswith("@"):
        return text[1:].casefold() if len(text) > 2 else None
    if not re.search(r"[./]", text):
        return text.casefold() if re.fullmatch(r"[\w.-]{3,40}", text) else None
    try:
        parts = urlsplit(text if "://" in text else f"https://{text}")
    except ValueError:  # brackets that hold no address
        return None
    host = re.sub(r"^(?:www|m|[a-z]{2})\.", "", (parts.hostname or "").casefold())
    if host not in _HOSTS:
        return None
    steps = [
        step for step in parts.path.split("/") if step and step.casefold() not in _PATH_WORDS and not step.isdigit()
    ]
    handle = steps[0].lstrip("@").casefold() if steps else ""
    return handle if len(handle) >= 3 else None


def _is_word(handle: str) -> bool:
    return handle in WORDS or handle in TERMS or (handle.isalpha() and len(handle) < 5)


_HANDLE = re.compile(r"@?[\w-]+(?:\.[\w-]+)*")


def _handles(text: str, forms: ContactForms) -> Iterator[Found]:
    for found in _HANDLE.finditer(text):
        written = found[0].lstrip("@").casefold()
        is_marked = found[0].startswith("@") or text[found.start() - 1 : found.start()] == "/"
        if written in forms.handles or (is_marked and written in forms.words_too):
            yield Found(Span(found.start(), found.end()), "handle")


def _addresses(addresses: Iterable[str]) -> Iterator[tuple[str, ...]]:
    for address in addresses:
        for lines in (address, re.split(r"[,;\n\uff0c]", address, maxsplit=1)[0]):
            words = tuple(word for word, _ in _street_words(lines))
            # A town alone is no address: it has to have a number, and to be more than that.
            if len(words) > 1 and any(word[0].isdigit() or word[-1].isdigit() for word in words):
                yield words
            elif len(words) == 1 and len(words[0]) > 5 and re.search(r"\d", words[0]):
                yield words  # scripts without spaces


_SHORT_STREETS = {
    "street": "st", "road": "rd", "avenue": "ave", "lane": "ln", "drive": "dr", "boulevard": "blvd", "square": "sq",
    "apartment": "apt", "calle": "c", "avenida": "av", "avda": "av",
}  # fmt: skip


def _street(word: str) -> str:
    """Streets are shortened in passing: Hauptstraße and Hauptstr., Street and St."""
    return word[:-4] if word.endswith("strasse") else _SHORT_STREETS.get(word, word)


def _street_words(text: str) -> Iterator[tuple[str, Span]]:
    """The words of an address as they are compared, and where each stands."""
    for found in WORD.finditer(text):
        # Of a lone soft hyphen or accent nothing is left: it is no word.
        if word := folded(found[0]):
            yield _street(word), Span(found.start(), found.end())


def _sequences(text: str, words: tuple[str, ...]) -> Iterator[Span]:
    """Where these words follow one another, whatever signs stand between them."""
    found = list(_street_words(text))
    spelt = [word for word, _ in found]
    for at in range(len(spelt) - len(words) + 1):
        if spelt[at] == words[0] and tuple(spelt[at : at + len(words)]) == words:
            yield Span(found[at][1].start, found[at + len(words) - 1][1].end)
