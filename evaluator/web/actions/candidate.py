"""What a person decides on a candidate: advance, hold, talk again. Nothing here rejects anybody."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Form
from starlette.responses import RedirectResponse, Response

from evaluator.core.candidate_key import candidate_of
from evaluator.errors import NotThereError
from evaluator.run.review_desk import decision_of
from evaluator.web.access import SIGNED_IN, rule
from evaluator.web.signed_in import AtSite, SignedIn

router = APIRouter()


@router.post("/runs/{run_id}/candidates/{key}/decision")
@rule(SIGNED_IN)
def decide(
    site: AtSite,
    visitor: SignedIn,
    run_id: str,
    key: str,
    decision: Annotated[str, Form(max_length=20)],
    note: Annotated[str, Form(max_length=10_000)] = "",
) -> Response:
    """Appends a decision; earlier ones stay in the log. A recruiter decides in the runs that are shared with them."""
    record = site.reading.require_run(visitor.who, run_id)
    candidate_id = candidate_of(key)
    if candidate_id is None:
        raise NotThereError("There is no such candidate in this run.", hint="Go back to the run.")
    site.desk.decide_on_candidate(visitor.who, record, candidate_id, decision_of(decision), note)
    return RedirectResponse(f"/runs/{quote(record.id, safe='')}/candidates/{key}", status_code=303)
