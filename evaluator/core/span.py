"""A span of an answer, and the search that finds a quote in it: by its characters, never by its meaning."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

# Quotation marks, dashes and ellipses that a model or a word processor swaps for one another.
_SAME = str.maketrans(
    {
        **dict.fromkeys("‘’‚‛′`´ʼ＇", "'"),
        **dict.fromkeys("“”„‟″«»＂", '"'),
        **dict.fromkeys("‐‑‒–—―−", "-"),
        # Soft hyphen, zero-width characters and joiners, bidirectional marks, byte-order mark: no ink.
        **dict.fromkeys("\u00ad\u200b\u200c\u200d\u2060\u200e\u200f\u202a\u202b\u202c\u202d\u202e", ""),
        **dict.fromkeys("\u2066\u2067\u2068\u2069\ufeff", ""),
    }
)
_WRAPPING = "\"'.… \t\r\n-"
_SHORTEST = 4  # letters or digits; below this a quote is found in almost any answer and shows nothing
_SHORTEST_IDEOGRAPHS = 2


@dataclass(frozen=True, slots=True)
class Span:
    """Characters [start, end) of an answer exactly as it was submitted."""

    start: int
    end: int


class QuoteFinder:
    """Finds quotes in one answer; the answer is prepared once and searched many times.

    A quote is found exactly, or else with differences of white space, case, quotation marks, dashes,
    invisible characters and Unicode form (NFKD) forgiven. An ellipsis or quotation marks around the quote
    are no part of it. A quote too short to show anything is not found.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self._folded: _Folded | None = None
        self._found: dict[str, Span | None] = {}

    @property
    def length(self) -> int:
        """Characters of the answer, without what is blotted out."""
        return len(self._text) - self._text.count("\x00")

    def find(self, quote: str) -> Span | None:
        """Where the quote stands in the answer (its first place), or None."""
        if quote not in self._found:
            self._found[quote] = self._search(quote)
        return self._found[quote]

    def _search(self, quote: str) -> Span | None:
        if not _says_something(quote):
            return None
        at = self._text.find(quote)
        if at >= 0:
            return Span(at, at + len(quote))
        if self._folded is None:
            self._folded = _fold(self._text)
        folded = _fold(quote).text.strip()
        return self._folded.find(folded) or self._folded.find(folded.strip(_WRAPPING))


def _says_something(quote: str) -> bool:
    written = []
    for character in quote:
        if character.isalnum():
            written.append(character)
            # Nearly every quote is decided within its first word.
            if len(written) >= _SHORTEST:
                return True
    ideographs = sum(unicodedata.category(character) == "Lo" for character in written)
    return ideographs >= _SHORTEST_IDEOGRAPHS


@dataclass(frozen=True, slots=True)
class _Folded:
    """Text with its differences folded away; `starts[i]`, `ends[i]`: where its character i came from."""

    text: str
    starts: list[int]
    ends: list[int]

    def find(self, folded_quote: str) -> Span | None:
        if not folded_quote:
            return None
        at = self.text.find(folded_quote)
        if at < 0:
            return None
        return Span(self.starts[at], self.ends[at + len(folded_quote) - 1])


# A letter with the marks that follow it: folded together, so that é matches e + combining acute.
_CLUSTER = re.compile(r"\s+|.", re.DOTALL)


def _fold(text: str) -> _Folded:
    letters: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    for start, end in _clusters(text):
        piece = text[start:end]
        folded = " " if piece.isspace() else _fold_cluster(piece)
        if folded == " " and letters and letters[-1] == " ":
            ends[-1] = end
            continue
        letters.extend(folded)
        starts.extend([start] * len(folded))
        ends.extend([end] * len(folded))
    return _Folded("".join(letters), starts, ends)


def _clusters(text: str) -> list[tuple[int, int]]:
    spans: list[tuple[int, int]] = []
    for found in _CLUSTER.finditer(text):
        start, end = found.span()
        if spans and end - start == 1 and unicodedata.combining(text[start]):
            spans[-1] = (spans[-1][0], end)
        else:
            spans.append((start, end))
    return spans


def _fold_cluster(piece: str) -> str:
    plain = unicodedata.normalize("NFKD", piece.translate(_SAME)).casefold()
    return re.sub(r"\s+", " ", unicodedata.normalize("NFKD", plain).translate(_SAME))
