"""What a page shows of two answers that are nearly the same: both texts, with what stands in both of them marked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from evaluator.core.near_copy.passages import common_passages
from evaluator.report.marked_answer import Mark, Segment, segments

_LONGEST = 12_000  # characters of a text that are shown beside another; the whole stands with its own candidate


@dataclass(frozen=True, slots=True)
class AlikeAnswer:
    """Another candidate's answer that is nearly the same; `row` is its row in the table."""

    candidate_id: str
    answer_id: str
    row: int
    text: str


@dataclass(frozen=True, slots=True)
class AlikeView:
    """An answer and another one, cut where the passages that both have begin and end."""

    candidate_id: str
    row: int
    own: tuple[Segment, ...]
    other: tuple[Segment, ...]


def alike_views(text: str, others: Iterable[AlikeAnswer]) -> Iterator[AlikeView]:
    """The answer `text` beside each of the others."""
    for other in others:
        yield AlikeView(other.candidate_id, other.row, *side_by_side(text, other.text))


def side_by_side(text: str, other: str) -> tuple[tuple[Segment, ...], tuple[Segment, ...]]:
    """Both texts, cut at the passages that both have."""
    return _marked(text, other), _marked(other, text)


def _marked(text: str, beside: str) -> tuple[Segment, ...]:
    shown = text[:_LONGEST]
    marks = [Mark(each.start, each.end, "common", "", "in both", "") for each in common_passages(shown, beside)]
    return tuple(segments(shown, marks))
