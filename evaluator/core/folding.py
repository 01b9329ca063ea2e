"""Folding: text without what people and programs change in passing, so that two spellings compare alike."""

from __future__ import annotations

import unicodedata


def fold(text: str) -> str:
    """The text without what people and programs change in passing: case, accents, punctuation, white space.

    A heading of signs only, such as Typeform's "#", stays as it is.
    """
    decomposed = unicodedata.normalize("NFKD", text).casefold()
    plain = "".join(each for each in decomposed if not unicodedata.combining(each))
    words = " ".join("".join(each if each.isalnum() else " " for each in plain).split())
    return words or text.strip()
