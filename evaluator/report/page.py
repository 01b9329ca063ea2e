"""The report that people read: one self-contained HTML page, or a few linked ones for a large run.

No script, no address outside the page: it can be mailed, printed and opened with no network. Everything a candidate
or a model wrote is escaped, characters that hide are written out, and a content security policy allows styles only.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

from jinja2 import Environment
from markupsafe import Markup

from evaluator.core.candidate import CandidateStanding, Standings
from evaluator.core.grade import FlagCode, Grade
from evaluator.core.questionnaire import Questionnaire
from evaluator.core.review_urgency import urgency_of
from evaluator.core.rubric import Criterion, Rubric
from evaluator.core.run_manifest import RunManifest
from evaluator.files.whole_file import whole_file
from evaluator.report.alike_spool import AlikeSpool
from evaluator.report.answer_card import AnswerCard, Owner
from evaluator.report.answer_view import AnswerViews
from evaluator.report.candidate_view import CandidateRow, candidate_row, candidate_section
from evaluator.report.graded_answer import GradedAnswer
from evaluator.report.marked_answer import criterion_letter, criterion_look
from evaluator.report.page_plan import ANSWERS_A_PAGE, ROWS_A_TABLE, page_path, plan_pages
from evaluator.report.page_templates import ANSWERS_HERE, page_templates
from evaluator.report.run_at_a_glance import run_at_a_glance
from evaluator.report.run_view import LevelAgreement, facts, outcome_in_words
from evaluator.report.shown_answers import ShownAnswers

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
    with ShownAnswers(path.parent) as shown, AlikeSpool() as alike:
        yield Report(path, manifest, rubric, questionnaire, standings, comparison, answers_a_page, shown, alike)


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
    """An answer that needs a person as the first page shows it; `rank` is 0 where all stand in the table's order."""

    rank: int
    candidate: int
    question: int
    shown: bytes


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
        shown: ShownAnswers,
        alike: AlikeSpool,
    ) -> None:
        self._path = path
        self._manifest = manifest
        self._rubric = rubric
        self._questionnaire = questionnaire
        self._standings = standings
        self._comparison: Comparison = comparison or {}
        self._answers_a_page = answers_a_page
        self._shown = shown
        self._alike = alike
        self._agreement = LevelAgreement()
        self._compared_with = ""
        self._to_review: list[_ToReview] = []
        self._flagged: Counter[FlagCode] = Counter()
        self._added = 0
        self._shown_of: Counter[str] = Counter()
        self._views = AnswerViews(rubric, questionnaire)
        self._questions = {question.id: place for place, question in enumerate(questionnaire.questions)}
        self._plan = plan_pages(standings, answers_a_page)
        self._left_out = max(0, self._plan.to_review - answers_a_page) if self._plan.is_paged else 0
        self._page_of = {
            candidate: number
            for number, candidates in enumerate((self._plan.first, *self._plan.further), start=1)
            for candidate in candidates
        }

    def add(self, graded: GradedAnswer) -> None:
        """Takes one answer, in any order; kept until the pages are written only if one of them shows it."""
        grade = graded.grade
        self._added += 1
        self._flagged.update({flag.code for flag in grade.flags})
        other = self._comparison.get(grade.answer_id)
        if other is not None:
            self._compare(grade, other)
        candidate = graded.answer.candidate_id
        if candidate not in self._plan.place and not self._plan.candidates_left_out:
            raise ValueError(f"no standing for candidate {candidate!r}: its answers would be in no table")
        if grade.rows_alike:
            # It is shown beside others, which may come after it.
            self._alike.add(graded)
        else:
            self._show(graded, other)

    def _show(self, graded: GradedAnswer, other: Grade | None) -> None:
        grade, candidate = graded.grade, graded.answer.candidate_id
        number = self._plan.place.get(candidate)
        if number is None:
            return
        question = self._questions[grade.question_id]
        self._shown_of[candidate] += 1
        anchor = f"{_anchor(number)}-{self._shown_of[candidate]}"
        view = self._views.of(graded, anchor, other, self._alike.of(grade))
        card = AnswerCard(view, self._compared_with)
        if grade.needs_review and (candidate in self._plan.waiting or not self._plan.is_paged):
            if self._plan.is_paged:
                shown = card.under("h3", Owner(candidate, self._href(candidate, 1)))
            else:
                shown = _part("to_review", view).encode()
            self._to_review.append(_ToReview(self._rank(grade), number, question, shown))
        if candidate in self._page_of:
            self._shown.add(candidate, question, grade.answer_id, card.under("h4"))

    def _rank(self, grade: Grade) -> int:
        if self._left_out:
            return 0
        return urgency_of(grade.model_dump(include={"flags", "criteria", "score"}), self._rubric.advance_at).rank

    def write(self) -> tuple[Path, ...]:
        """Writes page after page, of which one is in memory at a time, and returns them, the first one first.

        Pages that an earlier, larger report left at the same place are removed.
        """
        if self._plan.candidates_left_out and self._added > self._plan.answers:
            raise ValueError(f"{self._added:,} answers, but standings for {self._plan.answers:,}")
        for graded in self._alike.all():
            self._show(graded, self._comparison.get(graded.grade.answer_id))
        pages = [self._path]
        self._write_first_page()
        standings = iter(self._standings)
        for page_number, candidates in enumerate(self._plan.further, start=2):
            pages.append(page_path(self._path, page_number))
            here = list(islice(standings, len(candidates)))
            rows = [self._row(standing, page_number) for standing in here]
            self._write_page(page_number, {"rows": rows}, self._sections(here))
        _remove_older(self._path, len(pages))
        return tuple(pages)

    def _compare(self, grade: Grade, other: Grade) -> None:
        self._compared_with = self._compared_with or other.provenance.grader
        levels = {criterion.id: criterion.level for criterion in other.criteria}
        for criterion in grade.criteria:
            if criterion.id in levels:
                self._agreement.count(criterion.level, levels[criterion.id])

    def _write_first_page(self) -> None:
        plan = self._plan
        # Where some are left out these are a part of the table, and so in its order.
        to_review = sorted(self._to_review, key=lambda one: (one.rank, one.candidate, one.question))
        if self._left_out:
            to_review = to_review[: self._answers_a_page]
        rows = [self._row(standing, 1) for standing in islice(self._standings, ROWS_A_TABLE)]
        content = {
            "rows": rows,
            "rows_left_out": plan.candidates - len(rows),
            "glance": run_at_a_glance(self._standings, self._flagged, self._rubric)
            if plan.candidates > len(rows)
            else None,
            "to_review": len(to_review),
            "to_review_left_out": self._left_out,
            "answers_left_out": plan.answers_left_out,
            "agreement": self._agreement.in_words(self._compared_with) if self._agreement.levels else "",
            "facts": facts(self._manifest),
            "outcome": outcome_in_words(self._manifest),
        }
        shown = [one.shown for one in to_review]
        if plan.is_paged:
            self._write_page(1, content, shown)
        else:
            listed = b"".join(shown).decode()
            content["list_to_review"] = Markup(listed)  # noqa: S704 escaped by its template  # nosec B704
            self._write_page(1, content, self._sections(islice(self._standings, len(plan.first))))

    def _write_page(self, page_number: int, content: Mapping[str, Any], answers: Iterable[bytes]) -> None:
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
        before, _, after = template.render(context).partition(ANSWERS_HERE)
        with whole_file(page_path(self._path, page_number)) as partial, partial.open("wb") as page:
            page.write(before.encode())
            page.writelines(answers)
            page.write(after.encode())

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
        anchor = f"#{_anchor(self._plan.place[candidate])}"
        return anchor if page == on_page else page_path(self._path, page).name + anchor

    def _sections(self, standings: Iterable[CandidateStanding]) -> Iterator[bytes]:
        for standing in standings:
            candidate = standing.candidate_id
            section = candidate_section(standing, self._rubric, _anchor(self._plan.place[candidate]))
            before, _, after = _part("candidate", section, self._rubric).partition(ANSWERS_HERE)
            yield before.encode()
            yield from self._shown.of(candidate)
            yield after.encode()


def _anchor(number: int) -> str:
    """The name of the section of the candidate with this place in the table."""
    return f"c{number}"


def _part(name: str, *values: object) -> Markup:
    """A macro of parts.html.j2 with these values."""
    macro: Callable[..., Markup] = getattr(_parts(), name)
    return macro(*values)


@cache
def _parts() -> object:
    return _templates().get_template("parts.html.j2").module


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
