"""What is seen in an answer before any grader reads it: nothing there, too long, copied, hidden, said to the grader."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from rapidfuzz import fuzz

from evaluator.core.absence import absence_of
from evaluator.core.answer import Answer
from evaluator.core.grade import Flag
from evaluator.core.near_copy.flag import near_copy_flag
from evaluator.core.questionnaire import Question
from evaluator.core.suspicion.finding import Finding
from evaluator.core.suspicion.look import GradingWords, look_at

LONGEST = 30_000
"""Characters. Above it an answer is not sent to a grader: no written answer is that long by honest means."""
EXCEL_CELL = 32_767
"""The most characters that a cell of Excel holds; an answer of exactly this length was probably cut off."""
_COPIED = 90  # rapidfuzz partial ratio between the answer and the question's text
_WORD = re.compile(r"\w+")
_TURNING = "\u202d\u202e"  # what follows is shown from back to front
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f]")

_NOT_ANSWERED = {
    "blank": "The field was left empty.",
    "placeholder": "The candidate wrote that there is no answer.",
    "missing": "The table has no answer to this question for this candidate.",
}


@dataclass(frozen=True, slots=True)
class Screening:
    """The result: `not_answered` or `ungradable` say why no grader is asked; `flags` are what was noticed."""

    not_answered: str | None = None
    ungradable: str | None = None
    flags: tuple[Flag, ...] = ()
    findings: tuple[Finding, ...] = ()
    """What speaks to the grader: without it the answer is read a second time."""


def screen(answer: Answer, question: Question, rubric_words: GradingWords) -> Screening:
    """What is seen in the answer before it is graded. Nothing here lowers a score."""
    text = answer.text
    absent = answer.absent or absence_of(text)
    if absent is not None:
        return Screening(not_answered=f"{absent}: {_NOT_ANSWERED[absent]}")
    flags = [*_hidden_characters(text), *_copied_question(text, question)]
    if answer.alike:
        flags.append(near_copy_flag(answer.alike))
    if len(text) == EXCEL_CELL:
        flags.append(
            Flag(
                code="truncated",
                severity="review",
                detail=f"Exactly {EXCEL_CELL:,} characters, the most that a cell of Excel holds: probably cut off.",
            )
        )
    if not _has_words(text, question.min_words):
        words = len(_WORD.findall(text))
        detail = f"{words} word{'' if words == 1 else 's'}; the question expects at least {question.min_words}."
        flags.append(Flag(code="too_short", severity="note", detail=detail))
    if len(text) > LONGEST:
        too_long = f"too_long: The answer has {len(text):,} characters; above {LONGEST:,} a person has to read it."
        return Screening(ungradable=too_long, flags=tuple(flags))
    return Screening(flags=tuple(flags), findings=look_at(text, rubric_words))


def _has_words(text: str, number: int) -> bool:
    """Whether it has at least so many words; read no further than these."""
    return number == 0 or (number <= len(text) and _so_many_words(number).match(text) is not None)


@lru_cache(maxsize=256)
def _so_many_words(number: int) -> re.Pattern[str]:
    return re.compile(rf"\W*+(?:\w++\W++){{{number - 1}}}\w")


def _hidden_characters(text: str) -> list[Flag]:
    """One flag for characters that a reader cannot see but a model reads: format, tag and control characters."""
    if text.isascii():
        places = [] if text.isprintable() else [found.start() for found in _CONTROL.finditer(text)]
    else:
        # Which characters there are is quickly seen, and hardly any text has one that could be hidden.
        possible = {character for character in set(text) if unicodedata.category(character)[0] == "C"}
        places = (
            [at for at, each in enumerate(text) if each in possible and _is_hidden(text, at, each)] if possible else []
        )
    if not places:
        return []
    kinds = sorted({f"U+{ord(text[at]):04X}" for at in places})
    counted = "One character" if len(places) == 1 else f"{len(places)} characters"
    detail = f"{counted} that a reader cannot see ({', '.join(kinds[:5])})."
    # One stray mark comes from copying out of a word processor; many, or tags, carry something.
    suspicious = len(places) > 3 or any(ord(text[at]) >= 0xE0000 or text[at] in _TURNING for at in places)
    severity = "review" if suspicious else "note"
    return [Flag(code="hidden_characters", severity=severity, detail=detail, start=places[0], end=places[-1] + 1)]


def _is_hidden(text: str, at: int, character: str) -> bool:
    category = unicodedata.category(character)
    if category == "Cc":
        return character not in "\t\r\n\f\v\x85"
    if category not in ("Cf", "Co", "Cn"):
        return False
    if character == "\ufeff" and at == 0:
        return False
    if character in "\u00ad\u200e\u200f":  # soft hyphen; marks that right-to-left writing needs
        return False
    # A joiner between letters of its script, or inside an emoji, belongs to the writing.
    return not (character in "\u200c\u200d" and 0 < at < len(text) - 1 and not text[at - 1].isascii())


def _copied_question(text: str, question: Question) -> list[Flag]:
    if len(text) < 40 or len(text) > 4 * len(question.text):
        return []
    likeness = fuzz.ratio(text.casefold(), question.text.casefold(), score_cutoff=_COPIED)
    if likeness < _COPIED and not _mostly_from(text, question.text):
        return []
    return [Flag(code="copied_question", severity="review", detail="The answer is mostly the question's own text.")]


def _mostly_from(text: str, source: str) -> bool:
    """Whether nearly all of the answer is one stretch of the question."""
    if len(text) > len(source):
        return False
    if text.isascii():
        # Where fewer than half of the words are the question's, it cannot be; comparing takes forty times as long.
        # Not asked of other scripts: some have no spaces, and a whole sentence would be one word.
        said, given = text.casefold().split(), _words_of(source)
        if 2 * sum(map(given.__contains__, said)) < len(said):
            return False
    return fuzz.partial_ratio(text.casefold(), source.casefold(), score_cutoff=_COPIED) >= _COPIED


@lru_cache(maxsize=256)
def _words_of(source: str) -> frozenset[str]:
    return frozenset(source.casefold().split())
