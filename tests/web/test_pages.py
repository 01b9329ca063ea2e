"""The pages over HTTP: what each shows, to whom, and that what candidates wrote is text and nothing else."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser

import pytest

from evaluator.core.candidate_key import candidate_key
from evaluator.store.store import open_store
from evaluator.web.pages.shown_candidate import candidate_code
from tests.graded_run import TEXT, Given, put_grades, put_run
from tests.web.conftest import NO_DRAWS

ALL = (
    "/agreement",
    f"/runs/0a1b2c3d/candidates/{candidate_key('c0')}/explanation",
    "/queue",
    "/review/1",
    "/adjudication",
    "/runs",
    "/runs/0a1b2c3d",
    f"/runs/0a1b2c3d/candidates/{candidate_key('c0')}",
)
HOSTILE = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "\"><svg onload=alert(1)>",
    "' onmouseover='alert(1)",
    "</textarea></div><form action=//evil.test><input name=a>",
    "{{ 7 * 7 }} {% raw %} ${7*7} #{7*7}",
    "<!-- <a href='javascript:alert(1)'>x</a> -->",
    "<style>body{display:none}</style><link rel=stylesheet href=//evil.test>",
    "&lt;script&gt; &#60;b&#62; &amp;",
    "\u202egnp.exe\u202c \u2066abc\u2069 \u200bzero\u200d \U000e0041\U000e0042",
    "\u0440\u0430ypal and \x00\x07 \ud800",
    "<base href=//evil.test><meta http-equiv=refresh content=0>",
)  # fmt: skip


class Page(HTMLParser):
    """What a page is made of."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))


def test_each_role_begins_where_its_work_is(served):
    """A reviewer at the queue, a recruiter at the runs."""
    assert served.sign_in("ben").get("/").headers["location"] == "/queue"
    assert served.sign_in("rita", "recruiter").get("/").headers["location"] == "/runs"


@pytest.mark.parametrize("path", ALL)
def test_no_page_needs_what_the_policy_forbids(served, path):
    """No inline script, no style, no handler and no address of another host stand in a page."""
    reply = served.sign_in("ada", "administrator").get(path)
    assert reply.status_code == 200, reply.text
    for tag, attributes in Page(reply.text).tags:
        assert tag not in ("style", "base", "iframe", "object"), tag
        assert not [name for name in attributes if name == "style" or name.startswith("on")], (tag, attributes)
        assert tag != "script" or (attributes.get("src") or "").startswith("/static/")
        for name in ("href", "src", "action"):
            address = attributes.get(name)
            assert address is None or address.startswith(("/", "#")), (tag, address)


def test_a_blind_reviewer_is_told_nothing_of_the_grade(serve, sqlite_store, some_answers, tmp_path):
    """Until their levels are saved, neither levels nor reasons nor quotes are in the page, nor in the queue."""
    from evaluator.core.review_draw import DrawShares

    put_run(sqlite_store, some_answers, str(tmp_path))
    served = serve(sqlite_store, DrawShares(1.0, 0, 0))
    served.site.upkeep.catch_up()
    client = served.sign_in("ben")
    for path in ("/review/1", "/queue"):
        page = client.get(path).text
        assert "because of near_bar" not in page
        assert "why leakage_awareness is" not in page
        assert not re.search(r"data-against|checked|class=\"quote|>grader<", page)
    assert "Close to the bar" not in client.get("/review/1").text
    assert client.get(f"/runs/0a1b2c3d/candidates/{candidate_key('c0')}").text.count("hidden") > 3


def test_after_a_blind_label_both_stand_beside_each_other(serve, sqlite_store, some_answers, tmp_path):
    """The page says on how many criteria the grader differs, and marks whose level is whose."""
    from evaluator.core.review_draw import DrawShares

    put_run(sqlite_store, some_answers, str(tmp_path))
    served = serve(sqlite_store, DrawShares(1.0, 0, 0))
    served.site.upkeep.catch_up()
    client = served.sign_in("ben")
    shown = served.site.reading.open_item(served.who("ben"), 1, held_until=None)
    levels = {criterion.id: 4 for criterion in shown.criteria}
    saved = client.post("/review/1/save", json={"version": shown.version, "levels": levels}).json()
    assert saved["revealed"]
    page = client.get("/review/1").text
    assert f"The grader differs on {len(levels)} of {len(levels)} criteria." in page
    assert 'class="grader">grader<' in page
    assert ">you<" in page


@pytest.mark.parametrize("text", HOSTILE)
def test_a_candidates_words_stay_words(serve, sqlite_store, tmp_path, text):
    """Markup, templates and characters that hide are shown, on every page that has the answer, and do nothing."""
    given = [
        Given("c0", text=f"{TEXT} {text} end", flags=("near_bar",)),
        Given(text.replace("\ud800", "")[:40], flags=("near_bar",)),
    ]
    put_run(sqlite_store, given, str(tmp_path))
    served = serve(sqlite_store)
    served.site.upkeep.catch_up()
    client = served.sign_in("ada", "administrator")
    client.cookies.set("ids", "shown")
    for path in ALL:
        reply = client.get(path)
        assert reply.status_code == 200
        page = Page(reply.text)
        assert not [tag for tag, _ in page.tags if tag in ("img", "style", "base", "iframe")]
        assert not [a for _, a in page.tags if any(name.startswith("on") for name in a)]
        assert "evil.test" not in " ".join(str(value) for _, a in page.tags for value in a.values())
        assert not re.search("[\u202a-\u202e\u2066-\u2069\u200b\U000e0000-\U000e007f\x00]", reply.text)


def test_candidates_ids_are_hidden_until_asked_for(served):
    """A short code stands for the id, in the page and in its addresses; a setting of the browser shows the id."""
    client = served.sign_in("ben")
    assert not re.search(r"\bc[012]\b", re.sub(r'id="[^"]*"', "", client.get("/queue").text))
    client.cookies.set("ids", "shown")
    assert "<bdi>c1</bdi>" in client.get("/queue").text


def test_an_empty_store_says_what_to_do(serve, tmp_path):
    """No run, no item: the pages name the command; a recruiter is told whom to ask."""
    with open_store(str(tmp_path / "empty.sqlite3")) as store:
        served = serve(store)
        assert "evaluator grade" in served.sign_in("ben").get("/queue").text
        assert "evaluator grade" in served.sign_in("ben").get("/runs").text
        assert "Nothing to adjudicate" in served.sign_in("ben").get("/adjudication").text
        assert "An administrator shares a run" in served.sign_in("rita", "recruiter").get("/runs").text


def test_a_run_without_flags_is_a_run_all_the_same(serve, sqlite_store, tmp_path):
    """Where a run is there and none of its answers is flagged, the queue says just that, and leads to the runs."""
    put_run(sqlite_store, [Given("c0"), Given("c1")], str(tmp_path))
    served = serve(sqlite_store, NO_DRAWS)
    served.site.upkeep.catch_up()
    page = served.sign_in("ben").get("/queue").text
    assert "Nothing needs a person" in page
    assert "No run is here yet" not in page


def test_filters_of_the_queue_are_kept_over_its_pages(served):
    """A filter is in the address, in the form and in what the first key sends; a wrong one gets a sentence."""
    client = served.sign_in("ben")
    page = client.get("/queue?flag=near_bar").text
    assert '<option value="near_bar" selected>Close to the bar</option>' in page
    found = re.search(r'data-filter="([^"]*)"', page)
    assert found is not None
    assert json.loads(found[1].replace("&#34;", '"')) == {"flag": "near_bar"}
    wrong = client.get("/queue?flag=nonsense", headers={"accept": "text/html"})
    assert wrong.status_code == 422
    assert "There is no such flag." in wrong.text


def test_the_run_page_counts_what_the_grades_say(served):
    """Levels by question add up to the answers, and a later grade of an answer replaces the earlier one."""
    record = served.site.store.runs.named("0a1b2c3d")
    figures = served.site.run_figures.of(record)
    assert figures.is_whole
    assert figures.counted == 15
    assert sum(figures.levels["loan_features"]["leakage_awareness"].values()) == 3
    assert figures.flags["near_bar"] == 6


def test_the_order_of_candidates_follows_what_happens(served):
    """The page's order is kept in memory; an erased candidate is not in it any more, and nobody is twice."""
    record = served.site.store.runs.named("0a1b2c3d")
    pages = served.site.candidate_order

    def ids(by_score: bool, offset: int = 0) -> list[str]:
        return [line.candidate_id for line in pages.page(record.number, offset, 2, by_score=by_score)]

    assert (ids(True), ids(True, 2)) == (["c2", "c1"], ["c0"])
    assert (ids(False), ids(False, 2)) == (["c0", "c1"], ["c2"])
    served.site.store.erase_candidate("c1")
    assert ids(True) == ["c2", "c0"]
    page = served.sign_in("ada", "administrator").get("/runs/0a1b2c3d").text
    assert candidate_key("c0") in page
    assert candidate_key("c1") not in page


def test_a_reviewer_sees_no_scores_of_a_run_and_takes_no_files(served):
    """Some answers are still to be labelled blind: scores and files are for recruiters and administrators."""
    reviewer, administrator = served.sign_in("ben"), served.sign_in("ada", "administrator")
    assert "Grader’s score" not in reviewer.get("/runs/0a1b2c3d").text
    assert "Grader’s score" in administrator.get("/runs/0a1b2c3d").text
    assert reviewer.get("/runs/0a1b2c3d/files/grades.csv").status_code == 403
    assert administrator.get("/runs/0a1b2c3d/files/secrets.txt").status_code == 404


def test_a_near_copy_stands_beside_the_other_answer(serve, sqlite_store, tmp_path):
    """Both texts with what they share marked, the other candidate by their code; erased, they are gone from here."""
    given = [
        Given("ann", flags=("near_duplicate",), row=2, alike_rows=(4,)),
        Given("bob", flags=("near_bar",), row=3),
        Given("cem", flags=("near_duplicate",), row=4, alike_rows=(2,), text="Oh well. " + TEXT),
    ]
    put_run(sqlite_store, given, str(tmp_path))
    served = serve(sqlite_store)
    served.site.upkeep.catch_up()
    client = served.sign_in("ben")
    items = [served.site.store.reviews.of_answer(1, each.answer.answer_id) for each in given]
    page = client.get(f"/review/{items[0].id}").text
    assert "what both say is marked" in page
    assert candidate_code("cem") in page
    assert "Oh well." in page
    assert 'class="common"' in page
    assert "what both say is marked" not in client.get(f"/review/{items[1].id}").text


@pytest.mark.parametrize(
    "path",
    [
        f"/review/{2**63}",
        f"/review/-{2**80}",
        f"/adjudication/{2**70}",
        f"/runs/0a1b2c3d/candidates/{candidate_key(chr(0xD800))}",
        f"/runs/0a1b2c3d/candidates/{candidate_key(chr(0))}/explanation",
    ],
)
def test_what_no_database_can_hold_is_not_there(served, path):
    """A number beyond 64 bits and half a surrogate pair are addresses of nothing, and no failure of ours."""
    assert served.sign_in("ben").get(path).status_code == 404


def test_a_candidate_whose_id_no_database_holds_has_a_page(serve, sqlite_store, tmp_path):
    """Ids come from tables as they are; a NUL is written out where it is kept, and found both ways."""
    put_run(sqlite_store, [Given("c\0")], str(tmp_path))
    served = serve(sqlite_store)
    for key in (candidate_key("c\0"), candidate_key(r"c\x00")):
        assert served.sign_in("ada", "administrator").get(f"/runs/0a1b2c3d/candidates/{key}").status_code == 200


def test_a_regrade_shows_nothing_to_a_blind_reviewer_before_the_queue_has_looked(serve, sqlite_store, tmp_path):
    """The answer stays hidden between a second grade and the next look of the queue."""
    from evaluator.core.review_draw import DrawShares

    answer = Given("ann", flags=("near_bar",))
    record = put_run(sqlite_store, [answer], str(tmp_path))
    served = serve(sqlite_store, DrawShares(1.0, 0, 0))
    served.site.upkeep.catch_up()
    client = served.sign_in("ben")
    path = f"/runs/0a1b2c3d/candidates/{candidate_key('ann')}"
    assert "because of near_bar" not in client.get(path).text
    put_grades(sqlite_store, record, [Given("ann", levels=(4, 4, 4), flags=("graders_disagree",))])
    page = client.get(path).text
    assert "because of graders_disagree" not in page
    assert "why leakage_awareness is" not in page
    assert "hidden" in page
