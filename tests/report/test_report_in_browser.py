"""The report in a real browser: it fits a phone, runs nothing, and prints whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from evaluator.report.page import write_report


@pytest.fixture
def report(run, tmp_path) -> Path:
    path = tmp_path / "report.html"
    write_report(path, run.manifest, run.rubric, run.questionnaire, run.graded, run.standings, run.comparison)
    return path


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 720, 800, 1024, 1440])
def test_nothing_is_wider_than_the_screen(browser, report, width, theme):
    """From a small phone to a desk: long names, words without an end and tables make nobody scroll sideways."""
    page = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=theme)
    page.goto(report.as_uri())
    for details in page.locator("details").all():
        details.evaluate("element => element.open = true")
    assert page.evaluate("document.documentElement.scrollWidth") == width
    wide = page.evaluate(
        """width => [...document.querySelectorAll('body *')]
        .filter(e => e.getBoundingClientRect().right > width + 1 && !e.closest('.skip, thead'))
        .map(e => e.className || e.tagName)"""
        if width < 700
        else "width => []",
        width,
    )
    assert wide == []
    page.close()


def test_a_hostile_answer_runs_nothing_and_asks_for_nothing(browser, report):
    """Scripts, handlers and images that a candidate wrote stay text: no dialog, no request, no element, no error."""
    seen: list[str] = []
    page = browser.new_page()
    page.on("dialog", lambda dialog: (seen.append(dialog.message), dialog.dismiss()))
    page.on("console", lambda message: seen.append(message.text))
    page.on("pageerror", lambda error: seen.append(str(error)))
    page.on("request", lambda request: seen.append(request.url))
    page.goto(report.as_uri())
    page.mouse.move(200, 400)
    for link in page.locator("bdi").all()[:20]:
        link.hover(force=True)
    assert seen == [report.as_uri()]
    assert page.locator("script, img, [onmouseover], [onerror]").count() == 0
    page.close()


def test_direction_overrides_do_not_reorder_the_page(browser, report):
    """What stands after a right-to-left override is still read from left to right, in the order it was written."""
    page = browser.new_page()
    page.goto(report.as_uri())
    written = page.locator(".written", has_text="U+202E")
    assert "⟦U+202E⟧refund" in written.inner_text()
    places = written.evaluate(
        """element => {
            const find = word => {
                const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
                for (let node; (node = walker.nextNode());) {
                    const at = node.data.indexOf(word);
                    if (at < 0) continue;
                    const range = document.createRange();
                    range.setStart(node, at); range.setEnd(node, at + 1);
                    return range.getBoundingClientRect().left;
                }
            };
            return [find('check'), find('refund')];
        }"""
    )
    assert places[0] < places[1]
    page.close()


def test_a_quote_leads_to_its_place_in_the_answer(browser, report):
    """The label beside a quote jumps to the words in the answer, with no script."""
    page = browser.new_page()
    page.goto(report.as_uri())
    page.locator(".quote a.at", has_text="A2").first.click()
    assert page.locator("mark:target").inner_text().startswith("the last deployment")
    page.close()


def test_the_keyboard_reaches_the_content_first(browser, report):
    """The first stop of the Tab key skips to the candidates and can be seen."""
    page = browser.new_page()
    page.goto(report.as_uri())
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the candidates"
    assert page.locator(".skip").bounding_box()["x"] >= 0
    page.close()


def test_paper_shows_whole_answers_and_the_checks_behind_a_level(browser, report):
    """In print nothing that a level rests on is folded or cut; the levels not reached stay away."""
    page = browser.new_page(viewport={"width": 720, "height": 1000})
    page.goto(report.as_uri())
    page.emulate_media(media="print")
    check = page.locator(".checks li", has_text="Does the answer say when?").first
    assert check.bounding_box()["height"] > 0
    assert not page.locator(".levels").first.is_visible()
    cut = page.evaluate(
        """[...document.querySelectorAll('.written, .answer')]
        .filter(e => e.scrollHeight > e.clientHeight + 2 && getComputedStyle(e).overflow !== 'visible').length"""
    )
    assert cut == 0
    page.close()
