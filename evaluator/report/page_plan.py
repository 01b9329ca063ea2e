"""Which candidates go on which page: one page for a small run, a bounded number of bounded pages for a large one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ANSWERS_A_PAGE = 300
"""A page of so many answers is a few megabytes: it opens on a phone."""
FURTHER_PAGES = 40
"""Above this nobody reads on; the tables and `grades.jsonl` hold every answer."""
ROWS_A_TABLE = 1_000


@dataclass(frozen=True, slots=True)
class PagePlan:
    """The candidates of each page, in the order of the table.

    `first` holds every candidate of a small run and is empty for a large one, whose first page holds the table
    and the answers that need a person. `left_out` have their answers on no page.
    """

    first: tuple[str, ...]
    further: tuple[tuple[str, ...], ...]
    left_out: tuple[str, ...]

    @property
    def is_paged(self) -> bool:
        """Whether the answers are spread over further pages."""
        return bool(self.further)


def plan_pages(candidates: Sequence[str], answers: Mapping[str, int], answers_a_page: int) -> PagePlan:
    """`answers` counts each candidate's answers. A candidate is never split between pages."""
    if sum(answers[candidate] for candidate in candidates) <= answers_a_page:
        return PagePlan(tuple(candidates), (), ())
    pages: list[list[str]] = []
    room = 0
    for place, candidate in enumerate(candidates):
        if answers[candidate] > room or not pages:
            if len(pages) == FURTHER_PAGES:
                return PagePlan((), tuple(map(tuple, pages)), tuple(candidates[place:]))
            pages.append([])
            room = answers_a_page
        pages[-1].append(candidate)
        room -= answers[candidate]
    return PagePlan((), tuple(map(tuple, pages)), ())


def page_path(first: Path, number: int) -> Path:
    """The file of page `number`, counted from 1: report.html, report-2.html …"""
    return first if number == 1 else first.with_name(f"{first.stem}-{number}{first.suffix}")
