"""Signing in and out, and choosing a password, by a one-time link or by knowing the present one."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request
from starlette.responses import RedirectResponse, Response

from evaluator.errors import NotThereError, UsageError
from evaluator.web.access import EVERYONE, SIGNED_IN, rule
from evaluator.web.accounts import SignedInAs, WaitError
from evaluator.web.signed_in import AtSite, SignedIn, device_cookie, session_cookie
from evaluator.web.site import Site
from evaluator.web.templating import render

router = APIRouter()

_A_YEAR = 365 * 24 * 3600
_Text = Annotated[str, Form(max_length=2000)]


@router.get("/sign-in")
@rule(EVERYONE)
def show_sign_in(request: Request, next: str = "/") -> Response:
    """The form; whoever is signed in already goes on."""
    if request.state.visitor is not None:
        return _go_to(next)
    return render(request, "sign_in.html.j2", next=_own_path(next), name="", message=None, hint=None)


@router.post("/sign-in")
@rule(EVERYONE)
def sign_in(request: Request, site: AtSite, name: _Text, password: _Text, next: _Text = "/") -> Response:
    """Lets somebody in by name and password."""
    try:
        made = site.accounts.sign_in(name, password, _address(request), request.cookies.get(device_cookie(site)))
    except UsageError as error:
        status = 429 if isinstance(error, WaitError) else 401
        page = render(
            request,
            "sign_in.html.j2",
            status=status,
            next=_own_path(next),
            name=name,
            message=error.message,
            hint=error.hint,
        )
        if isinstance(error, WaitError):
            page.headers["retry-after"] = str(error.seconds)
        return page
    return _let_in(site, made, next)


@router.post("/sign-out")
@rule(SIGNED_IN)
def sign_out(site: AtSite, visitor: SignedIn) -> Response:
    """Ends this session."""
    site.accounts.sign_out(visitor.session_id)
    gone = _go_to("/sign-in")
    gone.delete_cookie(session_cookie(site), secure=site.settings.secure, httponly=True, samesite="lax")
    return gone


@router.get("/link/{token}")
@rule(EVERYONE)
def show_link(request: Request, site: AtSite, token: str) -> Response:
    """The form to choose a password with a one-time link; looking at it does not use the link up."""
    user = site.accounts.link_user(token)
    if user is None:
        raise NotThereError("This link was used already, or is too old.", hint="Ask an administrator for a new one.")
    return render(request, "set_password.html.j2", action=f"/link/{token}", name=user.name, message=None, hint=None)


@router.post("/link/{token}")
@rule(EVERYONE)
def use_link(request: Request, site: AtSite, token: str, password: _Text, again: _Text) -> Response:
    """Sets the password and signs in."""
    user = site.accounts.link_user(token)
    if user is None:
        raise NotThereError("This link was used already, or is too old.", hint="Ask an administrator for a new one.")
    try:
        if password != again:
            raise UsageError("The two passwords differ.", hint="Type the same one twice.")
        made = site.accounts.use_link(token, password)
    except UsageError as error:
        return render(
            request,
            "set_password.html.j2",
            status=422,
            action=f"/link/{token}",
            name=user.name,
            message=error.message,
            hint=error.hint,
        )
    return _let_in(site, made, "/")


@router.get("/password")
@rule(SIGNED_IN)
def show_password(request: Request) -> Response:
    """The form to choose another password."""
    return render(request, "change_password.html.j2", message=None, hint=None)


@router.post("/password")
@rule(SIGNED_IN)
def change_password(
    request: Request, site: AtSite, visitor: SignedIn, old: _Text, password: _Text, again: _Text
) -> Response:
    """Sets another password; other sessions of the same person end."""
    try:
        if password != again:
            raise UsageError("The two passwords differ.", hint="Type the same one twice.")
        site.accounts.change_password(visitor.who, old, password)
    except UsageError as error:
        return render(request, "change_password.html.j2", status=422, message=error.message, hint=error.hint)
    return _go_to("/")


def _let_in(site: Site, made: SignedInAs, wanted: str) -> Response:
    response = _go_to(wanted)
    secure = site.settings.secure
    # Lax: a link to an answer that somebody was sent opens; what changes anything needs a token besides.
    response.set_cookie(session_cookie(site), made.token, httponly=True, secure=secure, samesite="lax")
    response.set_cookie(
        device_cookie(site), made.device, max_age=_A_YEAR, httponly=True, secure=secure, samesite="strict"
    )
    return response


def _go_to(wanted: str) -> RedirectResponse:
    return RedirectResponse(_own_path(wanted), status_code=303)


def _own_path(wanted: str) -> str:
    """A path of this site; anything that a browser could take for another site is the start page."""
    is_own = wanted.startswith("/") and not wanted.startswith("//") and "\\" not in wanted and wanted.isprintable()
    return wanted if is_own else "/"


def _address(request: Request) -> str:
    return request.client.host if request.client else ""
