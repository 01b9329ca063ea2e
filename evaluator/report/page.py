"""The report that people read: one self-contained HTML page, or a few linked ones for a large run.

No script, no address outside the page: it can be mailed, printed and opened with no network. Everything a candidate
or a model wrote is escaped, characters that hide are written out, and a content security policy allows styles only.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment

from evaluator.core.candidate import CandidateStanding, in_reading_order
from evaluator.core.grade import Grade
from evaluator.core.questionnaire import Questionnaire
from evaluator.core.rubric import Criterion, Rubric
from evaluator.core.run_manifest import RunManifest
from evaluator.report.answer_spool import AnswerSpool
from evaluator.report.answer_view import AnswerView, answer_view
from evaluator.report.candidate_view import CandidateRow, CandidateSection, candidate_row, candidate_section
from evaluator.report.graded_answer import GradedAnswer
from evaluator.report.marked_answer import criterion_letter, criterion_look
from evaluator.report.page_plan import ANSWERS_A_PAGE, ROWS_A_TABLE, PagePlan, page_path, plan_pages
from evaluator.report.page_templates import page_templates
from evaluator.report.run_view import LevelAgreement, facts, outcome_in_words
from evaluator.report.whole_file import whole_file

_GENERATOR = "screening answer evaluator report"


@dataclass(frozen=True, slots=True)
class CriterionKey:
    """A criterion in the key to the page."""

    letter: str
    look: str
    criterion: Criterion


def write_report(
    path: Path,
    manifest: RunManifest,
    rubric: Rubric,
    questionnaire: Questionnaire,
    answers: Iterable[GradedAnswer],
    standings: Sequence[CandidateStanding],
    comparison: Mapping[str, Grade] | None = None,
    *,
    answers_a_page: int = ANSWERS_A_PAGE,
) -> tuple[Path, ...]:
    """Writes the report to `path` and returns every page that was written, the first one first.

    `answers` is read once, in any order, and is not held in memory. `standings` has one for each candidate.
    `comparison`: another grader's grades by answer id, shown beside. Above `answers_a_page` answers the first page
    holds the table and the answers that need a person, and the candidates' answers follow on report-2.html …
    Pages that an earlier, larger report left at the same place are removed.
    Raises OutputError where the pages cannot be written.
    """
    agreement = LevelAgreement()
    to_review: list[_ToReview] = []
    with AnswerSpool(path.parent) as spool:
        for graded in answers:
            place = spool.add(graded)
            if graded.grade.needs_review:
                to_review.append(_ToReview(graded.answer.candidate_id, graded.answer.question_id, place))
            _compare(graded.grade, comparison, agreement)
        report = _Report(
            path, manifest, rubric, questionnaire, spool, in_reading_order(standings), comparison, answers_a_page
        )
        pages = report.write(to_review, agreement)
    _remove_older(path, len(pages))
    return pages


@dataclass(frozen=True, slots=True)
class _ToReview:
    candidate_id: str
    question_id: str
    place: int


def _compare(grade: Grade, comparison: Mapping[str, Grade] | None, agreement: LevelAgreement) -> None:
    other = (comparison or {}).get(grade.answer_id)
    if other is None:
        return
    levels = {criterion.id: criterion.level for criterion in other.criteria}
    for criterion in grade.criteria:
        if criterion.id in levels:
            agreement.count(criterion.level, levels[criterion.id])


class _Report:
    """One report while it is written: what every page needs, and where each candidate went."""

    def __init__(
        self,
        path: Path,
        manifest: RunManifest,
        rubric: Rubric,
        questionnaire: Questionnaire,
        spool: AnswerSpool,
        standings: Sequence[CandidateStanding],
        comparison: Mapping[str, Grade] | None,
        answers_a_page: int,
    ) -> None:
        self._path = path
        self._manifest = manifest
        self._rubric = rubric
        self._questionnaire = questionnaire
        self._spool = spool
        self._comparison = comparison or {}
        self._answers_a_page = answers_a_page
        self._standings = {standing.candidate_id: standing for standing in standings}
        without = [candidate for candidate in spool.candidates if candidate not in self._standings]
        if without:
            raise ValueError(f"no standing for candidate {without[0]!r}: its answers would be in no table")
        self._anchors = {candidate: f"c{place}" for place, candidate in enumerate(self._standings, start=1)}
        self._questions = {question.id: place for place, question in enumerate(questionnaire.questions)}
        counts = {candidate: spool.count_of(candidate) for candidate in self._standings}
        self._plan = plan_pages(list(self._standings), counts, answers_a_page)
        self._page_of = {
            candidate: number
            for number, candidates in enumerate((self._plan.first, *self._plan.further), start=1)
            for candidate in candidates
        }

    def write(self, to_review: Sequence[_ToReview], agreement: LevelAgreement) -> tuple[Path, ...]:
        """Writes page after page; only one is in memory at a time."""
        order = {candidate: place for place, candidate in enumerate(self._standings)}
        waiting = sorted(to_review, key=lambda one: (order[one.candidate_id], self._questions[one.question_id]))
        pages = [self._path]
        self._write_page(1, self._first_page(waiting, agreement))
        for page_number, candidates in enumerate(self._plan.further, start=2):
            pages.append(page_path(self._path, page_number))
            rows = [self._row(candidate, page_number) for candidate in candidates]
            self._write_page(page_number, {"rows": rows, "sections": self._sections(candidates)})
        return tuple(pages)

    def _first_page(self, waiting: Sequence[_ToReview], agreement: LevelAgreement) -> dict[str, Any]:
        shown = list(self._standings)[:ROWS_A_TABLE]
        plan: PagePlan = self._plan
        to_review = waiting[: self._answers_a_page] if plan.is_paged else waiting
        grader = next((grade.provenance.grader for grade in self._comparison.values()), "")
        return {
            "rows": [self._row(candidate, 1) for candidate in shown],
            "rows_left_out": len(self._standings) - len(shown),
            "to_review": self._review_views(to_review),
            "section_of": {one.candidate_id: self._href(one.candidate_id, 1) for one in to_review},
            "to_review_left_out": len(waiting) - len(to_review),
            "sections": self._sections(plan.first),
            "answers_left_out": sum(self._spool.count_of(candidate) for candidate in plan.left_out),
            "compared_with": grader,
            "agreement": agreement.in_words(grader) if agreement.levels else "",
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

    def _row(self, candidate: str, on_page: int) -> CandidateRow:
        return candidate_row(self._standings[candidate], self._rubric, self._href(candidate, on_page))

    def _href(self, candidate: str, on_page: int) -> str:
        """Where the candidate's section is, seen from a page; empty where it is on none."""
        page = self._page_of.get(candidate)
        anchor = f"#{self._anchors[candidate]}"
        return "" if page is None else anchor if page == on_page else page_path(self._path, page).name + anchor

    def _sections(self, candidates: Sequence[str]) -> Iterator[CandidateSection]:
        for candidate in candidates:
            anchor = self._anchors[candidate]
            views = [
                self._view(graded, f"{anchor}-{place}")
                for place, graded in enumerate(self._in_order(self._spool.of(candidate)), start=1)
            ]
            yield candidate_section(self._standings[candidate], self._rubric, anchor, views)

    def _review_views(self, to_review: Sequence[_ToReview]) -> list[AnswerView]:
        """On the only page these link to the answer in its candidate's section, so they carry the same anchor."""
        views = []
        for one in to_review:
            graded = self._spool.at(one.place)
            among = self._in_order(self._spool.of(one.candidate_id))
            place = next(at for at, each in enumerate(among, start=1) if each == graded)
            views.append(self._view(graded, f"{self._anchors[one.candidate_id]}-{place}"))
        return views

    def _in_order(self, answers: Iterable[GradedAnswer]) -> list[GradedAnswer]:
        return sorted(answers, key=lambda graded: (self._questions[graded.grade.question_id], graded.grade.answer_id))

    def _view(self, graded: GradedAnswer, anchor: str) -> AnswerView:
        other = self._comparison.get(graded.grade.answer_id)
        return answer_view(graded, anchor, self._rubric, self._questionnaire, other)


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
