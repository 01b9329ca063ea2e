"""The last lines of a run: what was written and where, also when it is too much for one file."""

from __future__ import annotations

from pathlib import Path

import pytest

from evaluator.cli.present import Presenter
from evaluator.cli.results import Results
from evaluator.core.candidate import CandidateStanding
from evaluator.core.run_manifest import RunManifest, UsageTotals
from evaluator.files.resources import shipped
from evaluator.files.rubric_file import load_rubric

RUBRIC = load_rubric(shipped("rubrics") / "ml_engineer_core" / "rubric.v1.yaml")
USAGE = UsageTotals(
    requests=0, input_tokens=None, output_tokens=None, cached_tokens=None, cost_usd=None, seconds=3.0
)  # fmt: skip
STANDING = CandidateStanding(
    candidate_id="c1", score=7.0, band=None, asked=5, graded=4, not_answered=0, ungraded=1, to_review=1, scores={},
    levels={}, flags=(),
)  # fmt: skip


def manifest(answers: int, ungraded: int = 0, not_answered: int = 0, quotes: int = 0) -> RunManifest:
    return RunManifest(
        run_id="r", started_at="2026-01-02T03:04:05Z", finished_at="2026-01-02T03:04:08Z", outcome="finished",
        stopped_because=None, input_name="a.csv", input_sha256="1", layout="long csv", notes=(), grader="baseline",
        is_language_model=False, about_grader="", prompt=None, prompt_sha256=None, calls=None, samples=1, rubric="r",
        rubric_sha256="2", questionnaire="q", questionnaire_sha256="3", questions_asked=("q",), answers=answers,
        graded=answers - ungraded - not_answered, not_answered=not_answered, ungraded=ungraded, to_review=0,
        candidates=answers // 5, quotes_claimed=quotes, quotes_found=quotes, usage=USAGE, evaluator_version="0",
    )  # fmt: skip


WHY = (("Close to the bar", 4), ("Quoted words not found", 1_200))


def said(results: Results, capsys: pytest.CaptureFixture[str], *, quiet: bool = False) -> list[str]:
    Presenter(quiet=quiet, as_json=False).finished(results, RUBRIC)
    return capsys.readouterr().out.splitlines()


def test_a_large_run_says_what_is_where(capsys: pytest.CaptureFixture[str]) -> None:
    """Pages, what the workbook lacks, where the rest is, and how many candidates and reasons are not named here."""
    ungraded = (("c1.q", "timeout: no reply"),)
    results = Results(
        Path("out"), manifest(100_000, 1_234), (STANDING,), ungraded, 1_203, WHY, pages=41, workbook_has_all=False
    )
    lines = said(results, capsys)
    assert lines[-3:] == [
        "The report has 41 pages; its first one leads to the others.",
        "grades.xlsx has the candidates and the flagged answers, grades.csv all.",
        "Report: out/report.html",
    ]
    assert any("and 19,999 more candidates, in candidates.csv" in line for line in lines)
    assert any("and 1,233 more, in grades.csv" in line for line in lines)


def test_a_small_run_says_no_such_thing(capsys: pytest.CaptureFixture[str]) -> None:
    """One page and a whole workbook need no explanation."""
    lines = said(Results(Path("out"), manifest(5), (STANDING,), (), 1_203, WHY, pages=1, workbook_has_all=True), capsys)
    assert lines[-1] == "Report: out/report.html"
    assert "A person should look because: close to the bar 4, quoted words not found 1,200." in lines
    assert not any("pages" in line or "grades.xlsx" in line or "more" in line for line in lines)


def test_a_name_between_colons_is_no_picture(capsys: pytest.CaptureFixture[str]) -> None:
    """`:x:` in an id, or a model's name, is shown as it is."""
    one = STANDING.model_copy(update={"candidate_id": "team:x:7"})
    results = Results(
        Path("out"), manifest(5, 1), (one,), (("team:m:7.q", "timeout"),), 0, (), pages=1, workbook_has_all=True
    )
    lines = said(results, capsys)
    assert any(line.startswith("team:x:7 ") for line in lines)
    assert any("team:m:7.q: timeout" in line for line in lines)


def test_every_large_number_has_its_thousands_apart(capsys: pytest.CaptureFixture[str]) -> None:
    """In the line that says how it ended too, where people look first."""
    whole = manifest(100_000, 1_234, not_answered=2_345, quotes=150_000)
    lines = said(Results(Path("out"), whole, (STANDING,), (), 12_034, WHY, pages=41, workbook_has_all=False), capsys)
    ended = "96,421 of 100,000 answers graded in 3.0 s; 2,345 not answered; 12,034 flagged for a person."
    assert f"{ended} Quotes found: 150,000 of 150,000." in " ".join(" ".join(lines).split())


def test_a_small_number_is_said_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    """How many answers a person has to look at, of a run that fits on the screen."""
    lines = said(Results(Path("out"), manifest(5, 1), (STANDING,), (), 3, WHY, pages=1, workbook_has_all=True), capsys)
    at = lines.index("4 of 5 answers graded in 3.0 s; 3 flagged for a person.")
    assert lines[at + 1] == "Quotes found: 0 of 0."


def test_a_quiet_run_says_where_the_report_is(capsys: pytest.CaptureFixture[str]) -> None:
    """--quiet leaves the one line that a script needs."""
    results = Results(Path("out"), manifest(100_000), (STANDING,), (), 1_203, WHY, pages=41, workbook_has_all=False)
    assert said(results, capsys, quiet=True) == ["Report: out/report.html"]
