"""A finding: a stretch of an answer that speaks to its grader, and in a sentence why it is taken for that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

BLOT = "\x00"
FindingCode = Literal["injection_suspected", "hidden_characters", "keyword_stuffing"]


@dataclass(frozen=True, slots=True)
class Finding:
    """Characters [start, end) of the answer.

    `certain`: it can hardly be anything else, and a person looks whatever the levels do. One that is not certain is
    left out when the answer is read again, and a person looks only where that lowers a level.
    """

    code: FindingCode
    start: int
    end: int
    says: str
    certain: bool


def merged(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """Findings in the order of the text, those that overlap made one that is as certain as the surest of them."""
    made: list[Finding] = []
    for each in sorted(findings, key=lambda one: (one.start, -one.end)):
        if made and each.start < made[-1].end:
            last = made[-1]
            surer = each if each.certain and not last.certain else last
            made[-1] = Finding(
                surer.code, last.start, max(last.end, each.end), surer.says, last.certain or each.certain
            )
        else:
            made.append(each)
    return tuple(made)


def blotted(text: str, findings: Sequence[Finding]) -> str:
    """The text with what was found blotted out, character by character: offsets stay, and no quote reaches into it.

    Findings are in order and do not overlap.
    """
    pieces = []
    at = 0
    for each in findings:
        pieces += [text[at : each.start], BLOT * (each.end - each.start)]
        at = each.end
    return "".join([*pieces, text[at:]])
