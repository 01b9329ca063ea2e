"""The workbook and the CSV tables: safe to open in any spreadsheet, nothing lost, no zero where nothing was graded."""

from __future__ import annotations

import csv
import zipfile
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl.utils.escape import unescape

from evaluator.errors import OutputError
from evaluator.report.spreadsheet_cell import EXCEL_CELL, fitting_text, safe_text
from evaluator.report.tables import write_candidates_csv, write_grades_csv
from evaluator.report.workbook import write_workbook

DANGEROUS = [
    "=1+1",
    "=cmd|' /C calc'!A0",
    '=HYPERLINK("http://example.invalid","click")',
    "+1234567",
    "-2+3",
    "@SUM(1;1)",
    "\t=1+1",
    "\rtext",
    "\n=1+1",
    "   =1+1",
    "\u00a0=1+1",
    "\u200b=1+1",
    "\ufeff@SUM(1)",
    "\u202e=1+1",
    "\x00=1+1",
    "＝1+1",
    "＋1",
    "－1",
    "＠SUM(1)",
]
HARMLESS = ["", "plain", "'quoted'", "a=b", "3 - 2", "mail@example.org", "1+1", "http://example.invalid", "  spaced"]


def with_text(run, text: str):
    """The run, its first answer, its quote and its candidate now saying `text`."""
    first = run.graded[0]
    answer = type(first.answer)(first.answer.answer_id, text or "c", "outage", text, row=2)
    criteria = tuple(
        criterion.model_copy(update={"missing": text, "rationale": text, "evidence": ()})
        for criterion in first.grade.criteria
    )
    grade = first.grade.model_copy(update={"candidate_id": text or "c", "criteria": criteria})
    return (type(first)(answer, grade),)


def workbook(run, path: Path, graded=None, **more):
    write_workbook(path, run.manifest, run.rubric, run.questionnaire, graded or run.graded, run.standings, **more)
    return openpyxl.load_workbook(path)


def rows(sheet) -> list[dict[str, object]]:
    heading, *cells = sheet.iter_rows(values_only=True)
    return [dict(zip(heading, row, strict=True)) for row in cells]


@pytest.mark.parametrize("text", DANGEROUS)
def test_no_cell_of_the_workbook_begins_like_a_formula(run, tmp_path, text):
    """Read back, every cell is text with an apostrophe in front; none is a formula or a link."""
    book = workbook(run, tmp_path / "grades.xlsx", with_text(run, text))
    answer = next(iter(rows(book["Answers"])))
    for column in ("Candidate", "The answer, as written", "Looks for the cause: missing"):
        assert str(answer[column]).startswith("'")
    for sheet in book:
        for row in sheet.iter_rows():
            for cell in row:
                assert cell.data_type in ("s", "n", "inlineStr"), cell.value
                assert cell.hyperlink is None
                assert not str(cell.value or "").lstrip().startswith(("=", "+", "-", "@"))
    with zipfile.ZipFile(tmp_path / "grades.xlsx") as parts:
        sheets = [parts.read(name).decode() for name in parts.namelist() if name.startswith("xl/worksheets/sheet")]
    assert not any("<f>" in sheet or "<hyperlink" in sheet for sheet in sheets)


@pytest.mark.parametrize(
    "text", ["<r><t>not mine</t></r>", "_x000A_ & <b>", "_x0041_x0042_", " kept ", "a\tb\nc\n", "]]>"]
)
def test_what_means_something_to_a_sheet_is_text_in_a_workbook(run, tmp_path, text):
    """Markup, the sheet's own escapes and white space at both ends come back as they were written."""
    book = workbook(run, tmp_path / "grades.xlsx", with_text(run, text))
    (answer,) = rows(book["Answers"])
    # openpyxl hands escapes over as they stand in the file; Excel undoes them.
    assert unescape(answer["The answer, as written"]) == text
    assert unescape(answer["Looks for the cause: missing"]) == text


@pytest.mark.parametrize("text", DANGEROUS)
def test_no_cell_of_a_csv_begins_like_a_formula(run, tmp_path, text):
    """The same holds for the tables that any spreadsheet opens."""
    path = tmp_path / "grades.csv"
    write_grades_csv(path, run.rubric, with_text(run, text))
    with path.open(encoding="utf-8-sig", newline="") as table:
        (row,) = csv.DictReader(table)
    assert row["candidate_id"].startswith("'")
    assert row["cause_missing"].startswith("'")


@pytest.mark.parametrize("text", HARMLESS)
def test_harmless_text_is_left_as_it_is(text):
    """No apostrophe where none is needed: signs inside a text, links and addresses stay."""
    assert safe_text(text) == text


@given(st.text(alphabet=st.sampled_from("=+-@ \t\r\n\u00a0\u200b\u202e\x00a1"), max_size=8))
def test_whatever_comes_first_a_formula_never_does(text):
    """After every kind of white space and invisible character has gone, what is left is no formula."""
    first = safe_text(text).lstrip(" \t\r\n\u00a0")
    assert not first.startswith(("=", "+", "-", "@"))


@pytest.mark.parametrize("text", ["x" * 32_767, "x" * 40_000, "🙂" * 20_000, "=" * 40_000, "\u202e" + "é" * 50_000])
def test_a_text_too_long_for_a_cell_is_cut_and_says_so(text):
    """Excel's 32,767 characters, counted as Excel counts them; the cut names the file that holds the whole."""
    cell = fitting_text(text, "answers.csv")
    assert len(cell.encode("utf-16-le")) // 2 <= EXCEL_CELL
    assert cell.endswith("the whole is in answers.csv]") == (cell != text)
    cell.encode("utf-8")


def test_a_long_answer_reaches_the_workbook_cut_with_a_note(run, tmp_path):
    """40,000 characters in a cell lose nobody's row: the cell says how long the answer is and where it is."""
    book = workbook(run, tmp_path / "grades.xlsx", with_text(run, "word " * 8_000))
    (answer,) = rows(book["Answers"])
    text = str(answer["The answer, as written"])
    assert len(text) == EXCEL_CELL
    assert "40,000 characters are more than a cell holds; the whole is in answers <final>.csv" in text


def test_the_workbook_has_a_sheet_for_each_kind_of_reader(run, tmp_path):
    """Candidates, Answers, Evidence, About; the heading stays in sight and every column can be filtered."""
    book = workbook(run, tmp_path / "grades.xlsx")
    assert book.sheetnames == ["Candidates", "Answers", "Evidence", "About"]
    for sheet in book:
        assert sheet.freeze_panes == "B2"
        assert sheet.auto_filter.ref == sheet.dimensions
        assert sheet["A2"].alignment.wrap_text
    assert len(rows(book["Answers"])) == len(run.graded)
    assert len(rows(book["Candidates"])) == len(run.standings)


def test_the_workbook_shows_every_quote_with_its_place(run, tmp_path):
    """A quote that was found is the candidate's own words at their offsets; one that was not says so."""
    evidence = rows(workbook(run, tmp_path / "grades.xlsx")["Evidence"])
    good = run.graded[0].answer.text
    found = [row for row in evidence if row["Found in the answer"] == "yes" and row["Answer id"].endswith("gau.outage")]
    assert len(found) == 6
    assert all(row["Quote"] == good[row["First character"] : row["After its last"]] for row in found)
    lost = [row for row in evidence if row["Found in the answer"] == "no"]
    assert [row["Quote"] for row in lost] == [
        "<script>alert('not there')</script>",
        "we call you tomorrow & the day after",
    ]
    assert all(row["First character"] is None for row in lost)


def test_what_was_not_graded_is_an_empty_cell(run, tmp_path):
    """Neither a zero nor a dash: empty, with the reason beside it."""
    answers = rows(workbook(run, tmp_path / "grades.xlsx")["Answers"])
    blank = next(row for row in answers if row["Status"] == "not answered")
    assert blank["Score of 10"] is None
    assert blank["Looks for the cause: level"] is None
    assert blank["To look at"] == "The field was left empty."
    zero = next(row for row in answers if row["The answer, as written"] == "No idea, sorry.")
    assert zero["Score of 10"] == 0


def test_a_full_sheet_goes_on_in_a_further_one(run, tmp_path):
    """Beyond the rows that a sheet holds, "Answers 2" follows with its own heading; no row is lost."""
    book = workbook(run, tmp_path / "grades.xlsx", rows_a_sheet=4)
    sheets = [name for name in book.sheetnames if name.startswith("Answers")]
    assert sheets == ["Answers", "Answers 2", "Answers 3"]
    ids = [row["Answer id"] for name in sheets for row in rows(book[name])]
    assert len(ids) == len(set(ids)) == len(run.graded)


def test_the_workbook_of_a_large_run_holds_those_who_need_a_person(many, tmp_path):
    """Candidates whole, flagged answers instead of all, and a note that says where the rest is."""
    book = workbook(many, tmp_path / "grades.xlsx", most_answers=1_999)
    assert book.sheetnames == ["Candidates", "Flagged", "About"]
    assert len(rows(book["Candidates"])) == 1_000
    flagged = rows(book["Flagged"])
    assert len(flagged) == 250
    assert {row["Needs a person"] for row in flagged} == {"yes"}
    said = rows(book["About"])[0]
    assert said["What"] == "What is not here"
    assert "2,000 answers" in said["Value"]
    assert "of the 250 answers that need a person, Flagged has those" in said["Value"]
    assert "grades.csv" in said["Value"]
    assert "grades.jsonl" in said["Value"]


def test_flagged_answers_beyond_the_bound_are_counted(many, tmp_path):
    """Where even the flagged ones are too many, the note says how many are there."""
    book = workbook(many, tmp_path / "grades.xlsx", most_answers=100)
    assert len(rows(book["Flagged"])) == 100
    assert "Flagged has the first 100" in rows(book["About"])[0]["Value"]


def test_the_workbook_of_a_small_run_has_no_such_note(many, tmp_path):
    """Up to the bound everything is there."""
    book = workbook(many, tmp_path / "grades.xlsx", most_answers=2_000)
    assert book.sheetnames == ["Candidates", "Answers", "Evidence", "About"]
    assert len(rows(book["Answers"])) == 2_000
    assert "What is not here" not in {row["What"] for row in rows(book["About"])}


def test_control_characters_are_shown_and_the_file_stays_valid(run, tmp_path):
    """What XML cannot hold is written out, and the workbook opens."""
    book = workbook(run, tmp_path / "grades.xlsx", with_text(run, "bell \x07, nul \x00, half \ud800, \ufffe _x0041_"))
    (answer,) = rows(book["Answers"])
    assert str(answer["The answer, as written"]).startswith("bell ⟦U+0007⟧, nul ⟦U+0000⟧, half ⟦U+D800⟧, ⟦U+FFFE⟧")


def test_the_workbook_says_what_graded(run, tmp_path):
    """The About sheet carries the manifest and the sentence about the grader."""
    about = {row["What"]: row["Value"] for row in rows(workbook(run, tmp_path / "grades.xlsx")["About"])}
    assert about["About the grader"] == run.manifest.about_grader
    assert about["What a score is for"] == "A score sorts; a person decides. Nobody is rejected by it."
    assert about["Rubric, SHA-256"] == "3" * 64


def test_writing_leaves_nothing_else_behind(run, many, tmp_path):
    """No temporary file stays beside the results, also of a run of 2,000 answers."""
    workbook(many, tmp_path / "grades.xlsx")
    write_grades_csv(tmp_path / "grades.csv", many.rubric, many.graded)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["grades.csv", "grades.xlsx"]
    assert (tmp_path / "grades.xlsx").stat().st_size < 1_000_000


def test_a_run_that_breaks_off_leaves_the_earlier_files_as_they_were(run, tmp_path):
    """Half a table never takes the place of a whole one."""

    def breaking_off():
        yield run.graded[0]
        raise KeyboardInterrupt

    path = tmp_path / "grades.csv"
    write_grades_csv(path, run.rubric, run.graded)
    before = path.read_bytes()
    with pytest.raises(KeyboardInterrupt):
        write_grades_csv(path, run.rubric, breaking_off())
    with pytest.raises(KeyboardInterrupt):
        workbook(run, tmp_path / "grades.xlsx", breaking_off())
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_pandas_reads_the_grades_as_they_are(run, tmp_path):
    """One row an answer; levels are numbers and what is absent is absent."""
    path = tmp_path / "grades.csv"
    write_grades_csv(path, run.rubric, iter(run.graded))
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    frame = pd.read_csv(path, encoding="utf-8-sig").set_index("answer_id")
    assert list(frame["status"]).count("graded") == 4
    assert frame.loc["c3.refund", "score"] == 0
    assert pd.isna(frame.loc["c3.outage", "score"])
    assert pd.isna(frame.loc["c3.outage", "cause_level"])
    assert frame.loc["c3.outage", "reason"] == "timeout: no reply within 60 s, three times."
    assert frame.iloc[1]["cause_expected_level"] == 1.67
    assert frame.iloc[0]["cause_evidence"].startswith("look at the status page")


def test_the_candidates_table_says_of_how_many(run, tmp_path):
    """A mean stands with the count it rests on; no band where an answer is missing."""
    path = tmp_path / "candidates.csv"
    write_candidates_csv(path, run.rubric, run.questionnaire, run.standings)
    frame = pd.read_csv(path, encoding="utf-8-sig")
    assert list(frame["graded"]) == [2, 1, 1, 0]
    assert list(frame["asked"]) == [2, 2, 2, 2]
    assert frame["band"].isna().tolist() == [False, True, True, True]
    assert frame["outage_score"].isna().tolist() == [False, True, True, True]


WRITERS = {
    "grades.xlsx": workbook,
    "grades.csv": lambda run, path: write_grades_csv(path, run.rubric, run.graded),
    "candidates.csv": lambda run, path: write_candidates_csv(path, run.rubric, run.questionnaire, run.standings),
}


@pytest.mark.parametrize("name", WRITERS)
def test_a_place_that_cannot_be_written_to_is_named(run, tmp_path, name):
    """No traceback: which file, why, and what to do."""
    with pytest.raises(OutputError, match=rf"missing.{name}: cannot be written.*\n.*folder"):
        WRITERS[name](run, tmp_path / "missing" / name)
