"""One candidate of a run: all answers, and what people decide."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from evaluator.errors import NotThereError
from evaluator.web.access import SIGNED_IN, rule
from evaluator.web.candidate_key import candidate_of
from evaluator.web.pages.candidate_view import candidate_page
from evaluator.web.signed_in import AtSite, SignedIn
from evaluator.web.templating import render

router = APIRouter()


@router.get("/runs/{run_id}/candidates/{key}")
@rule(SIGNED_IN)
def show_candidate(request: Request, site: AtSite, visitor: SignedIn, run_id: str, key: str) -> Response:
    """The answers side by side."""
    record = site.reading.require_run(visitor.who, run_id)
    candidate_id = candidate_of(key)
    if candidate_id is None:
        raise NotThereError("There is no such candidate in this run.", hint="Go back to the run.")
    view = site.reading.candidate(visitor.who, record, candidate_id)
    return render(request, "candidate.html.j2", page=candidate_page(view, request), explanation_href="")
