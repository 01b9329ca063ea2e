"""The language of an answer against that of its question: a note where they differ, and nothing about a level."""

from __future__ import annotations

from collections.abc import Sequence

from evaluator.core.grade import Flag
from evaluator.core.language_signs import (
    LATIN,
    SOME,
    has_signs,
    is_settled,
    main_script,
    prose_of,
    share_of_small_words,
)

FEWEST_LETTERS = 60
FEWEST_OF_A_SCRIPT = 20  # which says of itself that it is another
_LEAST_OWN = 0.06  # of the small words of the language that is to be told, where they are known
_NAMES = {
    "ar": "Arabic", "cs": "Czech", "da": "Danish", "de": "German", "el": "Greek", "en": "English", "es": "Spanish",
    "fi": "Finnish", "fr": "French", "he": "Hebrew", "hi": "Hindi", "hu": "Hungarian", "id": "Indonesian",
    "it": "Italian", "ja": "Japanese", "ko": "Korean", "nl": "Dutch", "no": "Norwegian", "pl": "Polish",
    "pt": "Portuguese", "ro": "Romanian", "ru": "Russian", "sv": "Swedish", "tr": "Turkish", "uk": "Ukrainian",
    "vi": "Vietnamese", "zh": "Chinese",
}  # fmt: skip


def languages_of_question(text: str) -> frozenset[str]:
    """The language that a question is in; empty where it is too short to tell."""
    for language in ("en", "de", "es", "fr", "pt", "it", "nl", "pl", "ru"):
        if is_settled(text.lower().split(), (language,)):
            return frozenset({language})
    from evaluator.files.answer_language import CANNOT_TELL, language_of

    found = language_of(text)
    return frozenset() if found == CANNOT_TELL else frozenset({found})


def other_language(text: str, expected: frozenset[str], said: Sequence[str] | None = None) -> Flag | None:
    """A note where the answer is in none of the expected languages (ISO 639); None where it is, or nobody can tell.

    `said`: what stands between its white space, in lower case, where that is known already.
    Short answers and code are not judged. Nearly every answer is settled by its small words; a model of languages is
    loaded for the first that is not.
    """
    if not expected or is_settled(text.lower().split() if said is None else said, expected):
        return None
    prose = prose_of(text)
    script = main_script(prose)
    letters = sum(each.isalpha() for each in prose)
    if letters < (FEWEST_LETTERS if script is None else FEWEST_OF_A_SCRIPT):
        return None
    asked = ", ".join(_NAMES.get(each, each) for each in sorted(expected))
    if script is not None and expected <= LATIN:
        return _note(f"Written in {script}; {asked} was expected.")
    from evaluator.files.answer_language import CANNOT_TELL, language_of  # here: it brings numpy and its model

    found = language_of(prose)
    if found == CANNOT_TELL or found in expected:
        return None
    words = prose.lower().split()
    own = share_of_small_words(words, found) if has_signs(found) else _LEAST_OWN
    if own < _LEAST_OWN or any(
        has_signs(each) and share_of_small_words(words, each) >= max(SOME, own) for each in expected
    ):
        return None
    return _note(f"Written in {_NAMES.get(found, found)}, as far as a program can tell; {asked} was expected.")


def _note(detail: str) -> Flag:
    return Flag(code="other_language", severity="note", detail=detail)
