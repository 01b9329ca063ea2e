"""What programs use of the site: the webhooks, the JSON API and its description; built from ready objects."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

from fastapi import APIRouter
from fastapi.openapi.utils import get_openapi

from evaluator.run.assessment_desk import AssessmentDesk
from evaluator.run.doors import Doors
from evaluator.run.submission_desk import SubmissionDesk
from evaluator.store.api_key_shelf import ApiKeyShelf
from evaluator.web.access import EVERYONE, rule
from evaluator.web.api.keyed_route import LARGEST as LARGEST_OF_API
from evaluator.web.api.router import api_router
from evaluator.web.partners.router import LARGEST as LARGEST_ORDER
from evaluator.web.partners.router import partner_router
from evaluator.web.webhooks.router import LARGEST as LARGEST_DELIVERY
from evaluator.web.webhooks.router import webhook_router

# A little more than the routes take, so that it is they who say what is too large.
BODY_LIMITS = (
    ("/v1/", LARGEST_OF_API + 1_000_000),
    ("/webhooks/", LARGEST_DELIVERY + 1_000_000),
    ("/assessments/", LARGEST_ORDER + 1_000_000),
)

_ABOUT = (
    "Hand in candidates' answers, get grades whose every level points at the candidate's own words. A score sorts; "
    "a person decides. Errors are `application/problem+json` (RFC 9457)."
)


def service_routers(
    doors: Doors, desk: SubmissionDesk, assessments: AssessmentDesk, keys: ApiKeyShelf
) -> Sequence[APIRouter]:
    """The routers, for `create_app`."""
    api = api_router(desk, keys)
    return (webhook_router(doors), api, partner_router(assessments), _description_router(api))


def describe_api(api: APIRouter) -> dict[str, Any]:
    """The OpenAPI description of the JSON API, and of nothing else of the site."""
    return get_openapi(
        title="Screening answer evaluator",
        version=version("screening-answer-evaluator"),
        description=_ABOUT,
        routes=api.routes,
        tags=[
            {"name": "submissions", "description": "Candidates' answers, on their way in"},
            {"name": "grades", "description": "What their answers were graded"},
            {"name": "candidates", "description": "Everything of one candidate"},
        ],
    )


def _description_router(api: APIRouter) -> APIRouter:
    router = APIRouter(include_in_schema=False)

    @router.get("/openapi.json")
    @rule(EVERYONE)
    def show() -> dict[str, Any]:
        """The description; it holds nothing that is secret."""
        return describe_api(api)

    return router
