"""Users, links, sessions and the log: who may come in, who is in, and what was changed."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from starlette.responses import Response

from evaluator.core.account import ABOUT_ROLES, ROLES, Role, User
from evaluator.store.audit_log import AuditEntry, AuditFilter
from evaluator.store.sign_in_shelf import Session
from evaluator.web.access import ADMINISTRATOR, rule
from evaluator.web.pages.moment import moment
from evaluator.web.signed_in import AtSite, SignedIn
from evaluator.web.templating import render

router = APIRouter()

_A_PAGE = 100


@dataclass(frozen=True, slots=True)
class UserRow:
    """A user, as administrators see them."""

    id: str
    name: str
    role: Role
    state: str
    is_disabled: bool
    last_seen: str
    is_me: bool


@dataclass(frozen=True, slots=True)
class SessionRow:
    """A browser that somebody is signed in with."""

    id: str
    name: str
    since: str
    seen: str
    until: str
    is_this: bool


@dataclass(frozen=True, slots=True)
class LogRow:
    """One entry of the log."""

    at: str
    actor: str
    action: str
    about: str
    detail: str


@router.get("/administration")
@rule(ADMINISTRATOR)
def show_administration(request: Request, site: AtSite, visitor: SignedIn) -> Response:
    """Users and sessions."""
    users = site.accounts.users()
    names = {user.id: user.name for user in users}
    sessions = [_session(each, names, visitor.session_id) for each in site.accounts.sessions()]
    return render(
        request,
        "administration.html.j2",
        users=[_user(each, visitor.user.id) for each in users],
        sessions=sessions,
        roles=[(role, ABOUT_ROLES[role]) for role in ROLES],
        held=sum(site.quarantine.counts().values()),
    )


@router.get("/administration/log")
@rule(ADMINISTRATOR)
def show_log(
    request: Request, site: AtSite, text: str = "", actor: str = "", action: str = "", before: int | None = None
) -> Response:
    """The newest entries that fit."""
    wanted = AuditFilter(actor=actor or None, action=action or None, text=text.strip() or None)
    found = site.store.audit.search(wanted, before, _A_PAGE + 1)
    names = {user.id: user.name for user in site.accounts.users()}
    page = found[:_A_PAGE]
    chosen = {"text": text, "actor": actor, "action": action}
    older = ""
    if len(found) > _A_PAGE:
        given = {key: value for key, value in chosen.items() if value}
        older = f"/administration/log?{urlencode({**given, 'before': page[-1].number})}"
    return render(
        request,
        "log.html.j2",
        rows=[_entry(each, names) for each in page],
        chosen=chosen,
        people=sorted(names.items(), key=lambda each: each[1]),
        older=older,
        is_first=before is None,
    )


def _user(user: User, me: str) -> UserRow:
    state = "may not sign in" if user.is_disabled else "" if user.has_password else "has not chosen a password yet"
    return UserRow(user.id, user.name, user.role, state, user.is_disabled, moment(user.last_seen), user.id == me)


def _session(session: Session, names: dict[str, str], mine: str) -> SessionRow:
    return SessionRow(
        id=session.id,
        name=names.get(session.user_id, "somebody who is gone"),
        since=moment(session.made_at),
        seen=moment(session.seen_at),
        until=moment(session.expires_at),
        is_this=session.id == mine,
    )


def _entry(entry: AuditEntry, names: dict[str, str]) -> LogRow:
    actor = names.get(entry.actor, entry.actor) if entry.actor else "the command line"
    return LogRow(moment(entry.at), actor, entry.action, names.get(entry.about, entry.about), entry.detail)
