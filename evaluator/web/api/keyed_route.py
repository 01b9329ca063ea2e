"""Routes that open with an API key: asked for before the body is read, and answered in one way where it fails."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from typing import Any, TypeVar

from fastapi import Request
from fastapi.concurrency import run_in_threadpool
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from evaluator.ats.strict_json import UnreadableJsonError, read_object
from evaluator.core.api_key import ApiKey, Scope, parse_key
from evaluator.errors import IdempotencyConflictError, StoreError, SubmissionError, number_of
from evaluator.store.api_key_shelf import ApiKeyShelf, written_time
from evaluator.web.access import OWN_KEY, rule
from evaluator.web.problem import Problem, ProblemError
from evaluator.web.request_body import NOT_JSON, is_json, read_body

LARGEST = 8_000_000  # bytes
PATIENCE = 30.0  # seconds for the whole body

_Endpoint = TypeVar("_Endpoint", bound=Callable[..., Any])
_Handler = Callable[[Request], Coroutine[Any, Any, Response]]


def needs(scope: Scope) -> Callable[[_Endpoint], _Endpoint]:
    """Says which scope a key must have for an endpoint; without this, none opens it."""

    def mark(endpoint: _Endpoint) -> _Endpoint:
        endpoint.__dict__["needed_scope"] = scope
        return rule(OWN_KEY)(endpoint)

    return mark


def keyed_route(keys: ApiKeyShelf) -> type[APIRoute]:
    """The class of routes that open with one of these keys; the key is `request.state.key`."""

    class KeyedRoute(APIRoute):
        def get_route_handler(self) -> _Handler:
            handler = super().get_route_handler()
            scope: Scope | None = getattr(self.endpoint, "needed_scope", None)

            async def answer(request: Request) -> Response:
                try:
                    request.state.key = await run_in_threadpool(_open, keys, request, scope)
                    return await handler(_StrictRequest(request.scope, request.receive))
                except Problem as problem:
                    return problem.response()
                except RequestValidationError as error:
                    return _validation_problem(error).response()
                except IdempotencyConflictError as error:
                    return Problem(409, error.message, error.hint or "").response()
                except SubmissionError as error:
                    return Problem(422, error.message, errors=submission_errors(error)).response()
                except StoreError:
                    return Problem(503, "The store cannot be used now.", headers={"Retry-After": "30"}).response()
                except HTTPException as error:
                    return Problem(error.status_code, str(error.detail), headers=error.headers).response()

            return answer

    return KeyedRoute


def submission_errors(error: SubmissionError) -> list[ProblemError]:
    """The mistakes of a submission with their places."""
    return [ProblemError(pointer=each.key or "", message=each.message) for each in error.mistakes]


def _open(keys: ApiKeyShelf, request: Request, scope: Scope | None) -> ApiKey:
    kind, _, written = request.headers.get("authorization", "").partition(" ")
    parsed = parse_key(written.strip()) if kind.lower() == "bearer" else None
    found = keys.find(parsed.id) if parsed else None
    now = datetime.now(UTC)
    # Which of these it was is nobody's business who has no key.
    if parsed is None or found is None or not found.is_opened_by(parsed.secret) or not found.is_live(written_time(now)):
        raise Problem(
            401,
            "No valid API key.",
            "Send one as Authorization: Bearer sae_…; they are made with: evaluator keys create",
            headers={"WWW-Authenticate": "Bearer"},
        )
    if scope is None or scope not in found.scopes:
        raise Problem(403, "This key may not do that.", f"It needs the scope '{scope}'.")
    keys.note_use(found, now)
    return found


class _StrictRequest(Request):
    """A request whose body has a limit of size and time, and is JSON with one meaning."""

    async def body(self) -> bytes:
        if not hasattr(self, "_read"):
            self._read = await read_body(self, most=LARGEST, seconds=PATIENCE)
            if self._read and not is_json(self):
                raise NOT_JSON
        return self._read

    async def json(self) -> Any:
        try:
            return read_object(await self.body())
        except UnreadableJsonError as error:
            raise Problem(400, "The body cannot be read.", f"It is {error}.") from None


def _validation_problem(error: RequestValidationError) -> Problem:
    errors = [
        ProblemError(
            pointer="/" + "/".join(str(part) for part in each["loc"][1:]) if each["loc"][1:] else "",
            # The value itself stays out: it may be an answer.
            message=str(each["msg"]),
        )
        for each in error.errors()
    ]
    return Problem(422, f"The request has {number_of(errors)}.", errors=errors)
