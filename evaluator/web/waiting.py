"""What a web server answers while its store is away from the beginning: it lives, it is not ready, come again."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

RETRY_AFTER = "5"  # seconds


async def waiting_app(scope: Scope, receive: Receive, send: Send) -> None:
    """An application without a store: `/healthz` and `/readyz` as the site has them, 503 for all else."""
    if scope["type"] == "http":
        await _answer(Request(scope))(scope, receive, send)


def _answer(request: Request) -> Response:
    if request.url.path == "/healthz":
        return PlainTextResponse("ok")
    headers = {"Retry-After": RETRY_AFTER}
    if request.url.path == "/readyz":
        return JSONResponse({"store": "away"}, status_code=503, headers=headers)
    said = "The store cannot be used just now; nothing was changed. Try again soon."
    if "text/html" in request.headers.get("accept", ""):
        return PlainTextResponse(said, status_code=503, headers=headers)
    return JSONResponse({"error": said}, status_code=503, headers=headers)
