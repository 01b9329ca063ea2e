"""The queue: what needs a person, most urgent first, with filters, counts and what was done today."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from evaluator.core.review import Why
from evaluator.core.review_queue import Choice, QueueChoices, QueueCounts, QueueItem, QueuePage
from evaluator.report.wording import FLAG_NAMES, counted
from evaluator.web.access import ADMINISTRATOR, REVIEWER, SIGNED_IN, rule
from evaluator.web.pages.shown_candidate import ShownCandidate, shown_candidate
from evaluator.web.queue_filter import filter_of
from evaluator.web.signed_in import AtSite, SignedIn
from evaluator.web.templating import render

router = APIRouter()

_KEYS = ("run", "question", "candidate", "flag", "reviewer", "state")
_STATES = (
    ("open", "to review"),
    ("adjudicate", "to adjudicate"),
    ("done", "reviewed"),
    ("withdrawn", "no longer flagged"),
    ("all", "all"),
)
STATE_NAMES = dict(_STATES)
_A_PAGE = 50


def why_name(why: Why | None) -> str:
    """What a reason is called on a page; empty where there is none, or it is hidden."""
    if why is None:
        return ""
    return "Drawn to be checked" if why == "drawn" else FLAG_NAMES[why]


@dataclass(frozen=True, slots=True)
class QueueRow:
    """An answer in the queue. `with_` says who has it: open now, or handed to them."""

    href: str
    title: str
    why: str
    also: tuple[str, ...]
    blind: bool
    who: ShownCandidate
    score: str
    state: str
    with_: str
    run: str
    run_href: str


@dataclass(frozen=True, slots=True)
class FlagChip:
    """A reason with how many answers it has, as a link that filters by it, or takes the filter off."""

    name: str
    count: int
    href: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class Empty:
    """What is said where there is nothing to show, and what to do about it."""

    title: str
    words: str
    command: str = ""
    href: str = ""
    link: str = ""


@dataclass(frozen=True, slots=True)
class QueueView:
    """The page of the queue."""

    title: str
    said: str
    counts: QueueCounts
    day_share: float
    day_words: str
    chosen: dict[str, str]
    filter_json: str
    is_filtered: bool
    choices: dict[str, Sequence[tuple[str, str]]]
    by_flag: tuple[FlagChip, ...]
    rows: tuple[QueueRow, ...]
    first_href: str
    next_href: str
    empty: Empty | None


@router.get("/")
@rule(SIGNED_IN)
def start(visitor: SignedIn) -> Response:
    """Everybody begins where their work is."""
    return RedirectResponse("/runs" if visitor.user.role == "recruiter" else "/queue", status_code=303)


@router.get("/queue")
@rule(REVIEWER, ADMINISTRATOR)
def show_queue(request: Request, site: AtSite, visitor: SignedIn, after: str | None = None) -> Response:
    """A page of the queue, as its filters have it."""
    chosen = {key: request.query_params.get(key, "") for key in _KEYS}
    wanted = filter_of(chosen)
    page = site.reading.queue(visitor.who, wanted, after, _A_PAGE)
    view = queue_view(
        request,
        chosen,
        page,
        site.reading.counts(visitor.who, wanted),
        site.reading.choices(),
        after=after,
        has_runs=bool(page.items) or bool(site.reading.runs(visitor.who)),
    )
    return render(request, "queue.html.j2", page=view)


def queue_view(
    request: Request,
    chosen: dict[str, str],
    page: QueuePage,
    counts: QueueCounts,
    choices: QueueChoices,
    *,
    after: str | None,
    has_runs: bool,
) -> QueueView:
    """Everything that the page shows."""
    is_filtered = any(chosen[key] for key in _KEYS if key != "state") or chosen["state"] not in ("", "open")
    done = counts.done_today
    share = 100.0 * done / counts.of_today if counts.of_today else 0.0
    wanted = {key: value for key, value in chosen.items() if value and key != "state"}
    return QueueView(
        title=_title(chosen, counts),
        said="" if request.query_params.get("done") is None else "Nothing more is waiting for you here.",
        counts=counts,
        day_share=share,
        day_words=f"{share:.0f}% of what is reviewed today or still open",
        chosen={**chosen, "state": chosen["state"] or "open"},
        filter_json=json.dumps(wanted),
        is_filtered=is_filtered,
        choices={
            "runs": _options(choices.runs, is_run=True),
            "questions": _options(choices.questions),
            "reviewers": _options(choices.reviewers),
            "flags": [(code, name) for code in counts.by_flag if (name := why_name(code))],
            "states": _STATES,
        },
        by_flag=tuple(_chip(chosen, code, count) for code, count in counts.by_flag.items() if count),
        rows=tuple(_row(item, request) for item in page.items),
        first_href=_href(chosen) if after else "",
        next_href=_href(chosen, after=page.after) if page.after else "",
        empty=None if page.items else _empty(is_filtered, counts, has_runs=has_runs),
    )


def _title(chosen: dict[str, str], counts: QueueCounts) -> str:
    if chosen["state"] in ("", "open"):
        need = "needs" if counts.open == 1 else "need"
        return f"{counted(counts.open, 'answer')} {need} a person" if counts.open else "No answer needs a person"
    return f"Queue: {STATE_NAMES.get(chosen['state'], chosen['state'])}"


def _row(item: QueueItem, request: Request) -> QueueRow:
    others = tuple(FLAG_NAMES[code] for code in item.flags if code != item.why)
    if item.held_by:
        with_ = f"{item.held_by}, open now"
    elif item.assigned_to:
        with_ = f"handed to {item.assigned_to}"
    elif item.needed > 1:
        with_ = f"{item.labels} of {item.needed} labelled"
    else:
        with_ = ""
    page = "adjudication" if item.state == "adjudicate" else "review"
    return QueueRow(
        href=f"/{page}/{item.id}",
        title=item.question_title,
        why=why_name(item.why),
        also=others,
        blind=item.blind and item.state == "open",
        who=shown_candidate(item.candidate_id, item.run_id, request),
        score="" if item.score is None else f"{item.score:.1f}",
        state="" if item.state == "open" else STATE_NAMES[item.state],
        with_=with_,
        run=item.run_id,
        run_href=f"/runs/{item.run_id}",
    )


def _chip(chosen: dict[str, str], code: Why, count: int) -> FlagChip:
    is_chosen = chosen["flag"] == code
    return FlagChip(why_name(code), count, _href({**chosen, "flag": "" if is_chosen else code}), is_chosen)


def _href(chosen: dict[str, str], **more: str | None) -> str:
    given = {key: value for key, value in {**chosen, **more}.items() if value}
    return f"/queue?{urlencode(given)}" if given else "/queue"


def _options(choices: Sequence[Choice], *, is_run: bool = False) -> list[tuple[str, str]]:
    return [(each.id, f"{each.name} · {each.id}" if is_run else each.name) for each in choices]


def _empty(is_filtered: bool, counts: QueueCounts, *, has_runs: bool) -> Empty:
    if is_filtered:
        return Empty(
            "Nothing fits this filter", "Take a part of it away, or look at everything.", "", "/queue", "Everything"
        )
    if counts.done or counts.adjudicate:
        return Empty(
            "All reviewed",
            "Every answer that needed a person has been looked at. What people changed is on the page of agreement.",
            href="/agreement",
            link="See the agreement",
        )
    if has_runs:  # runs without an item of the queue too: none of their answers was flagged
        return Empty(
            "Nothing needs a person",
            "No answer of the runs here is flagged. A score is still only a score: read before you decide.",
            href="/runs",
            link="See the runs",
        )
    return Empty(
        "No run is here yet",
        "Grade a table of answers with this store; what needs a person then shows here, while the run goes on.",
        "evaluator grade answers.csv --grader baseline",
    )
