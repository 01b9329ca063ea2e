"""A reviewer's work in a real browser: by keyboard alone, against others, on both databases."""

from __future__ import annotations

from playwright.sync_api import expect

from evaluator.core.candidate_key import candidate_key
from evaluator.core.review_draw import DrawShares
from evaluator.store.store import open_store
from tests.graded_run import Given
from tests.store.conftest import new_database
from tests.web.review_desk import goes_on, item_of, label_some, press, settled, some
from tests.web.test_eval_set_from_reviews import run


def test_a_session_by_keyboard_alone(open_desk):
    """Enter begins, one key confirms, digits overrule with a reason, undo brings back, skip leaves to others."""
    desk = open_desk(some(4))
    page = desk.sit_down("ben")
    page.goto(f"{desk.served.url}/queue")
    goes_on(page, "Enter")
    first = item_of(page)
    goes_on(page, "a")  # one key confirms
    second = item_of(page)
    assert (
        desk.labels(first)["ben"]
        == desk.served.site.reading.open_item(desk.served.who("ben"), first, held_until=None).mine.grader_levels
    )
    press(page, "j", "4")
    expect(page.locator("#why-changed")).to_be_visible()
    expect(page.locator("#save .words")).to_have_text("Save, and next")
    press(page, "u")  # changes on the page are taken back
    expect(page.locator("#why-changed")).to_be_hidden()
    press(page, "4", "n")  # without a reason it is not saved
    expect(page.locator("#said")).to_contain_text("Say why")
    assert page.url.endswith(f"/{second}")
    press(page, "4")  # the focus is on the reasons: the fourth
    goes_on(page, "n")
    third = item_of(page)
    assert desk.labels(second)["ben"]["leakage_awareness"] == 4
    goes_on(page, "u")  # the last decision is taken back
    assert item_of(page) == second
    assert "ben" not in desk.labels(second)
    goes_on(page, "a")
    assert item_of(page) == third
    goes_on(page, "s")
    fourth = item_of(page)
    assert fourth not in (first, second, third)
    goes_on(page, "a")
    expect(page.locator("[role=status]", has_text="Nothing more is waiting")).to_be_visible()
    assert desk.complaints == []


def test_label_first_then_see_the_grader(open_desk):
    """Blind, three digits and a key save the levels; then the grader's stand beside them, with why one may differ."""
    desk = open_desk(some(2), DrawShares(1.0, 0, 0))
    page = desk.sit_down("ben")
    page.goto(f"{desk.served.url}/queue")
    goes_on(page, "Enter")
    item = item_of(page)
    assert page.locator(".grader, .quote, mark").count() == 0
    assert page.locator("#agree").count() == 0
    press(page, "n")
    expect(page.locator("#said")).to_contain_text("no level yet")
    press(page, "3", "2", "1")  # each digit goes on to the next criterion
    with page.expect_navigation():
        press(page, "n")
    settled(page)
    assert item_of(page) == item
    expect(page.locator(".blind-note")).to_contain_text("The grader differs on 1 of 3")
    assert page.locator(".grader").count() == 3
    assert desk.labels(item)["ben"] == {
        "positive_class_definition": 3, "leakage_awareness": 2, "production_consciousness": 1,
    }  # fmt: skip
    press(page, "r", "5", "c")
    page.keyboard.type("It is there in other words.")
    press(page, "Escape")
    goes_on(page, "n")
    assert item_of(page) != item
    page.goto(f"{desk.served.url}/review/{item}")
    expect(page.locator("#comment")).to_have_value("It is there in other words.")
    assert desk.complaints == []


def test_two_browsers_never_get_the_same_answer(open_desk):
    """Two reviewers who work through one queue at once label each answer once, and end with all of it done."""
    desk = open_desk(some(6))
    pages = [desk.sit_down("ben"), desk.sit_down("cleo")]
    seen: list[int] = []
    for page in pages:
        page.goto(f"{desk.served.url}/queue")
        goes_on(page, "Enter")
    while any("/review/" in page.url for page in pages):
        open_now = [item_of(page) for page in pages if "/review/" in page.url]
        assert len(set(open_now)) == len(open_now)
        for page in pages:
            if "/review/" in page.url:
                seen.append(item_of(page))
                goes_on(page, "a")
    assert sorted(seen) == [1, 2, 3, 4, 5, 6]
    assert desk.complaints == []


def test_an_answer_that_somebody_has_open_says_who(open_desk):
    """It can be read and not decided; the queue says who has it."""
    desk = open_desk(some(1))
    ben, cleo = desk.sit_down("ben"), desk.sit_down("cleo")
    ben.goto(f"{desk.served.url}/review/1")
    cleo.goto(f"{desk.served.url}/review/1")
    expect(cleo.locator(".notice")).to_contain_text("ben has this answer open.")
    expect(cleo.locator("#agree")).to_be_disabled()
    press(cleo, "4")
    assert cleo.locator("input:checked[value='4']").count() == 0
    cleo.goto(f"{desk.served.url}/queue")
    expect(cleo.locator("table")).to_contain_text("ben, open now")


def test_from_an_answer_that_is_closed_the_mouse_goes_on_too(open_desk):
    """What somebody else has open cannot be decided, and a click leads to what can."""
    desk = open_desk(some(2))
    ben, cleo = desk.sit_down("ben"), desk.sit_down("cleo")
    ben.goto(f"{desk.served.url}/review/1")
    settled(ben)
    cleo.goto(f"{desk.served.url}/review/1")
    settled(cleo)
    cleo.locator("#save").click()
    cleo.wait_for_url("**/review/2")
    assert desk.labels(1) == {}
    assert desk.complaints == []


def test_two_decisions_on_one_answer_stand_side_by_side(open_desk):
    """Whoever saves second is shown both, and nothing is overwritten; they can still give their own."""
    desk = open_desk(some(2))
    page = desk.sit_down("ben")
    page.goto(f"{desk.served.url}/review/1")
    settled(page)
    other = desk.served.sign_in("cleo")
    shown = desk.served.site.reading.open_item(desk.served.who("cleo"), 1, held_until=None)
    levels = {**shown.mine.levels} if shown.mine else {each.id: each.level for each in shown.grade.criteria}
    levels["leakage_awareness"] = 3
    saved = other.post(
        "/review/1/save",
        json={"version": shown.version, "levels": levels, "reason": "too_strict", "comment": "Look at line 2."},
    )
    assert saved.status_code == 200, saved.text
    press(page, "a")
    dialog = page.locator("#conflict")
    expect(dialog).to_be_visible()
    expect(dialog.locator("#conflict-who")).to_have_text("cleo")
    expect(dialog.locator("td.differs")).to_have_count(2)
    expect(dialog).to_contain_text("Look at line 2.")
    assert set(desk.labels(1)) == {"cleo"}
    with page.expect_navigation():
        dialog.locator("#theirs").click()
    assert set(desk.labels(1)) == {"cleo"}


def test_a_third_person_adjudicates(open_desk):
    """Two who label apart and differ by more than a level are shown to a third, who decides seeing both."""
    desk = open_desk(some(1), DrawShares(0, 1.0, 0))
    for name, keys in (("ben", "411"), ("cleo", "111")):
        page = desk.sit_down(name)
        page.goto(f"{desk.served.url}/review/1")
        settled(page)
        press(page, *keys)
        with page.expect_navigation():
            press(page, "n")
    third = desk.sit_down("dora")
    third.goto(f"{desk.served.url}/adjudication")
    third.locator("tbody a").first.click()
    settled(third)
    assert third.locator(".by span", has_text="ben").count() == 3
    assert third.locator(".by span", has_text="cleo").count() == 3
    press(third, "3", "j", "1", "j", "1", "r", "6")
    goes_on(third, "n")
    opened = desk.served.site.reading.open_item(desk.served.who("onlooker", "administrator"), 1, held_until=None)
    assert opened.item.state == "done"
    assert opened.final_levels["positive_class_definition"] == 3
    ben = desk.sit_down("ben")
    ben.goto(f"{desk.served.url}/adjudication")
    expect(ben.locator("h2")).to_have_text("Nothing to adjudicate")
    assert desk.complaints == []


def test_labels_given_in_the_browser_become_an_eval_set(open_desk, tmp_path):
    """What was labelled blind by keyboard is exported, checked, and a grader is measured on it."""
    texts = [f"Answer {n}: split by time, alarm at {n} %, label known {n} days later. " * (n + 1) for n in range(8)]
    given = [Given(f"c{n}", flags=("near_bar",), text=text) for n, text in enumerate(texts)]
    desk = open_desk(given, DrawShares(1.0, 0, 0))
    page = desk.sit_down("ben")
    for item in range(1, 9):
        page.goto(f"{desk.served.url}/review/{item}")
        settled(page)
        press(page, "2", "1", "1")
        with page.expect_navigation():
            press(page, "n")
    out, store = str(tmp_path / "reviewed"), str(desk.served.site.store.address)
    for command in (
        ("eval-set", "from-reviews", "--out", out, "--store", store, "--test-share", "0.5"),
        ("eval-set", "check", out),
        ("eval", out, "--grader", "baseline", "--out", str(tmp_path / "measured")),
    ):
        done = run(*command)
        assert done.returncode in ((0, 3) if command[0] == "eval" else (0,)), done.stdout + done.stderr
    assert "human rater" in done.stdout
    assert (tmp_path / "measured" / "report.html").exists()
    assert desk.complaints == []


def test_what_a_colleague_settled_can_be_agreed_with(open_desk):
    """One key confirms a colleague's levels where they overruled the grader; a change made here is not lost to it."""
    desk = open_desk(some(2))
    label_some(desk, "cleo", 1)
    page = desk.sit_down("ben")
    page.goto(f"{desk.served.url}/review/1")
    settled(page)
    press(page, "4", "a")
    expect(page.locator("#said")).to_contain_text("You changed a level")
    press(page, "u")
    goes_on(page, "a")
    assert set(desk.labels(1)["ben"].values()) == {2}


def test_an_answer_without_a_grade_has_nothing_to_agree_with(open_desk):
    """Where the grader failed, no key confirms it: a person gives the levels, and they stand."""
    desk = open_desk([Given("c0", is_graded=False)])
    page = desk.sit_down("ben")
    page.goto(f"{desk.served.url}/review/1")
    settled(page)
    assert page.locator("#agree").count() == 0
    press(page, "a")
    expect(page.locator("#said")).to_contain_text("give your own levels")
    press(page, "1", "j", "2", "j", "0")
    goes_on(page, "n")
    assert list(desk.labels(1)["ben"].values()) == [1, 2, 0]
    assert desk.complaints == []


def test_a_session_on_postgresql(open_desk, postgresql):
    """The same pages over PostgreSQL: confirm, overrule, undo, and the agreement that follows."""
    with open_store(new_database(postgresql)) as store:
        desk = open_desk(some(3), store=store)
        page = desk.sit_down("ben")
        page.goto(f"{desk.served.url}/queue")
        goes_on(page, "Enter")
        goes_on(page, "a")
        second = item_of(page)
        press(page, "j", "4", "r", "1")
        goes_on(page, "n")
        assert desk.labels(second)["ben"]["leakage_awareness"] == 4
        goes_on(page, "u")
        assert item_of(page) == second
        goes_on(page, "a")
        goes_on(page, "a")
        page.goto(f"{desk.served.url}/agreement")
        expect(page.locator(".big")).to_contain_text("100%")
        for path in ("/runs/0a1b2c3d", f"/runs/0a1b2c3d/candidates/{candidate_key('c0')}", "/adjudication"):
            page.goto(desk.served.url + path)
            expect(page.locator("h1")).to_be_visible()
        assert desk.complaints == []
