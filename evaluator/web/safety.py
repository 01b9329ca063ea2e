"""What every request and every reply go through: the Host, the size of a body, the headers that browsers obey."""

from __future__ import annotations

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from evaluator.web.problem import Problem
from evaluator.web.site import WebSettings

_MOST_BYTES = 256 * 1024

CONTENT_SECURITY_POLICY = "; ".join((
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    "font-src 'self'",
    "connect-src 'self'",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
))  # fmt: skip

_HEADERS = {
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
_STRICT_TRANSPORT = "max-age=31536000"
# Whoever balances load or restarts what hangs asks by an address; what these answer is nobody's secret.
_ASKED_BY_ANY_NAME = frozenset({"/healthz", "/readyz"})


class Safety:
    """Wraps an application: refuses a foreign Host and a body that is too large; sets the headers on what goes out."""

    def __init__(self, app: ASGIApp, settings: WebSettings) -> None:
        self._app = app
        self._settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_safely(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._set_headers(MutableHeaders(scope=message))
            await send(message)

        headers = Headers(scope=scope)
        is_known = headers.get("host", "").casefold() in self._settings.hosts
        if not is_known and scope["path"] not in _ASKED_BY_ANY_NAME:
            # Otherwise a page of another name that points here could be read by whoever owns that name.
            refused: Response = PlainTextResponse("This site is not known by that name.\n", status_code=421)
            await refused(scope, receive, send_safely)
            return
        most = self._most_bytes(scope["path"])
        length = headers.get("content-length", "0")
        if not length.isdecimal() or int(length) > most:
            refused = PlainTextResponse("The request is too large.\n", status_code=413)
            if scope["path"].startswith("/v1/"):  # programs are told as the API tells them everything
                refused = Problem(413, "The request is too large.").response()
            await refused(scope, receive, send_safely)
            return
        await self._app(scope, _Counted(receive, most), send_safely)

    def _most_bytes(self, path: str) -> int:
        fitting = [most for beginning, most in self._settings.body_limits if path.startswith(beginning)]
        return max(fitting, default=_MOST_BYTES)

    def _set_headers(self, headers: MutableHeaders) -> None:
        for name, value in _HEADERS.items():
            headers.setdefault(name, value)
        # What candidates wrote stays in no cache.
        headers.setdefault("cache-control", "no-store")
        if self._settings.secure:
            headers.setdefault("strict-transport-security", _STRICT_TRANSPORT)


class _Counted:
    """Receives a body that did not say its length: it ends, as if the sender had gone, where it becomes too large."""

    def __init__(self, receive: Receive, most: int) -> None:
        self._receive = receive
        self._left = most

    async def __call__(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.request":
            self._left -= len(message.get("body", b""))
            if self._left < 0:
                return {"type": "http.disconnect"}
        return message
