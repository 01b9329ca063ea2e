"""Takes the pictures that the README shows.

    python docs/take_pictures.py report REPORT.html OUT.png
    python docs/take_pictures.py pages FOLDER

`pages` grades the shipped, made-up answers with the baseline, enters the labels that a language model gave them as two
reviewers' work, serves the site on loopback, and takes the page of an answer and that of agreement. Needs the Python
packages playwright and pillow, and the Debian package chromium (or another Chromium in --browser).
"""

from __future__ import annotations

import argparse
import csv
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

import uvicorn
from PIL import Image
from playwright.sync_api import Browser, FloatRect, Page, sync_playwright

from evaluator.core.account import Who
from evaluator.core.review_draw import DrawShares
from evaluator.core.review_queue import QueueFilter
from evaluator.store.store import open_store
from evaluator.web.app import create_app
from evaluator.web.site import Site, WebSettings, make_site

FLAGS = (
    "--no-sandbox",
    "--headless",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
EVAL_SET = Path(__file__).parent.parent / "eval_sets" / "ml_engineer_screen"
PASSWORD = "lantern gravel tuesday orbit"  # noqa: S105 of a site that is gone when the pictures are taken


def main() -> None:
    """Takes what is asked for."""
    asked = _arguments()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=asked.browser, args=list(FLAGS))
        if asked.what == "report":
            _take_report(browser, asked)
        else:
            _take_pages(browser, asked)
        browser.close()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--width", type=int, default=1200)
    parser.add_argument("--theme", choices=("light", "dark"), default="light")
    parser.add_argument("--browser", default="/usr/bin/chromium")
    kinds = parser.add_subparsers(dest="what", required=True)
    report = kinds.add_parser("report")
    report.add_argument("report", type=Path)
    report.add_argument("out", type=Path)
    report.add_argument("--height", type=int, help="pixels; without it, to the end of the first answer, at most 2000")
    pages = kinds.add_parser("pages")
    pages.add_argument("folder", type=Path)
    return parser.parse_args()


def _take_report(browser: Browser, asked: argparse.Namespace) -> None:
    """The top of the report, down to the end of the first answer if it fits."""
    page = _page(browser, asked, height=900)
    page.goto(asked.report.resolve().as_uri())
    height = asked.height or _end_of_first_answer(page)
    clip: FloatRect = {"x": 0, "y": 0, "width": asked.width, "height": height}
    _keep(page.screenshot(clip=clip, full_page=True), asked.out)


def _take_pages(browser: Browser, asked: argparse.Namespace) -> None:
    with TemporaryDirectory(prefix="evaluator-pictures-") as folder, _site(Path(folder)) as (site, url):
        page = _page(browser, asked, height=820)
        token, _ = _person(site, "ada")
        page.context.add_cookies([{"name": "evaluator-session", "value": token, "url": url}])
        page.goto(f"{url}/queue?flag=near_bar")
        page.locator("tbody tr", has_text="Close to the bar").locator("th a").first.click()
        page.wait_for_selector("#review.folds .criterion.now")
        _keep(page.screenshot(), asked.folder / "review.png")
        for rater in ("rater_a", "rater_b"):
            _enter_labels(site, _person(site, rater)[1], rater)
        page.goto(f"{url}/agreement")
        _keep(page.screenshot(full_page=True), asked.folder / "agreement.png")


def _page(browser: Browser, asked: argparse.Namespace, height: int) -> Page:
    return browser.new_page(
        viewport={"width": asked.width, "height": height}, color_scheme=asked.theme, reduced_motion="reduce"
    )


def _keep(drawn: bytes, out: Path) -> None:
    # 256 colours are enough for a page of text and make the file a third of the size.
    Image.open(BytesIO(drawn)).convert("RGB").quantize(256, dither=Image.Dither.NONE).save(out, optimize=True)


def _end_of_first_answer(page: Page) -> int:
    box = page.locator("article.answer").first.bounding_box()
    return 1600 if box is None else min(2000, round(box["y"] + box["height"] + 24))


@contextmanager
def _site(folder: Path) -> Iterator[tuple[Site, str]]:
    """A site with a graded run, and its address."""
    where = str(folder / "store.sqlite3")
    command = [sys.executable, "-m", "evaluator", "grade", str(EVAL_SET / "answers.csv"), "--grader", "baseline"]
    command += ["--store", where, "--out", str(folder / "out"), "--quiet"]
    graded = subprocess.run(command, check=False)  # noqa: S603 the command is ours
    if graded.returncode not in (0, 3):  # 3: some answers are of a kind that no grader takes
        raise SystemExit(graded.returncode)
    with open_store(where) as store, socket.create_server(("127.0.0.1", 0)) as bound:
        url = f"http://127.0.0.1:{bound.getsockname()[1]}"
        # Many are labelled blind, so that the page of agreement has something to say.
        site = make_site(store, WebSettings((url,), secure=False), shares=DrawShares(blind=0.5, double=0.3, audit=0.2))
        site.upkeep.catch_up()
        server = uvicorn.Server(uvicorn.Config(create_app(site), log_config=None, access_log=False))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]}, daemon=True)
        thread.start()
        yield site, url
        server.should_exit = True
        thread.join()


def _person(site: Site, name: str) -> tuple[str, Who]:
    """The token of somebody's new session, and who they are."""
    _, link = site.accounts.add_user("", name, "reviewer")
    made = site.accounts.use_link(link, PASSWORD)
    return made.token, Who(made.user.id, made.user.role, made.session.id)


def _enter_labels(site: Site, who: Who, rater: str) -> None:
    """The shipped labels of one of the eval set's raters as this person's, for three in four of what waits for them."""
    given: dict[str, dict[str, int]] = {}
    with (EVAL_SET / "labels.csv").open(encoding="utf-8", newline="") as table:
        for row in csv.DictReader(table):
            if row["rater_id"] == rater:
                given.setdefault(row["answer_id"], {})[row["criterion_id"]] = int(row["level"])
    at = 0
    while (item := site.desk.next_item(who, QueueFilter())) is not None:
        at += 1
        opened = site.reading.open_item(who, item, held_until=None)
        levels = given.get(opened.answer.answer_id)
        if at % 4 == 0 or levels is None or not opened.can_save:
            site.desk.skip(who, item)
            continue
        site.desk.save(who, item, opened.version, levels, "anchor_misapplied")


if __name__ == "__main__":
    main()
