"""Who asks: the session behind a request, checked against the rule of the route before anything else happens."""

from __future__ import annotations

import hashlib
import hmac
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Request
from starlette.concurrency import run_in_threadpool

from evaluator.core.account import User, Who
from evaluator.errors import EvaluatorError
from evaluator.web.access import rule_of
from evaluator.web.site import Site

log = logging.getLogger(__name__)

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
CSRF_HEADER, CSRF_FIELD = "x-csrf-token", "csrf_token"


@dataclass(frozen=True, slots=True)
class Visitor:
    """Whoever asks, signed in. `csrf_token` goes into forms and into a header of what scripts send."""

    user: User
    who: Who
    csrf_token: str

    @property
    def session_id(self) -> str:
        """The session's id, which may be shown."""
        return self.who.session_id


class SignInNeededError(EvaluatorError):
    """Nobody is signed in, and the route is not for everyone."""


class ForbiddenError(EvaluatorError):
    """Whoever is signed in may not do this, or the request does not come from our own pages."""


def session_cookie(site: Site) -> str:
    """The cookie's name; the prefix has browsers take it only over TLS, from this very host."""
    return "__Host-evaluator-session" if site.settings.secure else "evaluator-session"


def device_cookie(site: Site) -> str:
    """The name of the cookie by which a browser is known again."""
    return "__Host-evaluator-device" if site.settings.secure else "evaluator-device"


def csrf_token_of(session_token: str) -> str:
    """The token that our own pages hold, and no other site's can know."""
    return hmac.new(session_token.encode(), b"csrf", hashlib.sha256).hexdigest()


async def admit(request: Request) -> None:
    """Runs before every route. Raises ForbiddenError and SignInNeededError; sets `request.state.visitor`."""
    request.state.visitor = None
    site: Site = request.app.state.site
    endpoint: Callable[..., Any] = request.scope["endpoint"]
    rule = rule_of(endpoint)
    if rule is None:
        log.error("no access rule is stated for %s", endpoint.__qualname__)
        raise ForbiddenError("Nobody may use this page: it does not say who may.")
    if rule.has_own_key:
        return
    if request.method not in _SAFE:
        _require_own_origin(request, site)
    visitor = await run_in_threadpool(_visitor, request, site)
    request.state.visitor = visitor
    if rule.is_public:
        return
    if visitor is None:
        raise SignInNeededError("Sign in first.")
    if visitor.user.role not in rule.roles:
        raise ForbiddenError(f"This is not for the role '{visitor.user.role}'.", hint="Ask an administrator.")
    if request.method not in _SAFE:
        await _require_csrf_token(request, visitor)


def _visitor(request: Request, site: Site) -> Visitor | None:
    token = request.cookies.get(session_cookie(site))
    found = site.accounts.session(token) if token else None
    if found is None or token is None:
        return None
    user, session = found
    return Visitor(user, Who(user.id, user.role, session.id), csrf_token_of(token))


def _require_own_origin(request: Request, site: Site) -> None:
    """A change is only taken from our own pages.

    Under `no-referrer` browsers send Origin "null" with a form; then Sec-Fetch-Site, which no page can set, tells.
    """
    origin = request.headers.get("origin")
    if origin in site.settings.origins:
        return
    if origin in (None, "null") and request.headers.get("sec-fetch-site") == "same-origin":
        return
    raise ForbiddenError("This request does not come from this site's own pages.", hint="Open the page again.")


async def _require_csrf_token(request: Request, visitor: Visitor) -> None:
    given = request.headers.get(CSRF_HEADER)
    if given is None and "form" in request.headers.get("content-type", ""):
        field = (await request.form(max_files=0, max_fields=200)).get(CSRF_FIELD)
        given = field if isinstance(field, str) else None
    if given is None or not hmac.compare_digest(given.encode(), visitor.csrf_token.encode()):
        raise ForbiddenError("The page is out of date: you signed in anew since.", hint="Load it again.")


def _required(request: Request) -> Visitor:
    visitor: Visitor | None = request.state.visitor
    if visitor is None:
        raise SignInNeededError("Sign in first.")
    return visitor


SignedIn = Annotated[Visitor, Depends(_required)]
"""In a route's parameters: whoever asks."""


def site_of(request: Request) -> Site:
    """The site that this request is made to."""
    site: Site = request.app.state.site
    return site


AtSite = Annotated[Site, Depends(site_of)]
"""In a route's parameters: the site's ready objects."""
