"""The language that an answer is written in, told by py3langid from a model that comes with it: no network."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

CANNOT_TELL = "cannot tell"
# A few words are told wrongly too often, above all terms that every language borrows.
_FEWEST_LETTERS = 20
_LEAST_PROBABILITY = 0.8


def language_of(text: str) -> str:
    """The ISO 639 code of the language, or "cannot tell" where the text is too short or the model is not sure."""
    if sum(character.isalpha() for character in text) < _FEWEST_LETTERS:
        return CANNOT_TELL
    language, probability = _identifier().classify(text)
    return str(language) if probability >= _LEAST_PROBABILITY else CANNOT_TELL


@cache
def _identifier() -> LanguageIdentifier:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier  # here: its model takes half a second to load

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
