"""Answers on which two blind reviewers differ by more than a level: a third person decides."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter, Request
from starlette.responses import Response

from evaluator.core.review_queue import QueueItem
from evaluator.web.access import ADMINISTRATOR, REVIEWER, rule
from evaluator.web.pages.moment import moment
from evaluator.web.pages.shown_candidate import ShownCandidate, shown_candidate
from evaluator.web.signed_in import AtSite, SignedIn
from evaluator.web.templating import render

router = APIRouter()


@dataclass(frozen=True, slots=True)
class DifferingAnswer:
    """An answer that waits for a third person."""

    href: str
    title: str
    who: ShownCandidate
    since: str
    held_by: str
    run: str


@router.get("/adjudication")
@rule(REVIEWER, ADMINISTRATOR)
def show_adjudications(request: Request, site: AtSite, visitor: SignedIn) -> Response:
    """The answers that this person may decide; not those that they labelled themselves."""
    found = site.reading.adjudications(visitor.who)
    rows = [_row(item, request) for item in found]
    return render(request, "adjudication.html.j2", rows=rows)


def _row(item: QueueItem, request: Request) -> DifferingAnswer:
    return DifferingAnswer(
        href=f"/adjudication/{item.id}",
        title=item.question_title,
        who=shown_candidate(item.candidate_id, item.run_id, request),
        since=moment(item.changed_at),
        held_by=item.held_by or "",
        run=item.run_id,
    )
