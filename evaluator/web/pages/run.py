"""Runs, and one run: what was graded with what, how it fell, who needs a person, and the files."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

from fastapi import APIRouter, Request
from starlette.responses import Response

from evaluator.store.run_record import RunRecord
from evaluator.web.access import SIGNED_IN, rule
from evaluator.web.pages.moment import moment
from evaluator.web.pages.run_files import MOST_ANSWERS, RUN_FILES
from evaluator.web.pages.run_view import (
    STATES,
    candidate_rows,
    flag_bars,
    questions_of,
    run_facts,
    ungraded_bars,
)
from evaluator.web.signed_in import AtSite, SignedIn
from evaluator.web.templating import render

router = APIRouter()

_CANDIDATES_A_PAGE = 100
_RUNS_A_PAGE = 200


@dataclass(frozen=True, slots=True)
class RunRow:
    """A run in the list."""

    id: str
    href: str
    name: str
    grader: str
    state: str
    started: str
    answers: int
    done: int
    to_review: int


@router.get("/runs")
@rule(SIGNED_IN)
def show_runs(request: Request, site: AtSite, visitor: SignedIn) -> Response:
    """The runs that this person may see, the newest first."""
    found = site.reading.runs(visitor.who)
    rows = [_row(record) for record in found[:_RUNS_A_PAGE]]
    return render(request, "runs.html.j2", rows=rows, left_out=max(0, len(found) - _RUNS_A_PAGE))


@router.get("/runs/{run_id}")
@rule(SIGNED_IN)
def show_run(request: Request, site: AtSite, visitor: SignedIn, run_id: str, start: int = 0) -> Response:
    """One run."""
    record = site.reading.require_run(visitor.who, run_id)
    figures = site.run_figures.of(record)
    # The scores of answers that a reviewer is still to label blind are not for the reviewer's eyes.
    shows_scores = visitor.user.role != "reviewer"
    start = max(0, start)
    lines = site.candidate_order.page(record.number, start, _CANDIDATES_A_PAGE + 1, by_score=shows_scores)
    page = lines[:_CANDIDATES_A_PAGE]
    ids = [line.candidate_id for line in page]
    rows = candidate_rows(
        record,
        page,
        site.store.run_candidates.answers_of(record.number, ids),
        site.store.decisions.standing(record.number, ids),
        request,
        shows_scores=shows_scores,
    )
    href = f"/runs/{quote(record.id, safe='')}"
    is_administrator = visitor.user.role == "administrator"
    return render(
        request,
        "run.html.j2",
        run=_row(record),
        manifest=record.order.manifest,
        counts=record.counts,
        state=STATES[record.state],
        facts=run_facts(record),
        figures=figures,
        questions=questions_of(record, figures) if shows_scores else (),
        flags=flag_bars(figures) if shows_scores else (),
        ungraded=ungraded_bars(figures),
        candidates=rows,
        shows_scores=shows_scores,
        earlier=f"{href}?start={max(0, start - _CANDIDATES_A_PAGE)}#candidates-h" if start else "",
        further=f"{href}?start={start + _CANDIDATES_A_PAGE}#candidates-h" if len(lines) > len(page) else "",
        files=_files(site.export_run is not None and shows_scores, figures.standing),
        too_large=figures.standing > MOST_ANSWERS,
        recruiters=_recruiters(site, record) if is_administrator else None,
    )


def _row(record: RunRecord) -> RunRow:
    manifest = record.order.manifest
    return RunRow(
        id=record.id,
        href=f"/runs/{quote(record.id, safe='')}",
        name=manifest.input_name,
        grader=manifest.grader,
        state=STATES[record.state],
        started=moment(manifest.started_at),
        answers=record.answers,
        done=record.counts.done,
        to_review=record.counts.to_review,
    )


def _files(is_allowed: bool, answers: int) -> list[tuple[str, str]]:
    if not is_allowed or answers > MOST_ANSWERS:
        return []
    return [(name, about) for name, (about, _) in RUN_FILES.items()]


def _recruiters(site: AtSite, record: RunRecord) -> list[tuple[str, str, bool]]:
    """Every recruiter: id, name, and whether the run is shared with them."""
    shared = site.store.users.users_of(record.number)
    return [(user.id, user.name, user.id in shared) for user in site.accounts.users() if user.role == "recruiter"]
