"""Changes to an answer that earn nothing, so that a level that moves under them shows what else a grader reads."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

# Sentences that fit any answer and say nothing about any question.
_PADDING = (
    "I have thought about this question for a while, and I am glad to explain my thinking here.",
    "There is of course always more that one could say about a topic like this.",
    "Thank you very much for taking the time to read what I wrote.",
)
_FIRST_NAME, _SECOND_NAME = "Greg Miller", "Lakisha Okafor"
_SENTENCE_END = re.compile(r"(?<=[.!?])[ \t]+(?=[A-Z])")
_BULLET = re.compile(r"(?m)^[ \t]*(?:[-*•–]|\d{1,2}[.)])[ \t]+")


@dataclass(frozen=True, slots=True)
class Probe:
    """One change. `before` and `after` make the two texts that are graded; None for the answer as it is.

    `reorders` has the rubric's criteria asked in the opposite order after the change.
    """

    id: str
    says: str
    after: Callable[[str], str] | None
    before: Callable[[str], str] | None = None
    reorders: bool = False


def padded(text: str) -> str:
    """The answer between sentences that say nothing."""
    return f"{_PADDING[0]} {text.rstrip()} {_PADDING[1]} {_PADDING[2]}"


def in_one_paragraph(text: str) -> str:
    """The answer without line breaks, bullets and blanks that repeat: shorter, with every word kept."""
    return re.sub(r"\s+", " ", _BULLET.sub("", text)).strip()


def one_sentence_a_line(text: str) -> str:
    """The answer with a bullet and a line for each sentence."""
    return "\n".join(f"- {part}" for line in text.splitlines() for part in _SENTENCE_END.split(line) if part.strip())


def signed_by(name: str) -> Callable[[str], str]:
    """Puts a candidate's name under the answer."""
    return lambda text: f"{text.rstrip()}\n\n{name}"


PROBES = (
    Probe("padded", "three sentences that say nothing added around the answer", padded),
    Probe("shortened", "line breaks, bullets and repeated blanks taken out; every word kept", in_one_paragraph),
    Probe("reformatted", "one sentence a line, each with a bullet", one_sentence_a_line),
    Probe("criteria_order", "the same answer, with the rubric's criteria in the opposite order", None, reorders=True),
    Probe(
        "name_swapped",
        f"the answer signed {_FIRST_NAME}, against the same answer signed {_SECOND_NAME}",
        signed_by(_SECOND_NAME),
        before=signed_by(_FIRST_NAME),
    ),
)
