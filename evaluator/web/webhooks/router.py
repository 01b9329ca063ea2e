"""`POST /webhooks/{source}`: what an ATS delivers, read as bytes and handed to the doors."""

from __future__ import annotations

from datetime import UTC, datetime

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from evaluator.ats.delivery import Delivery
from evaluator.core.tenant import DEFAULT_TENANT
from evaluator.errors import StoreError
from evaluator.run.doors import Answered, Doors
from evaluator.web.access import OWN_KEY, rule
from evaluator.web.problem import Problem
from evaluator.web.request_body import NOT_JSON, is_json, read_body

LARGEST = 5_000_000  # bytes
PATIENCE = 10.0  # seconds for the whole body

_TITLES = {
    "signature_missing": "The delivery is not signed.",
    "signature_wrong": "The signature does not fit the body and the secret.",
    "too_old": "The delivery was signed too long ago, or in the future.",
    "unreadable": "The body is not JSON with one meaning.",
}


def webhook_router(doors: Doors) -> APIRouter:
    """The routes; each delivery says by itself whether it may come in, so nobody has to be signed in."""
    router = APIRouter(prefix="/webhooks", include_in_schema=False)

    @router.post("/{source}")
    @rule(OWN_KEY)
    async def ring(request: Request, source: str) -> Response:
        """A delivery to the one tenant that most services have."""
        return await _answer(doors, request, DEFAULT_TENANT, source)

    @router.post("/{source}/{tenant}")
    @rule(OWN_KEY)
    async def ring_of_tenant(request: Request, source: str, tenant: str) -> Response:
        """A delivery to a tenant that is named."""
        return await _answer(doors, request, tenant, source)

    return router


async def _answer(doors: Doors, request: Request, tenant: str, source: str) -> Response:
    try:
        body = await read_body(request, most=LARGEST, seconds=PATIENCE)
        if body and not is_json(request):
            raise NOT_JSON
        delivery = Delivery(dict(request.headers), body, datetime.now(UTC))
        return _response(await doors.answer(tenant, source, delivery))
    except Problem as problem:
        return problem.response()
    except StoreError:
        # Not 500: most sources deliver again either way, and this says that it is worth it.
        return Problem(503, "The delivery could not be kept.", headers={"Retry-After": "30"}).response()


def _response(answered: Answered) -> Response:
    if answered.outcome == "no_such_door":
        return Problem(404, "There is no such webhook.", "Its source is unknown, or has no secret yet.").response()
    if answered.outcome == "refused":
        return Problem(answered.status, _TITLES[answered.reason or ""]).response()
    said = {"status": answered.outcome, "id": answered.event_id, "reason": answered.reason}
    return JSONResponse(
        {name: value for name, value in said.items() if value is not None},
        status_code=answered.status,
        headers=dict(answered.headers),
    )
