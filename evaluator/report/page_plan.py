"""Which candidates go on which page: one page for a small run, a bounded number of bounded pages for a large one."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from evaluator.core.candidate import Standings

ANSWERS_A_PAGE = 300
"""A page of so many answers is a few megabytes: it opens on a phone."""
FURTHER_PAGES = 40
"""Above this nobody reads on; the tables and `grades.jsonl` hold every answer."""
ROWS_A_TABLE = 1_000


@dataclass(frozen=True, slots=True)
class PagePlan:
    """The candidates of each page, in the order of the table.

    `first` holds every candidate of a small run and is empty for a large one, whose first page holds the table
    and answers that need a person: those of the candidates in `waiting`, the first in the table who have one.
    `place` counts the candidates named here as the table does, from 1. Of those who are on no page only the numbers
    are kept, so that the plan of a million candidates is no larger than that of ten thousand.
    """

    first: tuple[str, ...]
    further: tuple[tuple[str, ...], ...]
    waiting: frozenset[str]
    place: dict[str, int]
    candidates: int
    candidates_left_out: int
    answers: int
    answers_left_out: int
    to_review: int

    @property
    def is_paged(self) -> bool:
        """Whether the answers are spread over further pages."""
        return bool(self.further)


@dataclass(slots=True)
class _Pages:
    """Pages while they are filled."""

    pages: list[list[str]] = field(default_factory=list)
    room: int = 0

    def take(self, candidate: str, answers: int, answers_a_page: int) -> bool:
        """Whether the candidate found a place; a candidate is never split between pages."""
        if answers > self.room or not self.pages:
            if len(self.pages) == FURTHER_PAGES:
                return False
            self.pages.append([])
            self.room = answers_a_page
        self.pages[-1].append(candidate)
        self.room -= answers
        return True


def plan_pages(standings: Standings, answers_a_page: int) -> PagePlan:
    """The plan for these candidates, from one reading of their standings."""
    pages = _Pages()
    waiting: set[str] = set()
    place: dict[str, int] = {}
    candidates_left_out = answers = answers_left_out = to_review = 0
    for number, standing in enumerate(standings, start=1):
        candidate = standing.candidate_id
        answers += standing.answers
        if standing.to_review and to_review < answers_a_page:
            waiting.add(candidate)
            place[candidate] = number
        to_review += standing.to_review
        if candidates_left_out or not pages.take(candidate, standing.answers, answers_a_page):
            candidates_left_out += 1
            answers_left_out += standing.answers
        else:
            place[candidate] = number
    is_small = answers <= answers_a_page
    return PagePlan(
        first=tuple(candidate for page in pages.pages for candidate in page) if is_small else (),
        further=() if is_small else tuple(map(tuple, pages.pages)),
        waiting=frozenset(waiting),
        place=place,
        candidates=len(standings),
        candidates_left_out=candidates_left_out,
        answers=answers,
        answers_left_out=answers_left_out,
        to_review=to_review,
    )


def page_path(first: Path, number: int) -> Path:
    """The file of page `number`, counted from 1: report.html, report-2.html …"""
    return first if number == 1 else first.with_name(f"{first.stem}-{number}{first.suffix}")
