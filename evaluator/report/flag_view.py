"""What a page shows of a flag: its name, a sentence, and where in the answer it points."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from evaluator.core.grade import Flag
from evaluator.report.answer_marks import AnswerMarks
from evaluator.report.wording import FLAG_NAMES, reason_in_words


@dataclass(frozen=True, slots=True)
class FlagView:
    """A flag as a sentence; `label` is set where it points at words of the answer."""

    name: str
    sentence: str
    review: bool
    label: str
    anchor: str


def flag_views(flags: Iterable[Flag], marks: AnswerMarks) -> tuple[FlagView, ...]:
    """The flags, those that send to a person first; their places become marks."""
    return tuple(_view(flag, marks) for flag in sorted(flags, key=lambda flag: flag.severity != "review"))


def _view(flag: Flag, marks: AnswerMarks) -> FlagView:
    name = FLAG_NAMES[flag.code]
    # What may speak to the grader is set apart from what the candidate says to a reader.
    look = "boxed" if flag.code == "injection_suspected" else "flag"
    # Hidden characters are written out where they stand; a mark from the first to the last would cover everything.
    mark = None if flag.code == "hidden_characters" else marks.make(flag.start, flag.end, look, "!", name)
    return FlagView(
        name=name,
        sentence=reason_in_words(flag.detail) if flag.code == "ungraded" else flag.detail,
        review=flag.severity == "review",
        label=mark.label if mark else "",
        anchor=mark.anchor if mark else "",
    )
