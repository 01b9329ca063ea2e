"""The quarantine: events of applicant tracking systems that could not be mapped, since when, and what helps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from evaluator.core.tenant import DEFAULT_TENANT, shown_candidate
from evaluator.run.quarantine_desk import HeldEvent
from evaluator.web.access import ADMINISTRATOR, rule
from evaluator.web.pages.moment import moment
from evaluator.web.pages.shown_candidate import candidate_code, shows_ids
from evaluator.web.signed_in import AtSite
from evaluator.web.templating import render

router = APIRouter()

_A_PAGE = 50
_Number = Annotated[int, Query(ge=0, le=2**63 - 1)]  # what a database takes


@dataclass(frozen=True, slots=True)
class HeldRow:
    """One event, as the page shows it. `candidate_id` is empty unless ids are shown."""

    id: str
    source: str
    kind: str
    candidate: str
    candidate_id: str
    since: str
    means: str
    helps: str
    questions: tuple[str, ...]


@router.get("/administration/quarantine")
@rule(ADMINISTRATOR)
def show_quarantine(request: Request, site: AtSite, source: str = "", after: _Number = 0) -> Response:
    """What is held back, the oldest first."""
    counts = site.quarantine.counts()
    found = site.quarantine.page(source or None, after, _A_PAGE + 1)
    page = found[:_A_PAGE]
    chosen = {"source": source} if source else {}
    later = ""
    if len(found) > _A_PAGE:
        later = f"/administration/quarantine?{urlencode({**chosen, 'after': page[-1].number})}"
    return render(
        request,
        "quarantine.html.j2",
        rows=[_row(each, is_id_shown=shows_ids(request)) for each in page],
        sources=[(name, f"{name} ({count:,})") for name, count in sorted(counts.items())],
        total=counts.get(source, 0) if source else sum(counts.values()),
        source=source,
        later=later,
        is_first=after == 0,
    )


def _row(held: HeldEvent, *, is_id_shown: bool) -> HeldRow:
    source = held.source if held.tenant == DEFAULT_TENANT else f"{held.source} of {held.tenant}"
    named = held.candidate_id or ""
    return HeldRow(
        id=held.id,
        source=source,
        kind=held.kind,
        candidate=candidate_code(named) if named else "",
        candidate_id=shown_candidate(held.tenant, named) if is_id_shown and named else "",
        since=moment(held.since),
        means=held.reason.means,
        helps=held.reason.helps,
        questions=held.questions,
    )
