"""The report of an evaluation: self-contained, the same bytes each time, readable in both themes, nothing hidden."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from evaluator.core.evaluation import Evaluation
from evaluator.report.evaluation_page import write_evaluation_report
from tests.run.evaluation_case import eval_set, measured, script, text_of, under_test

HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>\u202etxet"
COUNT = 20


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Evaluation:
    """A grader that is two levels off on some answers, one of which is hostile."""
    says = {number: (number + 2 * (number % 4 == 0)) % 5 for number in range(COUNT)}
    spec = script(tmp_path_factory.mktemp("scripts"), says)
    case = eval_set(
        COUNT, lambda n, c, r: float(n % 5), text=lambda n: text_of(n) + (f" {HOSTILE}" if n in (0, 4) else "")
    )
    named = replace(under_test(spec), name=f"model {HOSTILE}")
    return measured(case, named, probe=True)


@pytest.fixture(scope="module")
def report(found: Evaluation, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("report") / "report.html"
    write_evaluation_report(path, found)
    return path


def test_the_page_refers_to_nothing_outside_itself(report):
    """No address, no script, no image: every reference is to a place in the page, and each place is there once."""
    page = report.read_text("utf-8")
    assert not re.search(r"https?://|//\w|@import|<script|<img|<link", page.replace(HOSTILE[:8], ""))
    references = set(re.findall(r'(?:href="|url\()#([^")]+)', page))
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert references <= set(ids)
    assert len(ids) == len(set(ids))


def test_the_same_evaluation_gives_the_same_bytes(found, report, tmp_path):
    """No date, no random id: two reports of one evaluation are equal."""
    again = tmp_path / "again.html"
    write_evaluation_report(again, found)
    assert again.read_bytes() == report.read_bytes()


def test_the_verdict_stands_before_any_figure(report, found):
    """Verdict, its limits, then the agreement; every plot has a sentence of its own."""
    page = report.read_text("utf-8")
    verdict = found.asked[0].verdict
    assert page.index(verdict.cannot_show) < page.index('<h2 id="agreement-h"')
    assert page.count("<svg") == page.count("<figcaption>") >= 5
    assert all(page.count(f"<svg {view}") for view in ("viewBox",))


def test_colours_come_from_the_pages_tokens(report):
    """The drawings hold no colour of their own, so both themes suit them."""
    drawn = "".join(re.findall(r"<svg.*?</svg>", report.read_text("utf-8"), flags=re.S))
    assert set(re.findall(r"#[0-9a-f]{6}\b", drawn)) <= {"#ffffff", "#000000"}
    assert "var(--ink)" in drawn


def test_whose_labels_they_are_is_beside_every_table(report):
    """A set that a model labelled is never called human."""
    page = report.read_text("utf-8")
    assert page.count("model raters&#39; median") > 10
    assert "human" not in re.sub(r"<style>.*?</style>", "", page, flags=re.S)


def test_both_readings_and_the_evidence_stand_with_a_disagreement(report, found):
    """The worst levels come with the anchors of both levels, the raters' levels and the grader's quotes."""
    page = report.read_text("utf-8")
    worst = found.asked[0].disagreements
    assert len(worst) == 10
    assert abs(worst[0].grader_level - worst[0].consensus_level) == max(
        abs(each.grader_level - each.consensus_level) for each in worst
    )
    assert "a: 0, b: 0, c: 0" in page
    assert "Evidence the grader gave" in page


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 800, 1280])
def test_the_page_fits_the_screen_and_runs_nothing(browser, report, theme, width):
    """From a phone to a desk nothing scrolls sideways but tables and plots in their own frame; no request is made."""
    seen: list[str] = []
    page = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=theme)
    page.on("console", lambda message: seen.append(message.text))
    page.on("pageerror", lambda error: seen.append(str(error)))
    page.on("request", lambda request: seen.append(request.url))
    page.goto(report.as_uri())
    for details in page.locator("details").all():
        details.evaluate("element => element.open = true")
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert seen == [report.as_uri()]
    assert page.locator("script, img, [onerror]").count() == 0
    page.close()
