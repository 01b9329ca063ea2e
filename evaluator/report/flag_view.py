"""What a page shows of a flag: its name, a sentence, and where in the answer it points."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from evaluator.core.grade import Flag
from evaluator.report.answer_marks import AnswerMarks
from evaluator.report.wording import FLAG_NAMES, reason_in_words


@dataclass(frozen=True, slots=True)
class FlagPlace:
    """Where in the answer a flag points."""

    label: str
    anchor: str


@dataclass(frozen=True, slots=True)
class FlagView:
    """A flag as a sentence, with the places in the answer that it points at."""

    name: str
    sentence: str
    review: bool
    places: tuple[FlagPlace, ...]


def flag_views(flags: Iterable[Flag], marks: AnswerMarks) -> tuple[FlagView, ...]:
    """The flags, those that send to a person first; their places become marks.

    Flags that say the same of several places are one: an answer is not pushed out of sight by what is said of it.
    """
    places: dict[tuple[str, str, bool], list[FlagPlace]] = {}
    for flag in sorted(flags, key=lambda flag: flag.severity != "review"):
        name = FLAG_NAMES[flag.code]
        sentence = reason_in_words(flag.detail) if flag.code == "ungraded" else flag.detail
        places.setdefault((name, sentence, flag.severity == "review"), []).extend(_place(flag, name, marks))
    return tuple(FlagView(*said, tuple(dict.fromkeys(at))) for said, at in places.items())


def _place(flag: Flag, name: str, marks: AnswerMarks) -> Iterator[FlagPlace]:
    # What may speak to the grader is set apart from what the candidate says to a reader.
    look = "boxed" if flag.code == "injection_suspected" else "flag"
    # Hidden characters are written out where they stand; a mark from the first to the last would cover everything.
    mark = None if flag.code == "hidden_characters" else marks.make(flag.start, flag.end, look, "!", name)
    if mark is not None:
        yield FlagPlace(mark.label, mark.anchor)
