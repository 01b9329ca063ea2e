"""Words in a code (base64, hex, percent, entities, Morse, binary, rot13, backwards, spaced letters): what they say."""

from __future__ import annotations

import base64
import binascii
import html
import re
import string
from collections.abc import Callable, Iterator
from dataclasses import replace
from urllib.parse import unquote

from evaluator.core.suspicion.address import addresses, concepts_in
from evaluator.core.suspicion.concepts import Concept, concepts_of, weight_of
from evaluator.core.suspicion.finding import Finding

# Every pattern reads a text once: neighbouring parts share no character, and nothing has to follow a match.
_BASE64 = re.compile(r"(?<![A-Za-z0-9+/_-])[A-Za-z0-9+/_-]{8,}(?:\r?\n[A-Za-z0-9+/_-]{8,})*={0,2}")
_HEX = re.compile(r"(?<![0-9A-Za-z])(?:[0-9a-fA-F]{2}[ \n:]?){12,}")
_PERCENT = re.compile(r"(?:%[0-9a-fA-F]{2}[\w ]{0,20}){5,}")
_ENTITIES = re.compile(r"(?:&#x?[0-9a-fA-F]{1,6};[\w ]{0,3}){5,}")
_ESCAPES = re.compile(r"(?:\\u[0-9a-fA-F]{4}|\\x[0-9a-fA-F]{2}){5,}")
_BINARY = re.compile(r"(?<!\d)(?:[01]{8}[ \n]?){4,}")
_MORSE = re.compile(r"(?<!\S)(?:[.\-·–−_]{1,6}[ \n/|]+){6,}[.\-·–−_]{0,6}")
_SPACED = re.compile(r"(?<!\w)(?:[^\W_][ .\-_*|]{1,4}){7,}[^\W_]")
_MORSE_LETTERS = dict(
    zip(
        ".- -... -.-. -.. . ..-. --. .... .. .--- -.- .-.. -- -. --- .--. --.- .-. ... - ..- ...- .-- -..- -.-- --.. "
        "----- .---- ..--- ...-- ....- ..... -.... --... ---.. ----.".split(),
        "abcdefghijklmnopqrstuvwxyz0123456789",
        strict=True,
    )
)
_PRINTABLE = 0.9  # of the decoded characters, for it to be a text
_OFTEN_SOMETHING_ELSE = frozenset({"Morse", "letters with gaps"})  # the rules of a table, a list of letters
_SENTENCE = 2.5  # weight of concepts that a decoded text needs to be more than a text in a code
_TURNED = 4.0
_FEWEST_TELLING = 3  # concepts that say much: so many do not meet by chance in letters that mean nothing
_LINE = re.compile(r"[^\n]+")


def encoded(text: str) -> Iterator[Finding]:
    """Each stretch that is a text in a code. One that speaks to the grader is certain."""
    for pattern, decode, name in _CODES:
        for found in pattern.finditer(text):
            said = decode(found.group())
            if said is None:
                continue
            speaks = weight_of(concepts_in(said)) >= _SENTENCE
            if not speaks and name in _OFTEN_SOMETHING_ELSE:
                continue
            what = "that speak to the grader" if speaks else "of a text"
            says = f"Words in {name}, {what}: “{said[:80]}”."
            yield Finding("injection_suspected", found.start(), found.end(), says, speaks)


def turned(text: str) -> Iterator[Finding]:
    """Each stretch that speaks to the grader in rot13, and each line that does from back to front."""
    if _speaks_turned(concepts_in(_rot13(text))):
        for each in addresses(_rot13(text)):
            said = _rot13(text[each.start : each.end])
            yield replace(each, says=f"Words in rot13 that speak to the grader: “{said[:80]}”.", certain=True)
    for line in _LINE.finditer(text):
        said = _reversed(line.group())
        if _speaks_turned(concepts_in(said)):
            says = f"Words from back to front that speak to the grader: “{said[:80]}”."
            yield Finding("injection_suspected", line.start(), line.end(), says, True)


_SHIFT = 32
STRAIGHT = (1 << _SHIFT) - 1
"""Of what a word tells (`TELLINGS`), the concepts of it as it stands."""
_MOST_KNOWN = 20_000  # words: what an answer says is among them, and a million answers take no more memory


class _Tellings(dict[str, int]):
    """What a word tells, looked up once. Grown too large, it forgets all."""

    def __missing__(self, word: str) -> int:
        if len(self) >= _MOST_KNOWN:
            self.clear()
        straight, rotated, backwards = map(concepts_of, (word, _rot13(word), _reversed(word)))
        found = self[word] = straight | (rotated | backwards << _SHIFT) << _SHIFT
        return found


TELLINGS = _Tellings()
"""By lower-case word: its concepts, above them those of it in rot13, and above those the ones from back to front."""


def may_be_turned(telling: int) -> bool:
    """Whether words that tell so much together could, turned, speak to the grader: hardly any answer's do."""
    both = telling >> _SHIFT
    return both != 0 and (_speaks_turned(both & STRAIGHT) or _speaks_turned(both >> _SHIFT))


def _speaks_turned(concepts: int) -> bool:
    return weight_of(concepts) >= _TURNED and sum(1 for each in _TELLING if concepts & each) >= _FEWEST_TELLING


_TELLING = (
    Concept.IGNORE,
    Concept.INSTRUCTIONS,
    Concept.GRADER,
    Concept.PASS,
    Concept.THIS_CANDIDATE,
    Concept.MARK,
    Concept.HIGHEST,
)


_LETTERS = string.ascii_lowercase
_AFTER_13 = _LETTERS[13:] + _LETTERS[:13]
_ROT13 = str.maketrans(_LETTERS + _LETTERS.upper(), _AFTER_13 + _AFTER_13.upper())


def _rot13(text: str) -> str:
    return text.translate(_ROT13)


def _reversed(text: str) -> str:
    return text[::-1]


def _as_text(data: bytes) -> str | None:
    """The bytes as text, where they are one: printable, with words and spaces."""
    try:
        said = data.decode("utf-8")
    except UnicodeDecodeError:
        return None
    readable = sum(each.isprintable() or each in "\n\t" for each in said)
    words = said.split()
    return said if len(words) >= 3 and readable >= _PRINTABLE * len(said) else None


def _from_base64(code: str) -> str | None:
    joined = "".join(code.split()).replace("-", "+").replace("_", "/").rstrip("=")
    if len(joined) < 20:
        return None
    try:
        return _as_text(base64.b64decode(joined + "=" * (-len(joined) % 4), validate=True))
    except (binascii.Error, ValueError):
        return None


def _from_hex(code: str) -> str | None:
    digits = re.sub(r"[ \n:]", "", code)
    return _as_text(bytes.fromhex(digits)) if len(digits) % 2 == 0 else None


def _from_binary(code: str) -> str | None:
    return _as_text(bytes(int(each, 2) for each in re.findall(r"[01]{8}", code)))


def _from_percent(code: str) -> str | None:
    return _as_text(unquote(code).encode("utf-8", "surrogatepass"))


def _from_entities(code: str) -> str | None:
    return _as_text(html.unescape(code).encode("utf-8", "replace"))


def _from_escapes(code: str) -> str | None:
    found = re.findall(r"[ux]([0-9a-fA-F]{2,4})", code)
    return _as_text("".join(chr(int(each, 16)) for each in found).encode("utf-8", "replace"))


def _from_morse(code: str) -> str | None:
    plain = code.translate(_DOTS_AND_DASHES)
    words = [
        "".join(_MORSE_LETTERS.get(letter, "") for letter in word.split()) for word in re.split(r"\s*[/|]\s*", plain)
    ]
    said = " ".join(word for word in words if word)
    return said if len(said) >= 6 else None


_DOTS_AND_DASHES = str.maketrans("·–−_", ".---")


def _from_spaced(code: str) -> str | None:
    """Letters one by one; more than one sign between two letters is taken for the end of a word."""
    words = re.split(r"[ .\-_*|]{2,}", code)
    return " ".join(re.sub(r"[ .\-_*|]", "", word) for word in words)


_CODES: tuple[tuple[re.Pattern[str], Callable[[str], str | None], str], ...] = (
    (_BASE64, _from_base64, "base64"),
    (_HEX, _from_hex, "hexadecimal"),
    (_PERCENT, _from_percent, "percent signs"),
    (_ENTITIES, _from_entities, "entities of HTML"),
    (_ESCAPES, _from_escapes, "escapes"),
    (_BINARY, _from_binary, "binary"),
    (_MORSE, _from_morse, "Morse"),
    (_SPACED, _from_spaced, "letters with gaps"),
)
