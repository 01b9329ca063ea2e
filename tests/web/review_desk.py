"""Browsers at work on one site: who sits down, what they press, and what they complain about."""

from __future__ import annotations

from dataclasses import dataclass, field

from playwright.sync_api import Browser, BrowserContext, Page

from evaluator.core.account import Role
from tests.graded_run import Given
from tests.web.conftest import Served

PATIENCE = 60_000  # milliseconds: how long a page takes says more about the machine's other work than about the page


@dataclass
class Desk:
    """A site and the browsers that work on it; what they complain about is collected."""

    served: Served
    browser: Browser
    complaints: list[str] = field(default_factory=list)
    contexts: list[BrowserContext] = field(default_factory=list)

    def sit_down(self, name: str, role: Role = "reviewer", **options) -> Page:
        """A browser of its own, signed in as this person."""
        context = self.browser.new_context(**{"viewport": {"width": 1280, "height": 800}, **options})
        context.set_default_timeout(PATIENCE)
        token = self.served.person(name, role).token
        context.add_cookies([{"name": "evaluator-session", "value": token, "url": self.served.url}])
        page = context.new_page()
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", lambda said: self.complaints.append(said.text) if said.type == "error" else None)
        page.on("dialog", lambda dialog: (self.complaints.append(dialog.message), dialog.dismiss()))
        self.contexts.append(context)
        return page

    def labels(self, item: int) -> dict[str, dict[str, int]]:
        """Levels by the name of whoever gave them."""
        who = self.served.who("onlooker", "administrator")
        opened = self.served.site.reading.open_item(who, item, held_until=None)
        return {each.name: dict(each.label.levels) for each in opened.others}


def some(count: int, **given) -> list[Given]:
    """So many flagged answers, one a candidate, the first the most urgent."""
    return [Given(f"c{n}", flags=("near_bar",), score=8.4 - n / 10, **given) for n in range(count)]


def label_some(desk: Desk, who: str, count: int) -> None:
    """Labels given over HTTP: the first ones of the queue, a level from the grader's on the first criterion."""
    client = desk.served.sign_in(who)
    for _ in range(count):
        item = client.post("/review/next", json={}).json()["item"]
        opened = desk.served.site.reading.open_item(desk.served.who(who), item, held_until=None)
        levels = {each.id: 2 for each in opened.criteria}
        saved = client.post(
            f"/review/{item}/save", json={"version": opened.version, "levels": levels, "reason": "too_strict"}
        )
        assert saved.status_code == 200, saved.text


def settled(page: Page) -> None:
    """Waits until the page's script has taken up its work."""
    page.wait_for_selector("#review.folds .criterion.now")


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def goes_on(page: Page, *keys: str) -> None:
    """Presses keys after which another page opens, and waits for it."""
    before = page.url
    press(page, *keys)
    page.wait_for_url(lambda url: url != before)
    if "/queue" not in page.url:
        settled(page)


def item_of(page: Page) -> int:
    return int(page.url.rpartition("/")[2])
