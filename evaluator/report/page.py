"""The report that people read: one self-contained HTML page, or a few linked ones for a large run.

No script, no address outside the page: it can be mailed, printed and opened with no network. Everything a candidate
or a model wrote is escaped, characters that hide are written out, and a content security policy allows styles only.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

from jinja2 import Environment

from evaluator.core.candidate import CandidateStanding, Standings
from evaluator.core.grade import FlagCode, Grade
from evaluator.core.questionnaire import Questionnaire
from evaluator.core.rubric import Criterion, Rubric
from evaluator.core.run_manifest import RunManifest
from evaluator.files.whole_file import whole_file
from evaluator.report.alike_spool import AlikeSpool
from evaluator.report.answer_spool import AnswerSpool
from evaluator.report.answer_view import AnswerView, answer_view
from evaluator.report.candidate_view import CandidateRow, CandidateSection, candidate_row, candidate_section
from evaluator.report.graded_answer import GradedAnswer
from evaluator.report.marked_answer import criterion_letter, criterion_look
from evaluator.report.page_plan import ANSWERS_A_PAGE, ROWS_A_TABLE, page_path, plan_pages
from evaluator.report.page_templates import page_templates
from evaluator.report.run_at_a_glance import run_at_a_glance
from evaluator.report.run_view import LevelAgreement, facts, outcome_in_words

_GENERATOR = "screening answer evaluator report"


@dataclass(frozen=True, slots=True)
class CriterionKey:
    """A criterion in the key to the page."""

    letter: str
    look: str
    criterion: Criterion


class Comparison(Protocol):
    """Another grader's grades by answer id: a dict, or a file of grades."""

    def get(self, answer_id: str, /) -> Grade | None:
        """The grade, None where there is none."""


@contextmanager
def open_report(
    path: Path,
    manifest: RunManifest,
    rubric: Rubric,
    questionnaire: Questionnaire,
    standings: Standings,
    comparison: Comparison | None = None,
    *,
    answers_a_page: int = ANSWERS_A_PAGE,
) -> Iterator[Report]:
    """A report at `path`, for answers to be added to and then to be written.

    `standings` has one for each candidate, in reading order. `comparison`: another grader's grades, shown beside.
    Above `answers_a_page` answers the first page holds the table and the answers that need a person, and the
    candidates' answers follow on report-2.html …, as many as `page_plan` says. Raises OutputError where the pages
    cannot be written.
    """
    with AnswerSpool(path.parent) as spool, AlikeSpool() as alike:
        yield Report(path, manifest, rubric, questionnaire, standings, comparison, answers_a_page, spool, alike)


def write_report(
    path: Path,
    manifest: RunManifest,
    rubric: Rubric,
    questionnaire: Questionnaire,
    answers: Iterable[GradedAnswer],
    standings: Standings,
    comparison: Comparison | None = None,
    *,
    answers_a_page: int = ANSWERS_A_PAGE,
) -> tuple[Path, ...]:
    """Writes these answers to a report, as `open_report` does, and returns its pages."""
    with open_report(
        path, manifest, rubric, questionnaire, standings, comparison, answers_a_page=answers_a_page
    ) as report:
        for graded in answers:
            report.add(graded)
        return report.write()


@dataclass(frozen=True, slots=True)
class _ToReview:
    candidate_id: str
    question_id: str
    place: int


class Report:
    """A report while it is written: takes every answer once, then writes its pages. Made by `open_report`."""

    def __init__(
        self,
        path: Path,
        manifest: RunManifest,
        rubric: Rubric,
        questionnaire: Questionnaire,
        standings: Standings,
        comparison: Comparison | None,
        answers_a_page: int,
        spool: AnswerSpool,
        alike: AlikeSpool,
    ) -> None:
        self._path = path
        self._manifest = manifest
        self._rubric = rubric
        self._questionnaire = questionnaire
        self._standings = standings
        self._comparison: Comparison = comparison or {}
        self._answers_a_page = answers_a_page
        self._spool = spool
        self._alike = alike
        self._agreement = LevelAgreement()
        self._compared_with = ""
        self._to_review: list[_ToReview] = []
        self._flagged: Counter[FlagCode] = Counter()
        self._added = 0
        self._questions = {question.id: place for place, question in enumerate(questionnaire.questions)}
        self._plan = plan_pages(standings, answers_a_page)
        self._page_of = {
            candidate: number
            for number, candidates in enumerate((self._plan.first, *self._plan.further), start=1)
            for candidate in candidates
        }

    def add(self, graded: GradedAnswer) -> None:
        """Takes one answer, in any order; kept until the pages are written only if one of them shows it."""
        self._added += 1
        self._flagged.update({flag.code for flag in graded.grade.flags})
        self._compare(graded.grade)
        self._alike.add(graded)
        candidate = graded.answer.candidate_id
        if candidate not in self._plan.place:
            if not self._plan.candidates_left_out:
                raise ValueError(f"no standing for candidate {candidate!r}: its answers would be in no table")
            return
        place = self._spool.add(graded)
        if graded.grade.needs_review and (candidate in self._plan.waiting or not self._plan.is_paged):
            self._to_review.append(_ToReview(candidate, graded.answer.question_id, place))

    def write(self) -> tuple[Path, ...]:
        """Writes page after page, of which one is in memory at a time, and returns them, the first one first.

        Pages that an earlier, larger report left at the same place are removed.
        """
        if self._plan.candidates_left_out and self._added > self._plan.answers:
            raise ValueError(f"{self._added:,} answers, but standings for {self._plan.answers:,}")
        pages = [self._path]
        self._write_page(1, self._first_page())
        standings = iter(self._standings)
        for page_number, candidates in enumerate(self._plan.further, start=2):
            pages.append(page_path(self._path, page_number))
            here = list(islice(standings, len(candidates)))
            rows = [self._row(standing, page_number) for standing in here]
            self._write_page(page_number, {"rows": rows, "sections": self._sections(here)})
        _remove_older(self._path, len(pages))
        return tuple(pages)

    def _compare(self, grade: Grade) -> None:
        other = self._comparison.get(grade.answer_id)
        if other is None:
            return
        self._compared_with = self._compared_with or other.provenance.grader
        levels = {criterion.id: criterion.level for criterion in other.criteria}
        for criterion in grade.criteria:
            if criterion.id in levels:
                self._agreement.count(criterion.level, levels[criterion.id])

    def _first_page(self) -> dict[str, Any]:
        plan = self._plan
        waiting = sorted(
            self._to_review, key=lambda one: (plan.place[one.candidate_id], self._questions[one.question_id])
        )
        to_review = waiting[: self._answers_a_page] if plan.is_paged else waiting
        rows = [self._row(standing, 1) for standing in islice(self._standings, ROWS_A_TABLE)]
        return {
            "rows": rows,
            "rows_left_out": plan.candidates - len(rows),
            "glance": run_at_a_glance(self._standings, self._flagged, self._rubric)
            if plan.candidates > len(rows)
            else None,
            "to_review": self._review_views(to_review),
            "section_of": {one.candidate_id: self._href(one.candidate_id, 1) for one in to_review},
            "to_review_left_out": plan.to_review - len(to_review) if plan.is_paged else 0,
            "sections": self._sections(islice(self._standings, len(plan.first))),
            "answers_left_out": plan.answers_left_out,
            "compared_with": self._compared_with,
            "agreement": self._agreement.in_words(self._compared_with) if self._agreement.levels else "",
            "facts": facts(self._manifest),
            "outcome": outcome_in_words(self._manifest),
        }

    def _write_page(self, page_number: int, content: Mapping[str, Any]) -> None:
        context = {
            "manifest": self._manifest,
            "rubric": self._rubric,
            "questionnaire": self._questionnaire,
            "key": self._key(),
            "page": page_number,
            "pages": [page_path(self._path, each).name for each in range(1, len(self._plan.further) + 2)],
            "paged": self._plan.is_paged,
            "generator": _GENERATOR,
            **content,
        }
        template = _templates().get_template("first_page.html.j2" if page_number == 1 else "further_page.html.j2")
        with (
            whole_file(page_path(self._path, page_number)) as partial,
            partial.open("w", encoding="utf-8", newline="\n") as page,
        ):
            page.writelines(template.generate(context))

    def _key(self) -> list[CriterionKey]:
        return [
            CriterionKey(criterion_letter(place), criterion_look(place), criterion)
            for place, criterion in enumerate(self._rubric.criteria)
        ]

    def _row(self, standing: CandidateStanding, on_page: int) -> CandidateRow:
        return candidate_row(standing, self._rubric, self._href(standing.candidate_id, on_page))

    def _href(self, candidate: str, on_page: int) -> str:
        """Where the candidate's section is, seen from a page; empty where it is on none."""
        page = self._page_of.get(candidate)
        if page is None:
            return ""
        anchor = f"#{self._anchor(candidate)}"
        return anchor if page == on_page else page_path(self._path, page).name + anchor

    def _anchor(self, candidate: str) -> str:
        return f"c{self._plan.place[candidate]}"

    def _sections(self, standings: Iterable[CandidateStanding]) -> Iterator[CandidateSection]:
        for standing in standings:
            anchor = self._anchor(standing.candidate_id)
            views = [
                self._view(graded, f"{anchor}-{place}")
                for place, graded in enumerate(self._in_order(self._spool.of(standing.candidate_id)), start=1)
            ]
            yield candidate_section(standing, self._rubric, anchor, views)

    def _review_views(self, to_review: Sequence[_ToReview]) -> list[AnswerView]:
        """On the only page these link to the answer in its candidate's section, so they carry the same anchor."""
        views = []
        for one in to_review:
            graded = self._spool.at(one.place)
            among = self._in_order(self._spool.of(one.candidate_id))
            place = next(at for at, each in enumerate(among, start=1) if each == graded)
            views.append(self._view(graded, f"{self._anchor(one.candidate_id)}-{place}"))
        return views

    def _in_order(self, answers: Iterable[GradedAnswer]) -> list[GradedAnswer]:
        return sorted(answers, key=lambda graded: (self._questions[graded.grade.question_id], graded.grade.answer_id))

    def _view(self, graded: GradedAnswer, anchor: str) -> AnswerView:
        other = self._comparison.get(graded.grade.answer_id)
        alike = self._alike.of(graded.grade)
        return answer_view(graded, anchor, self._rubric, self._questionnaire, other, alike)


@cache
def _templates() -> Environment:
    return page_templates()


def _remove_older(path: Path, pages: int) -> None:
    """Removes further pages of an earlier report at this place; a file that is not a report's is left alone."""
    named = re.compile(rf"{re.escape(path.stem)}-(\d+){re.escape(path.suffix)}")
    for other in path.parent.iterdir():
        match = named.fullmatch(other.name)
        if match and int(match[1]) > pages:
            with other.open(encoding="utf-8", errors="replace") as page:
                ours = _GENERATOR in page.read(600)
            if ours:
                other.unlink()
