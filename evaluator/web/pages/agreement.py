"""How far people and the grader agree, of one run or of all."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from evaluator.web.access import ADMINISTRATOR, REVIEWER, rule
from evaluator.web.pages.agreement_view import agreement_view
from evaluator.web.signed_in import AtSite, SignedIn
from evaluator.web.templating import render

router = APIRouter()


@router.get("/agreement")
@rule(REVIEWER, ADMINISTRATOR)
def show_agreement(request: Request, site: AtSite, visitor: SignedIn, run: str = "") -> Response:
    """The figures, one set for each rubric that was labelled by."""
    record = site.reading.require_run(visitor.who, run) if run else None
    found = site.figures.agreement(record.number if record else None)
    runs = [(choice.id, f"{choice.name} · {choice.id}") for choice in site.reading.choices().runs]
    return render(request, "agreement.html.j2", found=[agreement_view(each) for each in found], runs=runs, run=run)
