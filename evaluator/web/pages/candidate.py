"""One candidate of a run: all answers, and what people decide."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from evaluator.core.candidate_key import candidate_of
from evaluator.core.explanation import AssessedAnswer, explanation_for
from evaluator.errors import NotThereError
from evaluator.run.review_views import CandidateView
from evaluator.web.access import SIGNED_IN, rule
from evaluator.web.pages.candidate_view import candidate_page
from evaluator.web.pages.shown_candidate import shown_candidate
from evaluator.web.signed_in import AtSite, SignedIn, Visitor
from evaluator.web.site import Site
from evaluator.web.templating import render

router = APIRouter()


@router.get("/runs/{run_id}/candidates/{key}")
@rule(SIGNED_IN)
def show_candidate(request: Request, site: AtSite, visitor: SignedIn, run_id: str, key: str) -> Response:
    """The answers side by side."""
    page = candidate_page(_view(site, visitor, run_id, key), request)
    return render(request, "candidate.html.j2", page=page, explanation_href=f"{page.who.href}/explanation")


@router.get("/runs/{run_id}/candidates/{key}/explanation")
@rule(SIGNED_IN)
def show_explanation(request: Request, site: AtSite, visitor: SignedIn, run_id: str, key: str) -> Response:
    """What could be sent to the candidate. An answer whose grade is hidden from whoever looks is left out."""
    view = _view(site, visitor, run_id, key)
    by_model = view.record.order.manifest.is_language_model
    answers = [
        AssessedAnswer(each.question, each.grade, each.final_levels, by_model)
        for each in view.answers
        if not each.is_hidden
    ]
    return render(
        request,
        "explanation.html.j2",
        who=shown_candidate(view.candidate_id, view.record.id, request),
        explained=explanation_for(view.record.order.rubric, answers),
        hidden=len(view.hidden),
    )


def _view(site: Site, visitor: Visitor, run_id: str, key: str) -> CandidateView:
    record = site.reading.require_run(visitor.who, run_id)
    candidate_id = candidate_of(key)
    if candidate_id is None:
        raise NotThereError("There is no such candidate in this run.", hint="Go back to the run.")
    return site.reading.candidate(visitor.who, record, candidate_id)
