"""One answer to review or to adjudicate: opening it holds it for whoever opens it."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from evaluator.web.access import ADMINISTRATOR, REVIEWER, rule
from evaluator.web.pages.review_view import review_view
from evaluator.web.signed_in import AtSite, SignedIn, Visitor
from evaluator.web.site import Site
from evaluator.web.templating import render

router = APIRouter()


@router.get("/review/{item}")
@rule(REVIEWER, ADMINISTRATOR)
def show_review(request: Request, site: AtSite, visitor: SignedIn, item: int) -> Response:
    """The answer beside its rubric."""
    return _show(request, site, visitor, item, adjudicates=False)


@router.get("/adjudication/{item}")
@rule(REVIEWER, ADMINISTRATOR)
def show_adjudication(request: Request, site: AtSite, visitor: SignedIn, item: int) -> Response:
    """The answer with what the two who differ gave it."""
    return _show(request, site, visitor, item, adjudicates=True)


def _show(request: Request, site: Site, visitor: Visitor, item: int, *, adjudicates: bool) -> Response:
    held_until = site.desk.hold(visitor.who, item)
    opened = site.reading.open_item(visitor.who, item, held_until=held_until)
    if opened.item.state == "adjudicate" and not adjudicates and opened.mine is None:
        return RedirectResponse(f"/adjudication/{item}", status_code=303)
    names = {user.id: user.name for user in site.accounts.users()}
    colleagues = site.reading.colleagues(visitor.who)
    view = review_view(opened, request, names, colleagues, adjudicates=adjudicates)
    return render(request, "review.html.j2", page=view)
