"""What a reviewer does to one answer: JSON from the page's script, JSON back; the page moves on by what comes back."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import JSONResponse

from evaluator.core.review_queue import QueueFilter
from evaluator.run.review_desk import Conflict, ReasonNeededError, Saved, reason_of
from evaluator.web.access import ADMINISTRATOR, REVIEWER, rule
from evaluator.web.queue_filter import filter_of
from evaluator.web.signed_in import AtSite, SignedIn, Visitor
from evaluator.web.site import Site

router = APIRouter()

_Code = Annotated[str, Field(max_length=200)]
_Comment = Annotated[str, Field(max_length=10_000)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class FilterBody(_Body):
    """The queue's filter, as the page's address has it."""

    run: _Code | None = None
    question: _Code | None = None
    candidate: Annotated[str, Field(max_length=2000)] | None = None
    flag: _Code | None = None
    reviewer: _Code | None = None
    state: _Code | None = None

    def as_filter(self) -> QueueFilter:
        """As the store takes it; the next item is always an open one."""
        return filter_of(self.model_dump(exclude={"state"}))


class NextBody(_Body):
    """Which item comes next."""

    filter: FilterBody = FilterBody()
    after: int | None = None


class DecisionBody(_Body):
    """Levels, with why. Without levels the grader's are confirmed."""

    version: int
    levels: dict[str, int] | None = None
    reason: _Code | None = None
    comment: _Comment = ""
    filter: FilterBody = FilterBody()


class HandBody(_Body):
    """Whom an item is handed to."""

    to: _Code
    comment: _Comment = ""
    version: int | None = None
    filter: FilterBody = FilterBody()


class LeaveBody(_Body):
    """An item is left as it is."""

    version: int | None = None
    filter: FilterBody = FilterBody()


@router.post("/review/next")
@rule(REVIEWER, ADMINISTRATOR)
def next_item(site: AtSite, visitor: SignedIn, body: NextBody) -> JSONResponse:
    """The next item that nobody else has open, now held for this browser."""
    item = site.desk.next_item(visitor.who, body.filter.as_filter(), body.after)
    return JSONResponse({"item": item, "url": None if item is None else f"/review/{item}"})


@router.post("/review/{item}/save")
@rule(REVIEWER, ADMINISTRATOR)
def save(site: AtSite, visitor: SignedIn, item: int, body: DecisionBody) -> JSONResponse:
    """Saves levels; 409 with both sides where somebody else acted meanwhile."""
    if body.levels is None:
        return JSONResponse({"error": "Give a level for each criterion.", "hint": None}, status_code=422)
    return _decided(site, visitor, item, body)


@router.post("/review/{item}/confirm")
@rule(REVIEWER, ADMINISTRATOR)
def confirm(site: AtSite, visitor: SignedIn, item: int, body: DecisionBody) -> JSONResponse:
    """Confirms the grader's levels, all of them."""
    return _decided(site, visitor, item, body.model_copy(update={"levels": None}))


@router.post("/review/{item}/reason")
@rule(REVIEWER, ADMINISTRATOR)
def explain(site: AtSite, visitor: SignedIn, item: int, body: DecisionBody) -> JSONResponse:
    """Says why, after the grader's levels were revealed."""
    said = site.desk.explain(visitor.who, item, body.version, reason_of(body.reason), body.comment)
    return _reply(site, visitor, item, said, body.filter)


@router.post("/review/{item}/adjudicate")
@rule(REVIEWER, ADMINISTRATOR)
def adjudicate(site: AtSite, visitor: SignedIn, item: int, body: DecisionBody) -> JSONResponse:
    """A third person's levels settle it."""
    levels = body.levels or {}
    said = site.desk.adjudicate(visitor.who, item, body.version, levels, reason_of(body.reason), body.comment)
    return _reply(site, visitor, item, said, body.filter)


@router.post("/review/{item}/undo")
@rule(REVIEWER, ADMINISTRATOR)
def undo(site: AtSite, visitor: SignedIn, item: int, body: LeaveBody) -> JSONResponse:
    """Takes back one's own last entry."""
    del body
    said = site.desk.undo(visitor.who, item)
    return JSONResponse({"version": said.version, "state": said.state, "url": f"/review/{item}"})


@router.post("/review/{item}/skip")
@rule(REVIEWER, ADMINISTRATOR)
def skip(site: AtSite, visitor: SignedIn, item: int, body: LeaveBody) -> JSONResponse:
    """Leaves it to others."""
    said = site.desk.skip(visitor.who, item)
    return _reply(site, visitor, item, said, body.filter)


@router.post("/review/{item}/hand")
@rule(REVIEWER, ADMINISTRATOR)
def hand(site: AtSite, visitor: SignedIn, item: int, body: HandBody) -> JSONResponse:
    """Hands it to a colleague."""
    said = site.desk.hand(visitor.who, item, body.to, body.comment)
    return _reply(site, visitor, item, said, body.filter)


@router.post("/review/{item}/release")
@rule(REVIEWER, ADMINISTRATOR)
def release(site: AtSite, visitor: SignedIn, item: int) -> JSONResponse:
    """Lets go of it."""
    site.desk.release(visitor.who, item)
    return JSONResponse({})


@router.post("/review/{item}/renew")
@rule(REVIEWER, ADMINISTRATOR)
def renew(site: AtSite, visitor: SignedIn, item: int) -> JSONResponse:
    """Holds it longer; `until` is null where somebody else has it by now, or it is settled."""
    return JSONResponse({"until": site.desk.hold(visitor.who, item)})


def _decided(site: Site, visitor: Visitor, item: int, body: DecisionBody) -> JSONResponse:
    try:
        said = site.desk.save(visitor.who, item, body.version, body.levels, reason_of(body.reason), body.comment)
    except ReasonNeededError as error:
        return JSONResponse({"error": error.message, "hint": error.hint, "needs_reason": True}, status_code=422)
    return _reply(site, visitor, item, said, body.filter)


def _reply(site: Site, visitor: Visitor, item: int, said: Saved | Conflict, wanted: FilterBody) -> JSONResponse:
    if isinstance(said, Conflict):
        return JSONResponse(_both_sides(site, said), status_code=409)
    following = None
    if not said.revealed:
        following = site.desk.next_item(visitor.who, wanted.as_filter(), item)
    return JSONResponse({
        "version": said.version,
        "state": said.state,
        "revealed": said.revealed,
        "changed": list(said.changed),
        "next": None if following is None else f"/review/{following}",
    })  # fmt: skip


def _both_sides(site: Site, conflict: Conflict) -> dict[str, Any]:
    names = {user.id: user.name for user in site.accounts.users()}
    return {
        "conflict": True,
        "version": conflict.version,
        "mine": conflict.mine,
        "theirs": [
            {
                "name": names.get(entry.actor, ""),
                "action": entry.action,
                "levels": entry.detail.levels,
                "reason": entry.detail.reason,
                "comment": entry.detail.comment,
                "saved_at": entry.at,
            }
            for entry in conflict.theirs
        ],
        "regraded": conflict.regraded,
    }
