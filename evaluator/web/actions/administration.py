"""What administrators change: users, roles, links, sessions, which runs a recruiter sees, what the quarantine holds."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Form, Request
from starlette.responses import RedirectResponse, Response

from evaluator.core.account import User
from evaluator.errors import NotThereError
from evaluator.web.access import ADMINISTRATOR, rule
from evaluator.web.signed_in import AtSite, SignedIn
from evaluator.web.site import Site
from evaluator.web.templating import render

router = APIRouter()

_Text = Annotated[str, Form(max_length=200)]


@router.post("/administration/users")
@rule(ADMINISTRATOR)
def add_user(request: Request, site: AtSite, visitor: SignedIn, name: _Text, role: _Text) -> Response:
    """Makes a user and shows their link, this once."""
    user, token = site.accounts.add_user(visitor.user.id, name, role)
    return _show_link(request, site, user, token)


@router.post("/administration/users/{user_id}/link")
@rule(ADMINISTRATOR)
def new_link(request: Request, site: AtSite, visitor: SignedIn, user_id: str) -> Response:
    """Makes a new link for a user and shows it, this once."""
    token = site.accounts.new_link(visitor.user.id, user_id)
    user = site.store.users.get(user_id)
    if user is None:
        raise NotThereError("There is no such user.")
    return _show_link(request, site, user, token)


@router.post("/administration/users/{user_id}/role")
@rule(ADMINISTRATOR)
def set_role(site: AtSite, visitor: SignedIn, user_id: str, role: _Text) -> Response:
    """Gives a user another role."""
    site.accounts.set_role(visitor.user.id, user_id, role)
    return _back()


@router.post("/administration/users/{user_id}/disable")
@rule(ADMINISTRATOR)
def disable(site: AtSite, visitor: SignedIn, user_id: str) -> Response:
    """Keeps a user out."""
    site.accounts.disable(visitor.user.id, user_id)
    return _back()


@router.post("/administration/users/{user_id}/enable")
@rule(ADMINISTRATOR)
def enable(site: AtSite, visitor: SignedIn, user_id: str) -> Response:
    """Lets a user in again."""
    site.accounts.enable(visitor.user.id, user_id)
    return _back()


@router.post("/administration/users/{user_id}/end-sessions")
@rule(ADMINISTRATOR)
def end_sessions(site: AtSite, visitor: SignedIn, user_id: str) -> Response:
    """Signs a user out everywhere."""
    site.accounts.end_sessions(visitor.user.id, user_id)
    return _back()


@router.post("/administration/sessions/{session_id}/end")
@rule(ADMINISTRATOR)
def end_session(site: AtSite, visitor: SignedIn, session_id: str) -> Response:
    """Ends one session."""
    site.accounts.end_session(visitor.user.id, session_id)
    return _back()


@router.post("/administration/quarantine/{event_id}/retry")
@rule(ADMINISTRATOR)
def retry_event(site: AtSite, visitor: SignedIn, event_id: str) -> Response:
    """Lets an event that is held back try again."""
    site.quarantine.retry(visitor.who, event_id)
    return _back("/administration/quarantine")


@router.post("/administration/quarantine/retry-all")
@rule(ADMINISTRATOR)
def retry_events(site: AtSite, visitor: SignedIn, source: _Text = "") -> Response:
    """Lets all events that are held back (of a source) try again."""
    site.quarantine.retry_all(visitor.who, source or None)
    return _back("/administration/quarantine")


@router.post("/administration/quarantine/{event_id}/erase")
@rule(ADMINISTRATOR)
def erase_event(site: AtSite, visitor: SignedIn, event_id: str) -> Response:
    """Empties an event that is held back, for good."""
    site.quarantine.erase(visitor.who, event_id)
    return _back("/administration/quarantine")


@router.post("/runs/{run_id}/access")
@rule(ADMINISTRATOR)
def share_run(site: AtSite, visitor: SignedIn, run_id: str, user: _Text, allow: _Text) -> Response:
    """Lets a recruiter see a run (`allow` is "yes"), or not any more."""
    record = site.reading.require_run(visitor.who, run_id)
    site.accounts.share_run(visitor.user.id, record.number, record.id, user, is_shared=allow == "yes")
    return RedirectResponse(f"/runs/{quote(record.id, safe='')}", status_code=303)


def _show_link(request: Request, site: Site, user: User, token: str) -> Response:
    link = f"{site.settings.origins[0]}/link/{token}"
    return render(request, "new_link.html.j2", name=user.name, link=link)


def _back(to: str = "/administration") -> Response:
    return RedirectResponse(to, status_code=303)
