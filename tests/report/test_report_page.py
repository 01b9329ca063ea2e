"""The HTML report: what a reader sees, and that nothing a candidate wrote can change the page."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from evaluator.core.grade import Flag
from evaluator.errors import OutputError
from evaluator.report.page import write_report
from evaluator.report.page_plan import FURTHER_PAGES, plan_pages
from tests.report.conftest import manifest_of, standings_of

GOLDEN = Path(__file__).parent / "golden" / "report.html"


def written(run, path: Path, **more) -> tuple[Path, ...]:
    return write_report(
        path, run.manifest, run.rubric, run.questionnaire, iter(run.graded), run.standings, run.comparison, **more
    )


def text_of(path: Path) -> str:
    """The page as a person reads it: no tags, no style, white space folded."""
    page = _Text()
    page.feed(path.read_text("utf-8"))
    return " ".join("".join(page.pieces).split())


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self._quiet = False

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self._quiet = tag == "style"

    def handle_endtag(self, tag):
        self._quiet = False

    def handle_data(self, data):
        if not self._quiet:
            self.pieces.append(data)


def test_the_page_is_the_golden_page(run, tmp_path):
    """The report of the made-up run is, to the letter, the one that people looked at and liked.

    After a wanted change, write it again, look at it in a browser and at its difference:
    REGENERATE_GOLDEN=1 python -m pytest tests/report/test_report_page.py -k golden
    """
    path = tmp_path / "report.html"
    assert written(run, path) == (path,)
    page = path.read_text("utf-8")
    if os.environ.get("REGENERATE_GOLDEN"):
        GOLDEN.write_text(page, "utf-8", newline="\n")
    assert page == GOLDEN.read_text("utf-8"), "the report changed; see this test's docstring"


def test_it_opens_with_no_network_and_runs_nothing(run, tmp_path):
    """No address outside the page, no script, no form, no handler, and a policy that would forbid them."""
    path = tmp_path / "report.html"
    written(run, path)
    page = _Text()
    page.feed(path.read_text("utf-8"))
    tags = {tag for tag, _ in page.tags}
    assert not tags & {"script", "img", "link", "iframe", "form", "input", "object", "embed", "base", "svg", "video"}
    for tag, attributes in page.tags:
        for name, value in attributes.items():
            assert name in _ATTRIBUTES, (tag, name)
            if name == "href":
                assert value is not None
                assert value.startswith("#")
    style = path.read_text("utf-8").split("<style>")[1].split("</style>")[0]
    assert not re.search(r"url\(|@import|@font-face|https?:", style)
    policy = next(a["content"] for _, a in page.tags if a.get("http-equiv") == "Content-Security-Policy")
    assert policy is not None
    assert policy.startswith("default-src 'none'; style-src 'unsafe-inline'")


_ATTRIBUTES = {
    "aria-current", "aria-hidden", "aria-label", "aria-labelledby", "charset", "class", "content", "data-label", "dir",
    "href", "http-equiv", "id", "lang", "name", "role", "scope", "style", "tabindex", "title",
}  # fmt: skip


def test_every_link_leads_somewhere_and_every_name_is_given_once(run, tmp_path):
    """A quote's label leads to its mark, a row to its candidate; two places never share a name."""
    path = tmp_path / "report.html"
    written(run, path)
    page = _Text()
    page.feed(path.read_text("utf-8"))
    names = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(names) == len(set(names))
    links = [attributes["href"] for _, attributes in page.tags if "href" in attributes]
    assert {link.removeprefix("#") for link in links if link} <= set(names)


def test_an_answer_stands_as_it_was_written(run, tmp_path):
    """Markup, templates and entities in an answer are read as text; what hides is written out."""
    path = tmp_path / "report.html"
    written(run, path)
    page = text_of(path)
    # The marks put their labels between the words.
    assert "le><script>alert('owned')</script><img src=x onerror=alert(1)> &lt;b&gt; {{ 7*7 }} {% raw %}" in page
    assert "I check ⟦U+202E⟧refund!2⟦U+202C⟧ the ledger firstA1⟦U+0007⟧, then the bankA2" in page
    assert "spelling “be kind”" in page
    assert "👩\u200d💻 wrote: أكتب للعميل" in page
    assert not set(path.read_text("utf-8")) & set("\u202e\u202c\u0007\U000e0062\r")


def test_the_headline_says_who_is_needed(run, tmp_path):
    """A recruiter reads first how many answers need a person, what graded them, and that a score decides nothing."""
    path = tmp_path / "report.html"
    written(run, path)
    page = text_of(path)
    assert "4 candidates, 7 answers. 3 need a person." in page
    assert "These grades were made up for a test" in page
    assert "A score sorts; a person decides. Nobody is rejected by it." in page


def test_the_most_urgent_answer_comes_first(run, tmp_path):
    """What may be an attack and what failed stand above readings that differ, wherever their candidates are placed."""
    path = tmp_path / "report.html"
    written(run, path)
    listed = text_of(path).partition("Most urgent first: ")[2].partition("Candidate by candidate")[0]
    places = [listed.index(said) for said in ("Possible instruction", "Not graded.", "Readings disagree.")]
    assert places == sorted(places)


def test_flags_that_say_the_same_are_one_with_every_place(run, tmp_path):
    """An answer that speaks to its grader three times has one note with three links, not three notes above it."""
    first = run.graded[0]
    text = first.answer.text
    says = {"code": "injection_suspected", "severity": "note", "detail": "These words speak to whoever grades."}
    flags = tuple(Flag(**says, start=at, end=at + 4) for at in (0, 6, 12))
    assert len(text) > 16
    path = tmp_path / "report.html"
    one = replace(first, grade=first.grade.model_copy(update={"flags": flags}))
    rest = [each for each in run.graded if each is not first]
    write_report(path, run.manifest, run.rubric, run.questionnaire, [one, *rest], run.standings)
    notes = re.findall(r"These words speak to whoever grades\.(.*?)</span></li>", path.read_text("utf-8"))
    assert [re.findall(r">(!\d)</a>", note) for note in notes] == [["!1", "!2", "!3"]]


def test_what_was_not_graded_is_no_zero(run, tmp_path):
    """A blank answer and a failed one say why; the candidate's mean says of how many and meets no bar."""
    path = tmp_path / "report.html"
    written(run, path)
    page = text_of(path)
    assert "Not answered. The field was left empty. It does not count as a zero." in page
    assert "Not graded. No reply within 60 s, three times." in page
    assert "The score of the one graded answer, of 2 answers. 1 not answered. No zero stands in" in page
    assert "No answer was graded." in page
    assert page.count("not compared") >= 3


def test_the_arithmetic_is_shown(run, tmp_path):
    """Weights, levels and scale stand with the score, and a candidate's mean with what it is the mean of."""
    path = tmp_path / "report.html"
    written(run, path)
    page = text_of(path)
    assert "Score (2 × 1.67 + 1 × 1.33) ÷ 3 = level 1.56; 1.56 ÷ 3 × 10 = 5.19" in page
    assert "(10.00 + 5.19) ÷ 2 = 7.59, the mean of 2 of 2 answers." in page


def test_a_recorded_score_that_the_levels_do_not_give_is_said(run, tmp_path):
    """Where a score was adjusted after grading, the page shows both and hides neither."""
    first = run.graded[0]
    changed = type(first)(first.answer, first.grade.model_copy(update={"score": 9.0}))
    path = tmp_path / "report.html"
    write_report(path, run.manifest, run.rubric, run.questionnaire, [changed, *run.graded[1:]], run.standings)
    assert "3 ÷ 3 × 10 = 10.00; the recorded score is 9.00" in text_of(path)


def test_a_level_that_fell_says_so(run, tmp_path):
    """A claimed level whose quotes are not in the answer is shown with the quote struck out."""
    path = tmp_path / "report.html"
    written(run, path)
    page = text_of(path)
    assert "The grader said level 2. Not every quote for it is in the answer" in page
    assert "we call you tomorrow & the day after not found in the answer" in page
    assert "<del><q><bdi>we call you tomorrow &amp; the day after</bdi></q></del>" in path.read_text("utf-8")


def test_words_that_support_several_checks_are_quoted_once(run, tmp_path):
    """The same quote given for two checks stands once, with both checks under it."""
    first = run.graded[0]
    quote = first.grade.criteria[1].evidence[1]
    twice = (quote, quote.model_copy(update={"check": "when"}))
    criteria = (first.grade.criteria[0], first.grade.criteria[1].model_copy(update={"evidence": twice}))
    changed = type(first)(first.answer, first.grade.model_copy(update={"criteria": criteria}))
    path = tmp_path / "report.html"
    write_report(path, run.manifest, run.rubric, run.questionnaire, [changed, *run.graded[1:]], run.standings)
    page = text_of(path)
    assert "within 10 minutes what we know B1 Is the customer told anything? Does the answer say when?" in page
    assert page.count("within 10 minutes what we know") == 2, "in the answer and beside the rubric"


def test_flags_come_first_and_those_for_a_person_before_notes(run, tmp_path):
    """Above the answer: what a person has to look at, then what is only worth knowing."""
    path = tmp_path / "report.html"
    written(run, path)
    card = text_of(path).split("A refund that never came 4.44 of 10")[1]
    places = [card.index(words) for words in ("Possible instruction to the grader.", "Red flag.", "as written")]
    assert places == sorted(places)


def test_another_graders_levels_stand_beside(run, tmp_path):
    """A comparison is labelled with its grader, answer by answer and in all."""
    path = tmp_path / "report.html"
    written(run, path)
    page = text_of(path)
    assert "baseline: level 1." in page
    assert "For comparison, baseline gives it 3.33 of 10." in page
    assert "baseline gives the same level for 0 of 2 and is at most one level away for 0." in page


def test_an_interrupted_run_says_so_at_the_top(run, tmp_path):
    """A report of half a run never passes for a whole one."""
    path = tmp_path / "report.html"
    manifest = run.manifest.model_copy(update={"outcome": "stopped", "stopped_because": "the key was refused."})
    write_report(path, manifest, run.rubric, run.questionnaire, run.graded, run.standings)
    assert "This run stopped early: the key was refused. What was graded until then is here." in text_of(path)


def test_a_run_without_answers_is_still_a_page(run, tmp_path):
    """Nothing graded, nobody to look at: the page says that and does not divide by zero."""
    path = tmp_path / "report.html"
    none = {"answers": 0, "graded": 0, "ungraded": 0, "not_answered": 0, "to_review": 0, "candidates": 0}
    manifest = run.manifest.model_copy(update={**none, "quotes_claimed": 0, "quotes_found": 0})
    write_report(path, manifest, run.rubric, run.questionnaire, [], [])
    assert "0 candidates, 0 answers. None is flagged for a person." in text_of(path)


def test_a_large_run_is_spread_over_pages_of_bounded_size(many, tmp_path):
    """1,000 candidates: a first page with the table and the flagged answers, then pages of 300 answers, all linked."""
    path = tmp_path / "report.html"
    pages = written(many, path)
    assert [page.name for page in pages] == ["report.html", *(f"report-{number}.html" for number in range(2, 9))]
    assert sorted(tmp_path.iterdir()) == sorted(pages)
    assert all(page.stat().st_size < 4_000_000 for page in pages)
    first = path.read_text("utf-8")
    assert first.count('<article class="answer"') == 250  # the flagged ones
    assert first.count('<tr role="row">') == 1001
    further = [page.read_text("utf-8") for page in pages[1:]]
    assert sum(page.count('<article class="answer"') for page in further) == 2000
    linked = set(re.findall(r'href="(report-\d+\.html)', first))
    assert linked == {page.name for page in pages[1:]}


def test_links_of_a_large_run_lead_to_the_page_that_holds_the_candidate(many, tmp_path):
    """Each row of the table goes to its candidate's section, wherever that is."""
    path = tmp_path / "report.html"
    pages = {page.name: page.read_text("utf-8") for page in written(many, path)}
    rows = re.findall(r'<th scope="row" role="rowheader"><bdi><a href="([^"#]+)#(c\d+)">', pages["report.html"])
    assert len(rows) == 1000
    assert all(f'id="{anchor}"' in pages[name] for name, anchor in rows)


def test_a_run_too_large_for_its_pages_says_what_is_where(crowd, tmp_path):
    """1,200 candidates on pages of four answers: forty pages, the rest counted, the flagged first, charts of all."""
    path = tmp_path / "report.html"
    pages = written(crowd, path, answers_a_page=4)
    assert [page.name for page in pages] == ["report.html", *(f"report-{number}.html" for number in range(2, 42))]
    first = text_of(path)
    assert "200 more candidates in candidates.csv and grades.xlsx." in first
    assert "1,040 answers of the candidates lowest in the table are on no page" in first
    assert "every grade is in grades.jsonl and grades.csv" in first
    assert "The first 4, in the order of the table; 296 more are flagged" in first
    assert "At a glance Candidates by score 9 to 10 300 8 to 9 0" in first
    assert "0 to 1 300" in first
    assert "Answers by what was flagged Close to the bar 300" in first
    assert path.read_text("utf-8").count('<article class="answer"') == 4


def test_links_of_such_a_run_lead_somewhere_too(crowd, tmp_path):
    """A row or a card links to a page that was written and an anchor on it; one whose answers are on none does not."""
    pages = {page.name: page.read_text("utf-8") for page in written(crowd, tmp_path / "r.html", answers_a_page=4)}
    for name, page in pages.items():
        links = set(re.findall(r'href="([^"]+)"', page))
        assert links
        for link in links:
            file, _, anchor = link.partition("#")
            assert f'id="{anchor}"' in pages[file or name] if anchor else file in pages, (name, link)
    rows = re.findall(r'<th scope="row" role="rowheader"><bdi>(<a )?', pages["r.html"])
    assert (len(rows), rows.count("<a ")) == (1000, 160)


def test_answers_of_one_candidate_on_no_further_page_are_told_apart(many, tmp_path):
    """The first page shows both answers of a flagged candidate whose section is nowhere: no place is named twice."""
    near = (Flag(code="near_bar", severity="review", detail="The score is close to the bar."),)
    last = many.standings[-1].candidate_id
    graded = tuple(
        replace(each, grade=each.grade.model_copy(update={"flags": near if each.answer.candidate_id == last else ()}))
        for each in many.graded
    )
    standings = standings_of(graded)
    assert [each.to_review for each in standings if each.candidate_id == last] == [2]
    path = tmp_path / "report.html"
    write_report(path, manifest_of(graded), many.rubric, many.questionnaire, graded, standings, answers_a_page=4)
    names = re.findall(r' id="([^"]+)"', path.read_text("utf-8"))
    assert path.read_text("utf-8").count('<article class="answer"') == 2
    assert len(names) == len(set(names))


def test_the_plan_of_a_crowd_is_no_larger_than_that_of_many(crowd, many):
    """What is kept of candidates who are on no page is a number: memory does not grow with them."""
    larger, smaller = (plan_pages(run.standings, 4) for run in (crowd, many))
    assert (larger.candidates_left_out, larger.answers_left_out) == (1040, 1040)
    assert len(larger.place) <= 4 * FURTHER_PAGES + len(larger.waiting)
    assert len(larger.waiting) <= 4
    assert len(smaller.place) <= 4 * FURTHER_PAGES


def test_a_smaller_report_removes_the_pages_of_a_larger_one_and_nothing_else(many, run, tmp_path):
    """Pages of yesterday's run do not stand beside today's; a file that only looks like one is left alone."""
    path = tmp_path / "report.html"
    written(many, path)
    ours = tmp_path / "report-99.html"
    ours.write_text("<p>notes of my own</p>")
    written(run, path)
    assert sorted(tmp_path.iterdir()) == [ours, path]


def test_an_answer_whose_candidate_has_no_standing_is_refused(run, tmp_path):
    """An answer that would be in no table is a mistake of the caller, not something to leave out."""
    with pytest.raises(ValueError, match="no standing for candidate 'c4'"):
        write_report(tmp_path / "r.html", run.manifest, run.rubric, run.questionnaire, run.graded, run.standings[:-1])
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written_to_is_named(run, tmp_path):
    """No traceback: which file, why, and what to do."""
    with pytest.raises(OutputError, match=r"missing.report\.html: cannot be written"):
        written(run, tmp_path / "missing" / "report.html")


def test_half_a_surrogate_pair_does_not_stop_the_report(run, tmp_path):
    """Text that UTF-8 cannot hold is written out like everything else that does not show."""
    first = run.graded[0]
    answer = type(first.answer)("x", first.answer.candidate_id, "outage", "half \ud83d a pair")
    grade = first.grade.model_copy(update={"answer_id": "x", "criteria": (), "status": "ungraded", "score": None})
    flag = Flag(code="ungraded", severity="review", detail="refused: \udfff no.")
    broken = type(first)(answer, grade.model_copy(update={"flags": (flag,)}))
    path = tmp_path / "report.html"
    write_report(path, run.manifest, run.rubric, run.questionnaire, [broken, *run.graded[1:]], run.standings)
    assert "half ⟦U+D83D⟧ a pair" in text_of(path)
    assert "⟦U+DFFF⟧ no." in text_of(path)
