"""Tables of answers in every format and encoding; and files that are no tables."""

from __future__ import annotations

import csv
import io
import json
import tempfile
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluator.core.questionnaire import Question
from evaluator.errors import TableError
from evaluator.files.tables.answer_table import open_answer_frame, open_answer_table

LONG = ("candidate_id", "question_id", "answer")
# Zero bytes are refused; a lone surrogate is no character; other control characters are not allowed in XML.
TEXT = st.text(
    st.one_of(
        st.characters(exclude_categories=("Cs", "Cc", "Cn")),
        st.sampled_from(["\n", '"', ",", ";", "\t", "|", "=", "'"]),
    ),
    min_size=1,
    max_size=80,
).map(lambda text: f"a{text}z")
IDS = st.from_regex(r"[A-Za-z0-9_@.]{1,12}", fullmatch=True).filter(lambda text: "E" not in text.upper())
Answers = dict[str, dict[str, str]]


def write_csv(path: Path, rows: Sequence[Sequence[str]], delimiter: str = ",", encoding: str = "utf-8") -> None:
    buffer = io.StringIO(newline="")
    csv.writer(buffer, delimiter=delimiter).writerows(rows)
    path.write_bytes(buffer.getvalue().encode(encoding))


def write_rows(path: Path, rows: Sequence[Sequence[str]]) -> None:
    """Rows of text in the format that the path's ending names; the first row is the header."""
    header, *body = rows
    if path.suffix == ".xlsx":
        book = xlsxwriter.Workbook(path)
        sheet = book.add_worksheet()
        for at, row in enumerate(rows):
            for column, text in enumerate(row):
                sheet.write_string(at, column, text)
        book.close()
    elif path.suffix == ".jsonl":
        lines = (json.dumps(dict(zip(header, row, strict=True)), ensure_ascii=len(row) % 2 == 0) for row in body)
        path.write_text("\n".join(lines), encoding="utf-8", newline="\n")
    elif path.suffix == ".json":
        path.write_text(json.dumps([dict(zip(header, row, strict=True)) for row in body]), encoding="utf-8")
    else:
        pd.DataFrame(body, columns=list(header)).to_parquet(path)


def read_back(path: Path, questions: Sequence[Question]) -> Answers:
    found: Answers = {}
    table = open_answer_table(path, questions)
    answers = list(table)
    assert table.count == len(answers)
    assert table.candidates == len({answer.candidate_id for answer in answers})
    for answer in answers:
        assert answer.absent is None
        found.setdefault(answer.candidate_id, {})[answer.question_id] = answer.text
    return found


def as_rows(answers: Answers, layout: str, question_ids: Sequence[str]) -> list[list[str]]:
    if layout == "wide":
        return [["candidate_id", *question_ids]] + [[each, *texts.values()] for each, texts in answers.items()]
    return [list(LONG)] + [[each, q, text] for each, texts in answers.items() for q, text in texts.items()]


@st.composite
def some_answers(draw: st.DrawFn) -> Answers:
    asked = ("degradation", "fraud_framing", "loan_features")
    candidates = draw(st.lists(IDS, min_size=1, max_size=4, unique=True))
    return {each: {question: draw(TEXT) for question in asked} for each in candidates}


ASKED = ("degradation", "fraud_framing", "loan_features")


@settings(max_examples=60, deadline=None)
@given(
    answers=some_answers(),
    layout=st.sampled_from(["long", "wide"]),
    delimiter=st.sampled_from([",", ";", "\t", "|"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"]),
)
def test_any_csv_reads_back(
    questions: Sequence[Question], answers: Answers, layout: str, delimiter: str, encoding: str
) -> None:
    """Whatever the answers, the delimiter and the encoding: what was written is read, to the character."""
    if encoding in ("utf-16-le", "utf-16-be") and any(
        ord(each) > 127 for texts in answers.values() for text in texts.values() for each in text
    ):
        encoding = "utf-16"  # without a mark it is told by its zero bytes only, which other scripts lack
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "answers.csv"
        write_csv(path, as_rows(answers, layout, ASKED), delimiter, encoding)
        assert read_back(path, questions) == answers


@settings(max_examples=60, deadline=None)
@given(
    answers=some_answers(),
    layout=st.sampled_from(["long", "wide"]),
    suffix=st.sampled_from([".xlsx", ".jsonl", ".json", ".parquet"]),
)
def test_any_workbook_json_or_parquet_reads_back(
    questions: Sequence[Question], answers: Answers, layout: str, suffix: str
) -> None:
    """Excel, JSON Lines, a JSON list and Parquet give back what was written, long or wide."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"answers{suffix}"
        write_rows(path, as_rows(answers, layout, ASKED))
        assert read_back(path, questions) == answers


def test_a_data_frame_is_read_like_a_file_and_written_to_one(questions: Sequence[Question]) -> None:
    """pandas carries a table in and out; ids that a missing value made floats come back as they were."""
    frame = pd.DataFrame({"Candidate ID": [1024.0, 1025.0], "Predict fraud": ["first", None], "stage": [1, 2]})
    table = open_answer_frame(frame, questions)
    out = table.to_frame()
    assert out["candidate_id"].tolist() == ["1024", "1025"]
    assert out["text"].tolist() == ["first", ""]
    assert out["absent"].tolist()[1] == "missing"
    assert out["row"].tolist() == [2, 3]
    assert "columns not read: 'stage'" in table.notes
    assert any("without it (rows 2, 3)" in note for note in table.notes)


@pytest.mark.parametrize(
    ("encoding", "told"),
    [("utf-8", "utf-8"), ("utf-8-sig", "utf-8-sig"), ("utf-16", "utf-16"), ("utf-16-le", "utf-16-le"),
     ("utf-16-be", "utf-16-be"), ("utf-32", "utf-32"), ("cp1252", "cp1252")],
)  # fmt: skip
def test_the_encoding_is_told(questions: Sequence[Question], written: Any, encoding: str, told: str) -> None:
    """Umlauts and typographic quotes arrive whole from every encoding that spreadsheets write."""
    text = "Gr\u00fc\u00dfe \u2013 \u201eja\u201c, na\u00efve r\u00e9sum\u00e9"
    path = written("answers.csv", f"candidate_id;degradation\nc1;{text}\n".encode(encoding))
    table = open_answer_table(path, questions)
    assert (table.encoding, [answer.text for answer in table]) == (told, [text])
    assert any("Windows-1252" in note for note in table.notes) == (told == "cp1252")


def test_a_damaged_utf8_file_is_not_read_as_windows_1252(written: Any, refusal: Any) -> None:
    """One broken byte among many umlauts is damage with a line, not a reason to garble every umlaut."""
    content = "candidate_id,degradation\nc1,\u00fc\u00f6\u00e4\u00df\n".encode() + b"c2,\xff\n"
    assert "answers.csv:3: bytes that are not text (UTF-8)" in refusal(written("answers.csv", content))


def test_zero_bytes_are_damage(written: Any, refusal: Any) -> None:
    """A zero byte in a text file is named with its line."""
    assert "answers.csv:2: a zero byte" in refusal(written("answers.csv", b"candidate_id,degradation\nc1,a\0b\n"))


def test_excels_separator_line_is_obeyed(questions: Sequence[Question], written: Any) -> None:
    """'sep=;' above the header names the delimiter and is no row."""
    table = open_answer_table(written("a.csv", "sep=;\r\ncandidate_id;degradation\r\nc1;a, b\r\n"), questions)
    assert [(answer.text, answer.row) for answer in table] == [("a, b", 2)]


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("empty.csv", b"", "is empty"),
        ("blank.csv", b"\n\n , \n", "is empty"),
        ("cv.csv", b"%PDF-1.7\n", "is a PDF document"),
        ("picture.csv", b"\x89PNG\r\n\x1a\n", "is a PNG image"),
        ("page.xls", b"\n<HTML><table>", "is a web page (HTML)"),
        ("old.xml", b"<?xml version='1.0'?><Workbook/>", "is an XML file"),
        ("old.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "Workbook".encode("utf-16-le"), "old Excel workbook (.xls)"),
        ("locked.xlsx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"), "password"),
        ("old.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "WordDocument".encode("utf-16-le"), "old Word document"),
        ("cut.xlsx", b"PK\x03\x04 and no more", "is damaged"),
        ("fake.xlsx", b"\x01\x02\x03", "is not an Excel workbook"),
        ("cut.parquet", b"PAR1 and no more", "damaged Parquet"),
        ("fake.parquet", b"candidate_id,degradation", "is not a Parquet file"),
        ("a.json", b'{"a": 1}', "columns"),
        ("a.json", b'[{"a": 1}', "is not valid JSON"),
        ("a.json", b'"x"', "is not a JSON object"),
        ("a.jsonl", b"not json\n", "is not JSON"),
        ("a.csv.gz", b"\x1f\x8b\x08\x00", "gzip archive"),
    ],
)
def test_what_is_no_table_is_said(written: Any, refusal: Any, name: str, content: bytes, says: str) -> None:
    """A file that is something else is called what it is."""
    told = refusal(written(name, content))
    assert says in told
    assert name in told


@pytest.mark.parametrize(
    ("entry", "says"),
    [("word/document.xml", "a Word document"), ("xl/workbook.bin", "binary Excel"), ("content.xml", "OpenDocument"),
     ("readme.txt", "a zip archive")],
)  # fmt: skip
def test_other_zip_files_are_told_apart(tmp_path: Path, refusal: Any, entry: str, says: str) -> None:
    """A Word file, a binary workbook and a plain archive all begin like an .xlsx and are named."""
    with zipfile.ZipFile(tmp_path / "answers.xlsx", "w") as archive:
        archive.writestr(entry, "x")
    assert says in refusal(tmp_path / "answers.xlsx")


def test_a_workbook_that_unpacks_too_large_is_refused_unopened(tmp_path: Path, refusal: Any) -> None:
    """A small file that would fill the memory is told by its directory."""
    path = tmp_path / "bomb.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
        with archive.open("xl/sharedStrings.xml", "w") as entry:
            for _ in range(513):
                entry.write(bytes(1 << 20))
    assert "read up to 512 MB" in refusal(path)


def test_a_damaged_workbook_is_said(tmp_path: Path, refusal: Any) -> None:
    """A workbook whose parts are not XML is damaged, not a traceback."""
    with zipfile.ZipFile(tmp_path / "answers.xlsx", "w") as archive:
        archive.writestr("xl/workbook.xml", "no XML")
        archive.writestr("[Content_Types].xml", "no XML")
    assert "damaged Excel workbook" in refusal(tmp_path / "answers.xlsx")


@pytest.mark.parametrize("suffix", [".xlsx", ".parquet"])
def test_a_file_that_is_damaged_anywhere_is_said(tmp_path: Path, questions: Sequence[Question], suffix: str) -> None:
    """Whichever byte is wrong, a binary table is read or refused; nothing else escapes."""
    path = tmp_path / f"answers{suffix}"
    write_rows(path, [["candidate_id", "degradation"], *([f"c{each}", f"text {each}"] for each in range(5))])
    whole = path.read_bytes()
    refused = 0
    for at in range(0, len(whole), max(1, len(whole) // 150)):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 0xFF]) + whole[at + 1 :])
        try:
            list(open_answer_table(path, questions))
        except TableError:
            refused += 1
    assert refused > 10


def test_a_missing_file_and_a_folder_are_said(tmp_path: Path, refusal: Any) -> None:
    """Neither a path to nothing nor a folder is a table."""
    assert "there is no such file" in refusal(tmp_path / "nothing.csv")
    assert "is a folder" in refusal(tmp_path)


def test_a_sheet_is_chosen_by_name_or_is_the_first_with_content(
    questions: Sequence[Question], tmp_path: Path, refusal: Any
) -> None:
    """An empty first sheet is passed over, other sheets are named, a wrong name lists them all."""
    book = openpyxl.Workbook()
    for name, text in (("May", "spring"), ("June", "summer")):
        sheet = book.create_sheet(name)
        sheet.append(["candidate_id", "degradation"])
        sheet.append(["c1", text])
    path = tmp_path / "answers.xlsx"
    book.save(path)
    table = open_answer_table(path, questions)
    assert [answer.text for answer in table] == ["spring"]
    assert "sheet 'May' was read; not read: 'June'; --sheet reads another one" in table.notes
    assert [answer.text for answer in open_answer_table(path, questions, sheet="June")] == ["summer"]
    assert "Its sheets: 'Sheet', 'May', 'June'" in refusal(path, sheet="July")


def test_a_sheet_that_is_no_table_names_the_others(tmp_path: Path, refusal: Any) -> None:
    """A guide on the first sheet: the refusal says where else there is something, and how to read it."""
    book = openpyxl.Workbook()
    book.active.append(["How to read this"])
    book.create_sheet("May").append(["candidate_id", "degradation"])
    path = tmp_path / "answers.xlsx"
    book.save(path)
    assert "sheet 'Sheet' was read; not read: 'May'; --sheet reads another one" in refusal(path)


def test_an_id_that_is_a_formula_without_its_result_is_an_error(tmp_path: Path, refusal: Any) -> None:
    """The formula's text would be the same id, or a wrong one, for people who are not the same."""
    book = openpyxl.Workbook()
    book.active.append(["candidate_id", "degradation"])
    book.active.append(['="c"&1', "text"])
    path = tmp_path / "answers.xlsx"
    book.save(path)
    told = refusal(path)
    assert "column 'candidate_id': has a formula without a saved result" in told
    assert "save it" in told


def test_a_sheet_of_a_text_file_is_an_error(written: Any, refusal: Any) -> None:
    """Only workbooks have sheets."""
    assert "has no sheets" in refusal(written("a.csv", "candidate_id,degradation\nc1,x\n"), sheet="May")


def test_excel_cells_become_the_text_that_people_see(questions: Sequence[Question], tmp_path: Path) -> None:
    """Ids as whole numbers, padded numbers, dates and texts; an answer that begins with '=' is not lost."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["candidate_id", "degradation"])
    for value, text in (
        (1024, "=== My plan ==="),
        (42, "b"),
        (pd.Timestamp("2026-03-01"), "c"),
        (0.5, "d"),
        ("007", "e"),
    ):
        sheet.append([value, text])
    sheet["A3"].number_format = "00000"
    path = tmp_path / "answers.xlsx"
    book.save(path)
    table = open_answer_table(path, questions)
    assert [answer.candidate_id for answer in table] == ["1024", "00042", "2026-03-01", "0.5", "007"]
    assert next(iter(table)).text == "=== My plan ==="
    assert any("begins with '='" in note and "(row 2)" in note for note in table.notes)


def test_a_windows_line_end_inside_an_excel_cell_is_unescaped(questions: Sequence[Question], tmp_path: Path) -> None:
    """Excel's own spelling of a carriage return is not part of an answer."""
    write_rows(tmp_path / "a.xlsx", [["candidate_id", "degradation"], ["c1", "one\r\ntwo"]])
    assert [answer.text for answer in open_answer_table(tmp_path / "a.xlsx", questions)] == ["one\r\ntwo"]


def test_json_values_stay_as_they_are_written(questions: Sequence[Question], written: Any) -> None:
    """Numbers keep their digits, null is missing, half an emoji is replaced and noted."""
    path = written(
        "a.jsonl",
        '{"candidate_id": 12345678901234567890, "question": "degradation", "answer": 7.50}\n'
        '\n{"candidate_id": "007", "question": "degradation", "answer": null, "more": [1]}\n'
        '{"candidate_id": "008", "question": "degradation", "answer": "half \\ud83d"}\n',
    )
    table = open_answer_table(path, questions)
    assert [(answer.candidate_id, answer.text, answer.absent, answer.row) for answer in table] == [
        ("12345678901234567890", "7.50", None, 1), ("007", "", "missing", 3), ("008", "half \ufffd", None, 4),
    ]  # fmt: skip
    assert any("lone surrogate" in note for note in table.notes)


def test_mistakes_in_json_lines_are_named_by_line(written: Any, refusal: Any) -> None:
    """Every bad line is named with what is wrong, all at once."""
    told = refusal(written(
        "a.jsonl",
        '{"candidate_id": "a", "question": "degradation", "answer": "x"}\n{oh\n[1]\n'
        '{"candidate_id": "b", "question": "degradation"}\n{"question": "degradation", "answer": "x"}\n'
        '{"candidate_id": "c", "question": "degradation", "answer": ["x"]}\n{"answer": "x", "answer": "y"}\n',
    ))  # fmt: skip
    for line, what in (
        (2, "is not JSON"), (3, "is not a JSON object"), (4, "has no key 'answer'"), (5, "has no candidate id"),
        (6, "holds a list"), (7, "has the key 'answer' twice"),
    ):  # fmt: skip
        assert any(f"a.jsonl:{line}:" in each and what in each for each in told.splitlines()), (line, told)


def test_nested_parquet_columns_are_refused_where_they_are_needed(
    questions: Sequence[Question], tmp_path: Path, refusal: Any
) -> None:
    """A list in an answer column is a mistake; in a column that is not read it does not matter."""
    path = tmp_path / "a.parquet"
    pd.DataFrame({"candidate_id": ["a", "b"], "degradation": [["x"], ["y"]]}).to_parquet(path)
    assert "column 'degradation': holds a list, not text (rows 2, 3)" in refusal(path)
    pd.DataFrame({"candidate_id": ["a"], "degradation": ["x"], "tags": [["y"]]}).to_parquet(path)
    assert [answer.text for answer in open_answer_table(path, questions)] == ["x"]


def test_parquet_ids_that_became_floats_are_whole_again(questions: Sequence[Question], tmp_path: Path) -> None:
    """1024.0 is the id 1024, and the user is told."""
    path = tmp_path / "a.parquet"
    pd.DataFrame({"candidate_id": [1024.0], "degradation": ["x"]}).to_parquet(path)
    table = open_answer_table(path, questions)
    assert [answer.candidate_id for answer in table] == ["1024"]
    assert any("stored with a decimal point" in note for note in table.notes)


def test_a_long_cell_is_unharmed_and_excels_limit_is_noticed(
    questions: Sequence[Question], written: Any, workbook: Callable[..., Path]
) -> None:
    """40,000 characters are read whole; exactly 32,767 in a spreadsheet were probably more."""
    text = "abcd " * 8000
    table = open_answer_table(written("a.csv", f"candidate_id,degradation\nc1,{text}\n"), questions)
    assert [len(answer.text) for answer in table] == [40_000]
    cut = open_answer_table(workbook(["candidate_id", "degradation"], ["c1", "a" * 32_767]), questions)
    assert [len(answer.text) for answer in cut] == [32_767]
    assert any("probably cut off" in note and "(row 2)" in note for note in cut.notes)


def test_a_file_that_changes_after_opening_is_noticed(questions: Sequence[Question], written: Any) -> None:
    """Counts of one file are never shown with answers of another."""
    path = written("a.csv", "candidate_id,degradation\nc1,x\n")
    table = open_answer_table(path, questions)
    path.write_text("candidate_id,degradation\nc1,x\nc2,y\n", encoding="utf-8")
    with pytest.raises(TableError, match="was changed while it was being read"):
        list(table)
