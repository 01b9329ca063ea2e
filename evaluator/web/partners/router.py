"""`/assessments/…`: the paths that Greenhouse and Ashby call, opened by HTTP Basic with a key as the user."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse, Response

from evaluator.ats.connection import Connection
from evaluator.ats.payload import id_at, text_at
from evaluator.ats.strict_json import UnreadableJsonError, read_object
from evaluator.ats.write_back.greenhouse import GreenhouseAssessments
from evaluator.ats.write_back.write_back import UnreadableOrderError
from evaluator.core.tenant import DEFAULT_TENANT
from evaluator.errors import StoreError
from evaluator.run.assessment_desk import AssessmentDesk, UnknownTestError
from evaluator.web.access import OWN_KEY, rule
from evaluator.web.problem import Problem
from evaluator.web.request_body import NOT_JSON, is_json, read_body

LARGEST = 1_000_000  # bytes
PATIENCE = 10.0  # seconds for the whole body

_Answer = Callable[[Connection, Request], Awaitable[Any]]


def partner_router(desk: AssessmentDesk) -> APIRouter:
    """The routes; each request shows the key of the connection that it is for."""
    router = APIRouter(prefix="/assessments", include_in_schema=False)
    for source, method, name, answer in _calls(desk):
        for path in (f"/{source}/{name}", f"/{source}/{{tenant}}/{name}"):
            router.add_api_route(path, _endpoint(desk, source, answer), methods=[method], name=f"{source} {name}")
    return router


def _calls(desk: AssessmentDesk) -> list[tuple[str, str, str, _Answer]]:
    async def tests(connection: Connection, request: Request) -> Any:
        del request
        return await run_in_threadpool(desk.tests, connection)

    async def order(connection: Connection, request: Request) -> Any:
        return await run_in_threadpool(desk.order, connection, await _body(request))

    async def status(connection: Connection, request: Request) -> Any:
        named = request.query_params.get("partner_interview_id", "")
        found = await run_in_threadpool(desk.standing, connection, named)
        if found is None:
            raise _NONE
        return GreenhouseAssessments().status(found[1])

    async def complaint(connection: Connection, request: Request) -> Any:
        desk.complaint(connection, text_at(await _body(request), "api_call"))
        return {}

    async def cancel(connection: Connection, request: Request) -> Any:
        named = id_at(await _body(request), "assessment_id") or ""
        cancelled = await run_in_threadpool(desk.cancel, connection, named)
        if cancelled is None:
            raise _NONE
        return cancelled

    return [
        ("greenhouse", "GET", "list_tests", tests),
        ("greenhouse", "POST", "send_test", order),
        ("greenhouse", "GET", "test_status", status),
        ("greenhouse", "POST", "response_error", complaint),
        ("ashby", "POST", "assessment.list", tests),
        ("ashby", "POST", "assessment.start", order),
        ("ashby", "POST", "assessment.cancel", cancel),
    ]


def _endpoint(desk: AssessmentDesk, source: str, answer: _Answer) -> Callable[[Request], Awaitable[Response]]:
    @rule(OWN_KEY)
    async def call(request: Request) -> Response:
        tenant = request.path_params.get("tenant", DEFAULT_TENANT)
        connection = desk.connection(tenant, source, _key(request))
        try:
            if connection is None:
                raise _NO_KEY
            return JSONResponse(await answer(connection, request))
        except Problem as problem:
            return problem.response()
        except UnknownTestError as error:
            return Problem(404, "There is no such assessment.", str(error)).response()
        except UnreadableOrderError as error:
            return Problem(422, "The order cannot be taken.", str(error)).response()
        except StoreError:
            return Problem(503, "The store cannot be used now.", headers={"Retry-After": "30"}).response()

    return call


async def _body(request: Request) -> Any:
    if not is_json(request):
        raise NOT_JSON
    try:
        return read_object(await read_body(request, most=LARGEST, seconds=PATIENCE))
    except UnreadableJsonError as error:
        raise Problem(400, "The body cannot be read.", f"It is {error}.") from None


def _key(request: Request) -> str:
    """The user of HTTP Basic; the password, where only that is given."""
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return ""
    try:
        user, _, password = base64.b64decode(given, validate=True).decode("utf-8").partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return ""
    return user or password


_NONE = Problem(404, "There is no such assessment.")
_NO_KEY = Problem(401, "No valid key.", headers={"WWW-Authenticate": 'Basic realm="assessments"'})
