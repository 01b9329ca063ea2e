"""What is said where something cannot be shown or done: a page for people, JSON for scripts; nothing of the inside."""

from __future__ import annotations

import logging
from urllib.parse import quote

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from evaluator.errors import EvaluatorError, NotAllowedError, NotThereError, StoreError
from evaluator.web.signed_in import ForbiddenError, SignInNeededError
from evaluator.web.templating import render

log = logging.getLogger(__name__)

_SAID = {
    404: ("There is no such page.", "Go back to the queue."),
    405: ("That cannot be done here.", None),
    413: ("The request is too large.", None),
}


def wants_page(request: Request) -> bool:
    """Whether a person asks, rather than a script of a page."""
    return "text/html" in request.headers.get("accept", "")


def say(request: Request, status: int, message: str, hint: str | None = None) -> Response:
    """An error as a page, or as JSON."""
    if wants_page(request):
        return render(request, "error.html.j2", status=status, code=status, message=message, hint=hint)
    return JSONResponse({"error": message, "hint": hint}, status_code=status)


def add_error_pages(app: FastAPI) -> None:
    """Every error that can come out of a route gets its page."""

    @app.exception_handler(SignInNeededError)
    async def sign_in(request: Request, error: SignInNeededError) -> Response:
        if wants_page(request) and request.method == "GET":
            wanted = request.url.path + (f"?{request.url.query}" if request.url.query else "")
            return RedirectResponse(f"/sign-in?next={quote(wanted, safe='')}", status_code=303)
        return say(request, 401, error.message, "Sign in, then do it again.")

    @app.exception_handler(EvaluatorError)
    async def refused(request: Request, error: EvaluatorError) -> Response:
        status = 422
        if isinstance(error, ForbiddenError | NotAllowedError):
            status = 403
        elif isinstance(error, NotThereError):
            status = 404
        elif isinstance(error, StoreError):
            # Its address is nothing for those who use the page; the log has it.
            log.error("the store failed: %s", error.message)
            return say(request, 503, "The store cannot be used just now; nothing was changed.", "Try again soon.")
        return say(request, status, error.message, error.hint)

    @app.exception_handler(HTTPException)
    async def http_error(request: Request, error: HTTPException) -> Response:
        message, hint = _SAID.get(error.status_code, (str(error.detail), None))
        return say(request, error.status_code, message, hint)

    @app.exception_handler(RequestValidationError)
    async def not_understood(request: Request, error: RequestValidationError) -> Response:
        # Where it is wrong, not what was sent: it may be somebody's text.
        where = sorted({".".join(str(part) for part in each["loc"]) for each in error.errors()})
        return say(request, 422, f"The request cannot be read: {', '.join(where)}.", "Load the page again.")


class Unforeseen:
    """The border: whatever nobody foresaw ends here, noted by its kind and place, and never with a candidate's text."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one request."""
        begun = False

        async def note_begin(message: Message) -> None:
            nonlocal begun
            begun = begun or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, receive, note_begin)
        except Exception as error:  # the border: a page that fails takes nothing else with it
            log.error("a page failed: %s at %s", type(error).__name__, _place(error))
            if scope["type"] != "http" or begun:
                raise ConnectionAbortedError("the page failed after it had begun") from None
            await say(Request(scope), 500, "Something went wrong here; it was noted.", "Try again.")(
                scope, receive, send
            )


def _place(error: BaseException) -> str:
    """Where it was raised, without what it says: that may be a candidate's text."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace else "nowhere"
