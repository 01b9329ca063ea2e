"""The quarantine's page: what is held back, why and since when; let try again once its map is mended, or erased."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, Page, expect

from evaluator.ats.delivery import Delivery
from evaluator.run.doors import Doors
from evaluator.run.intake import Intake, Settled
from evaluator.settings import read_ats_settings
from evaluator.store.audit_log import AuditFilter
from evaluator.store.store import Store
from evaluator.wiring_service import find_questionnaire, make_connections
from tests.ats.signing import SECRETS, TEXTS, submit_event
from tests.web.conftest import NO_DRAWS, Served

T = TypeVar("T")

UNKNOWN = "How would you <b>find</b> fraud?"
WRITTEN = "One example is one payment, and this marker: Zyxomma."


class Ats:
    """A store's doors and intake with the question maps of a folder."""

    def __init__(self, store: Store, maps: Path) -> None:
        settings = {"EVALUATOR_WORKABLE_SECRETS": SECRETS["workable"], "EVALUATOR_ATS_MAPS": str(maps)}
        connections = make_connections(read_ats_settings(settings), find_questionnaire())
        self._store = store
        self._doors = Doors(connections, store.inbox)
        self._intake = Intake(
            store.inbox, connections, find_questionnaire(), store.erase_candidate, store.erasure.erased_at
        )

    def ring(self, number: int, question: str = UNKNOWN) -> str:
        """An application with an answer to this question; the event's id."""
        questions = {"x": question, **TEXTS}
        sent = submit_event(
            "workable", f"c{number}", event_id=f"e{number}", answers={"x": WRITTEN}, questions=questions
        )
        headers = {name.lower(): value for name, value in sent.headers.items()}
        delivery = Delivery(headers, sent.body, datetime.now(UTC))
        return apart(lambda: self._doors.answer("default", "workable", delivery)).event_id or ""

    def settle(self) -> list[Settled]:
        """What a worker does: every event that waits is settled."""
        waiting = self._store.inbox.waiting()

        async def each() -> list[Settled]:
            return [await self._intake.settle(event) for event in waiting]

        return apart(each)


def apart(work: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """In a thread of its own: a browser's driver may have this one's event loop."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(lambda: asyncio.run(work())).result()


@pytest.fixture
def maps(tmp_path: Path) -> Path:
    folder = tmp_path / "maps"
    folder.mkdir()
    write_map(folder, {})
    return folder


def write_map(folder: Path, questions: dict[str, str]) -> None:
    lines = "".join(f'  "{asked}": {question}\n' for asked, question in questions.items())
    said = f"questions:\n{lines}" if lines else "questions: {}\n"
    (folder / "workable.yaml").write_text(
        f"source: workable\nquestionnaire: ml_engineer_screen\n{said}", encoding="utf-8"
    )


@pytest.fixture
def open_page(browser, serve: Callable[..., Served], sqlite_store: Store) -> Iterator[Callable[..., Page]]:
    """Opens the quarantine in a browser of its own, as an administrator."""
    contexts: list[BrowserContext] = []
    served = serve(sqlite_store, NO_DRAWS)

    def open_it(**options) -> Page:
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 800}, **options})
        context.set_default_timeout(60_000)
        token = served.person("ada", "administrator").token
        context.add_cookies([{"name": "evaluator-session", "value": token, "url": served.url}])
        contexts.append(context)
        page = context.new_page()
        page.goto(f"{served.url}/administration")
        page.get_by_role("link", name="Quarantine").click()
        return page

    yield open_it
    for each in contexts:
        each.close()


def test_what_is_held_back_is_seen_mended_and_goes_on(
    open_page: Callable[..., Page], sqlite_store: Store, maps: Path
) -> None:
    """The page names the question, not the answer; once the map knows it, one click and it becomes a submission."""
    before = Ats(sqlite_store, maps)
    held = [before.ring(number) for number in range(2)]
    assert [each.reason for each in before.settle()] == ["unmapped_questions"] * 2
    page = open_page()
    expect(page.get_by_role("heading", level=1)).to_have_text("Quarantine")
    first = page.locator(f"#{held[0]}")
    expect(first).to_contain_text("workable")
    expect(first).to_contain_text("candidate_created")
    expect(first).to_contain_text("it has questions that the map does not know")
    expect(first).to_contain_text(UNKNOWN)
    event = sqlite_store.inbox.find(held[0])
    assert event is not None
    expect(first).to_contain_text(f"since {event.received_at[:10]}")
    assert "Zyxomma" not in page.content()
    assert "c0" not in first.inner_text().replace(held[0], "")  # whose hexadecimal digits may be those
    first.get_by_role("button", name="Try again").click()
    expect(first).to_have_count(0)
    assert [each.reason for each in Ats(sqlite_store, maps).settle()] == ["unmapped_questions"], "not mended yet"
    write_map(maps, {UNKNOWN: "fraud_framing"})
    page.reload()
    page.get_by_role("button", name="Let all 2 try again").click()
    expect(page.get_by_role("heading", name="Nothing is held back")).to_be_visible()
    settled = Ats(sqlite_store, maps).settle()
    assert [each.state for each in settled] == ["mapped", "mapped"]
    submission = sqlite_store.submissions.find(settled[0].submission_id or "")
    assert submission is not None
    assert [each.text for each in sqlite_store.submissions.answers(submission) if each.text] == [WRITTEN]
    actions = [entry.action for entry in sqlite_store.audit.search(AuditFilter()) if entry.action.startswith("event")]
    assert actions == ["events replayed", "event replayed"]


def test_an_event_is_erased_for_good_after_a_second_click(
    open_page: Callable[..., Page], sqlite_store: Store, maps: Path, tmp_path: Path
) -> None:
    """Nothing of it stays but its hash: a redelivery makes nothing."""
    ats = Ats(sqlite_store, maps)
    (held,) = (ats.ring(number) for number in range(1))
    ats.settle()
    page = open_page()
    event = page.locator(f"#{held}")
    expect(event.get_by_role("button", name="Erase this event")).to_be_hidden()
    event.get_by_text("Erase…").click()
    event.get_by_role("button", name="Erase this event").click()
    expect(page.get_by_role("heading", name="Nothing is held back")).to_be_visible()
    found = sqlite_store.inbox.find(held)
    assert found is not None
    assert (found.state, found.body, found.detail, found.candidate_id) == ("erased", None, (), None)
    assert ats.ring(0) == held
    assert ats.settle() == []
    page.go_back()
    page.reload()
    expect(page.get_by_role("heading", name="Nothing is held back")).to_be_visible()


def test_pages_sources_and_what_somebody_else_did(
    serve: Callable[..., Served], sqlite_store: Store, maps: Path
) -> None:
    """Fifty a page; of one source; an event that is gone says so; nobody but an administrator."""
    ats = Ats(sqlite_store, maps)
    held = [ats.ring(number, f"Question {number}?") for number in range(53)]
    ats.settle()
    site = serve(sqlite_store, NO_DRAWS)
    ada = site.sign_in("ada", "administrator")
    first = ada.get("/administration/quarantine").text
    assert (first.count('<li class="card"'), "Later ones" in first, "workable (53)" in first) == (50, True, True)
    later = first.partition('rel="next" href="')[2].partition('"')[0].replace("&amp;", "&")
    assert ada.get(later).text.count('<li class="card"') == 3
    assert "Nothing more of this kind" in ada.get("/administration/quarantine?source=lever").text
    beyond = ada.get("/administration/quarantine?after=100000000000000000000")
    assert (beyond.status_code, "query.after" in beyond.text) == (422, True), "a number that no database takes"
    assert '<span class="chip review">53</span>' in ada.get("/administration").text
    assert ada.post(f"/administration/quarantine/{held[0]}/erase").status_code in (200, 303)
    for action in ("erase", "retry"):
        assert ada.post(f"/administration/quarantine/{held[0]}/{action}").status_code == 404
    ada.cookies.set("ids", "shown")
    assert "workable:c1" in ada.get("/administration/quarantine").text
    ben = site.sign_in("ben", "reviewer")
    assert ben.get("/administration/quarantine").status_code == 403
    assert ben.post(f"/administration/quarantine/{held[1]}/erase").status_code == 403
    assert sum(sqlite_store.inbox.held().values()) == 52


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_page_holds_to_wcag_and_to_a_small_screen(
    open_page: Callable[..., Page], sqlite_store: Store, maps: Path, theme: str
) -> None:
    """axe finds nothing, in either theme, with something to erase opened; nobody scrolls sideways on a phone."""
    ats = Ats(sqlite_store, maps)
    ats.ring(0)
    ats.ring(1, "W" * 300)
    ats.settle()
    page = open_page(color_scheme=theme)
    page.get_by_text("Erase…").first.click()
    rules = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}}
    found = Axe().run(page, options=rules)
    assert [each["id"] for each in found.response["violations"]] == []
    page.set_viewport_size({"width": 360, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
