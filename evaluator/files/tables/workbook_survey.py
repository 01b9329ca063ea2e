"""A look through the parts of a workbook before a parser is let near them: is it a table, or made to fill memory?

An .xlsx file is a ZIP archive of XML parts, and openpyxl builds trees of them. A few kilobytes can unpack to parts
with a hundred million elements, nested or side by side. Unpacked a megabyte at a time, each part is held to counts
of bytes that no spreadsheet program exceeds; markup declarations, which no spreadsheet has, are refused (entities
that name files or grow without end). Counting bytes needs an encoding in which "<" is one byte: UTF-8 or kin.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from evaluator.errors import TableError
from evaluator.files.tables.limits import MOST_COLUMNS, MOST_ROWS

_CHUNK = 1 << 20
_MOST_PARTS = 5_000
# Between two rows: a row of as many cells as a sheet has columns, each with a formula and a value.
_MOST_TAGS_IN_ROW = 8 * MOST_COLUMNS * 4
# Opening and closing tags are counted alike where a namespace's prefix stands before the name.
_MOST_ROW_TAGS = 2 * MOST_ROWS + 10
_MOST_SHARED_TEXTS = 5 * MOST_ROWS
_MOST_TAGS_ELSEWHERE = 2_000_000
_FORMULA_TAGS = (b"<f>", b"<f ", b"<f/", b":f>", b":f ", b":f/")
_SHEETS = "xl/worksheets/"
_SHARED_TEXTS = "xl/sharedstrings.xml"
_DECLARATIONS = (b"<!DOCTYPE", b"<!ENTITY", b"<!doctype", b"<!entity")
_ENCODING = re.compile(rb"""<\?xml[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']""")
_ONE_BYTE = re.compile(r"utf-?8|us-ascii|ascii|iso-8859-\d{1,2}|windows-125\d", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class WorkbookSurvey:
    """What was seen on the way: whether any sheet holds formulas."""

    has_formulas: bool


class _HostilePartError(ValueError):
    """A part that no spreadsheet program writes; the message says what about it."""


def survey_workbook(path: Path) -> WorkbookSurvey:
    """Looks through every XML part. Raises TableError for a part that no spreadsheet program would write, and
    what zipfile raises for a damaged archive.
    """
    has_formulas = False
    with zipfile.ZipFile(path) as archive:
        parts = archive.infolist()
        if len(parts) > _MOST_PARTS:
            raise _refused(path, f"it has {len(parts):,} parts")
        for part in parts:
            if not part.filename.lower().endswith((".xml", ".rels")):
                continue
            try:
                has_formulas |= _look_through(archive, part)
            except _HostilePartError as error:
                raise _refused(path, f"its part {part.filename!r} {error}") from None
    return WorkbookSurvey(has_formulas)


def _look_through(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> bool:
    """Whether the part is a sheet with formulas. Raises _HostilePartError."""
    name = part.filename.lower()
    is_sheet = name.startswith(_SHEETS)
    row_tag = (b"<row", b":row") if is_sheet else (b"<si", b":si") if name == _SHARED_TEXTS else ()
    most_rows = _MOST_ROW_TAGS if is_sheet else 2 * _MOST_SHARED_TEXTS
    most_tags = _MOST_TAGS_IN_ROW if row_tag else _MOST_TAGS_ELSEWHERE
    rows = tags = 0
    has_formulas = False
    for number, window in enumerate(_windows(archive, part)):
        if number == 0:
            _require_plain_encoding(window)
        if any(declaration in window for declaration in _DECLARATIONS):
            raise _HostilePartError("declares a document type or entities")
        last = max((window.rfind(each) for each in row_tag), default=-1)
        if last >= 0:
            rows += sum(window.count(each) for each in row_tag)
            tags = window.count(b"<", last)
        else:
            tags += window.count(b"<")
        if row_tag and b"<" not in window:
            raise _HostilePartError("has a cell of more than a million characters")
        if rows > most_rows:
            raise _HostilePartError("has more rows or texts than a workbook can")
        if tags > most_tags:
            raise _HostilePartError("has more elements in one place than a workbook can")
        if is_sheet and not has_formulas:
            has_formulas = any(each in window for each in _FORMULA_TAGS)
    return has_formulas


def _windows(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> Iterator[bytes]:
    """The part, a megabyte at a time; each begins with the last bytes of the one before, where a word may be cut."""
    tail = b""
    with archive.open(part) as entry:
        while chunk := entry.read(_CHUNK):
            yield tail + chunk
            tail = chunk[-9:]


def _require_plain_encoding(head: bytes) -> None:
    if b"\0" in head[:64] or head.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise _HostilePartError("is not XML in UTF-8")
    if not head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"<"):
        raise ValueError("a part that is no XML")  # damage, as any other
    declared = _ENCODING.search(head[:400])
    if declared and not _ONE_BYTE.fullmatch(declared[1].decode("ascii")):
        raise _HostilePartError(f"is encoded as {declared[1].decode('ascii')}, which spreadsheet programs do not write")


def _refused(path: Path, why: str) -> TableError:
    return TableError(
        f"{path} is not read: {why}.",
        hint="No spreadsheet program writes such a workbook. If you trust it, open it in one and save it as CSV.",
    )
