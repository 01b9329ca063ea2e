"""Tables that somebody made to harm: each is refused with a sentence, before it has filled memory or time."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from evaluator.core.questionnaire import Question
from evaluator.files.tables.answer_table import open_answer_table
from tests.cli.grading_command import command_line, environment

Refusal = Callable[..., str]
SPREADSHEET = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PARTS = {
    "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/>'
    '<Override PartName="/xl/workbook.xml" '
    'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>'
    '<Override PartName="/xl/worksheets/sheet1.xml" '
    'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/>'
    '<Override PartName="/xl/sharedStrings.xml" '
    'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"/></Types>',
    "_rels/.rels": f'<Relationships xmlns="{RELATIONS}"><Relationship Id="rId1" Type="{OFFICE}/officeDocument" '
    'Target="xl/workbook.xml"/></Relationships>',
    "xl/workbook.xml": f'<workbook {SPREADSHEET} xmlns:r="{OFFICE}"><sheets>'
    '<sheet name="S" sheetId="1" r:id="rId1"/></sheets></workbook>',
    "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{RELATIONS}">'
    f'<Relationship Id="rId1" Type="{OFFICE}/worksheet" Target="worksheets/sheet1.xml"/>'
    f'<Relationship Id="rId2" Type="{OFFICE}/sharedStrings" Target="sharedStrings.xml"/></Relationships>',
    "xl/sharedStrings.xml": f"<sst {SPREADSHEET}/>",
}


def row(number: int, *cells: str) -> str:
    filled = "".join(
        f'<c r="{chr(65 + at)}{number}" t="inlineStr"><is><t>{cell}</t></is></c>' for at, cell in enumerate(cells)
    )
    return f'<row r="{number}">{filled}</row>'


HEAD = row(1, "candidate_id", "degradation")
ANSWER = row(2, "c1", "I would compare the windows.")
LAUGHS = "".join(f'<!ENTITY l{each} "{f"&l{each - 1};" * 10}">' for each in range(1, 10))


def sheet(rows: str, before: str = "") -> str:
    return f'<?xml version="1.0"?>{before}<worksheet {SPREADSHEET}><sheetData>{rows}</sheetData></worksheet>'


@pytest.fixture
def packed(tmp_path: Path) -> Callable[..., Path]:
    """Writes a workbook of the given parts, beside the usual ones."""

    def write(rows: str | bytes, **parts: str | bytes) -> Path:
        path = tmp_path / "answers.xlsx"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in (PARTS | {"xl/worksheets/sheet1.xml": rows} | parts).items():
                archive.writestr(name, content)
        return path

    return write


def test_a_workbook_written_by_hand_is_read(packed: Any, questions: Sequence[Question]) -> None:
    """The parts that the tests below spoil are right."""
    (answer, *_) = open_answer_table(packed(sheet(HEAD + ANSWER)), questions)
    assert answer.text == "I would compare the windows."


@pytest.mark.parametrize(
    ("rows", "parts", "says"),
    [
        (sheet(HEAD + row(2, "c1", "&e;"), '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/hostname">]>'), {}, "declares"),
        (sheet(HEAD + row(2, "c1", "&l9;"), f'<!DOCTYPE x [<!ENTITY l0 "lol">{LAUGHS}]>'), {}, "declares"),
        (
            sheet(HEAD + ANSWER),
            {
                "xl/sharedStrings.xml": f'<!DOCTYPE x [<!ENTITY l0 "lol">{LAUGHS}]><sst {SPREADSHEET}>'
                "<si><t>&l9;</t></si></sst>"
            },
            "declares",
        ),
        (sheet(HEAD + '<row r="2">' + "<c/>" * 1_000_000 + "</row>"), {}, "more elements in one place"),
        (sheet("<a>" * 1_000_000 + "</a>" * 1_000_000), {}, "more elements in one place"),
        (sheet("<row>" * 3_000_000 + "</row>" * 3_000_000), {}, "more rows or texts"),
        (sheet(HEAD + row(2, "c1", "a" * 4_000_000)), {}, "more than a million characters"),
        (sheet(HEAD + ANSWER), {"xl/styles.xml": "<s>" + "<a/>" * 2_500_000 + "</s>"}, "more elements in one place"),
        (sheet(HEAD + row(999_999_999, "c1", "x")), {}, "below number 1,048,576"),
        (sheet(HEAD + ANSWER).encode("utf-16"), {}, "not XML in UTF-8"),
        (sheet(HEAD + ANSWER).replace("?>", ' encoding="cp037"?>'), {}, "encoded as cp037"),
        (sheet(HEAD + ANSWER + "</nothing>"), {}, "damaged"),
        (sheet(HEAD + ANSWER), {"xl/sharedStrings.xml": "<sst><si>"}, "damaged"),
    ],
    ids=[
        "file",
        "laughs",
        "shared laughs",
        "wide",
        "deep",
        "nested rows",
        "long",
        "styles",
        "gap",
        "utf-16",
        "ebcdic",
        "torn",
        "cut",
    ],
)
def test_a_workbook_made_to_harm_is_refused(
    packed: Any, refusal: Refusal, rows: str, parts: dict[str, str], says: str
) -> None:
    """Entities, endless rows and elements, gaps, and encodings that would hide them: a sentence, no traceback."""
    assert says in refusal(packed(rows, **parts))


# A process takes over its parent's peak at birth, and the tests' own is large by now: a small one stands between.
MEASURE = """
import resource, subprocess, sys
done = subprocess.run(sys.argv[1:])
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(done.returncode)
"""


def test_a_workbook_that_unpacks_to_a_hundred_megabytes_is_refused_in_little_memory(
    packed: Any, tmp_path: Path
) -> None:
    """A row of 25 million cells is met in the memory that the program has anyway; parsed, it would take gigabytes."""
    path = packed(sheet(HEAD + '<row r="2">' + "<c/>" * 25_000_000 + "</row>"))
    command = command_line("grade", path, "--grader", "baseline", "--out", tmp_path / "out")
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, *command], capture_output=True, text=True, env=environment(), check=False
    )
    assert done.returncode == 2, done.stdout + done.stderr
    assert "more elements in one place" in done.stderr
    unit = 1024 * 1024 if sys.platform == "darwin" else 1024  # bytes there, kilobytes elsewhere
    assert int(done.stdout) / unit < 250


def test_macros_and_links_of_a_workbook_are_never_run_or_followed(packed: Any, questions: Sequence[Question]) -> None:
    """Only sheets and texts are read; what else is in the archive stays there."""
    link = f'<externalLink {SPREADSHEET}><externalBook r:id="rId1" xmlns:r="{OFFICE}"/></externalLink>'
    path = packed(
        sheet(HEAD + ANSWER),
        **{"xl/vbaProject.bin": b"\xd0\xcf\x11\xe0macro", "xl/externalLinks/externalLink1.xml": link},
    )
    assert [answer.text for answer in open_answer_table(path, questions)] == ["I would compare the windows."]


def test_a_line_as_long_as_a_disk_is_not_read_whole(written: Any, refusal: Refusal) -> None:
    """In CSV and in JSON Lines."""
    said = refusal(written("a.csv", "candidate_id,degradation\nc1,x\nc2," + "a," * 9_000_000))
    assert "line of more than 16,000,000 characters" in said
    said = refusal(written("a.jsonl", '{"candidate_id":"c1","degradation":"' + "a" * 17_000_000 + '"}\n'))
    assert "line of more than 16,000,000 characters" in said


def test_a_million_columns_are_refused(written: Any, refusal: Refusal) -> None:
    """A sheet of Excel has 16,384; a JSON table of answers a few."""
    columns = ",".join(f"c{each}" for each in range(1_000_000))
    assert "has 1,000,000 cells" in refusal(written("a.csv", f"{columns}\n{columns}\n"))
    keys = "".join(f'{{"candidate_id":"c{each}","degradation":"a","k{each}":"b"}}\n' for each in range(5_000))
    assert "different keys" in refusal(written("a.jsonl", keys))


def test_an_id_as_long_as_a_book_is_refused(written: Any, refusal: Refusal) -> None:
    """Of a candidate, and of an answer; the row is named, and the id is not repeated."""
    said = refusal(written("a.jsonl", f'{{"candidate_id":{"9" * 5_000},"degradation":"x"}}\n'))
    assert "candidate id of more than 256 characters" in said
    assert len(said) < 500
    long = f"candidate_id,question_id,answer,answer_id\nc1,degradation,x,{'a' * 300}\n"
    assert "id of more than 256 characters" in refusal(written("a.csv", long))


@pytest.mark.parametrize("depth", [10_000, 1_000_000])
def test_json_nested_deeply_is_refused(written: Any, refusal: Refusal, depth: int) -> None:
    """The parser's own depth is not the program's."""
    nested = "[" * depth + "]" * depth
    assert "nested too deeply" in refusal(written("a.jsonl", f'{{"candidate_id":"c1","degradation":{nested}}}\n'))
