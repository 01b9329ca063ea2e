"""Which format a table's file really has, told by its first bytes; its name only settles what they leave open."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Literal

from evaluator.errors import TableError

TableFormat = Literal["csv", "tsv", "xlsx", "jsonl", "json", "parquet"]

SAVE_AS = "Open it where it was made and save or export it as .xlsx or CSV."
READABLE = "Tables are read from CSV, TSV, XLSX, JSONL and Parquet files."
OLE_COMPOUND_FILE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
NOT_A_TABLE = (
    (b"%PDF", "a PDF document"),
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"{\\rtf", "an RTF document"),
    (b"\x1f\x8b", "a gzip archive: unpack it first"),
    (b"7z\xbc\xaf", "a 7z archive: unpack it first"),
    (b"Rar!", "a RAR archive: unpack it first"),
    (b"SQLite format 3", "an SQLite database"),
    (b"PARE", "an encrypted Parquet file"),
)
# Refused above this: a small file can be made to unpack to more than a machine holds.
LARGEST_UNPACKED_WORKBOOK = 512 * 1024 * 1024  # bytes


def detect_format(path: Path) -> TableFormat:
    """The format of the file. Raises TableError where there is no file, nothing in it, or no table."""
    head = _head(path)
    if head.startswith(b"PAR1"):
        return "parquet"
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")):
        return _format_of_zip(path)
    if head.startswith(OLE_COMPOUND_FILE):
        raise _ole_error(path)
    for magic, name in NOT_A_TABLE:
        if head.startswith(magic):
            raise TableError(f"{path} is {name}, not a table.", hint=f"{READABLE} {SAVE_AS}")
    return _format_of_text(path, head)


def _head(path: Path) -> bytes:
    if not path.exists():
        raise TableError(f"{path}: there is no such file.", hint="Check the path and its spelling.")
    if path.is_dir():
        raise TableError(f"{path} is a folder, not a file.", hint="Name the file of answers inside it.")
    if not path.is_file():
        # A pipe can be read once only; finding duplicates and counting takes a pass of its own.
        raise TableError(f"{path} is not a regular file.", hint="Save the table to a file first.")
    try:
        with path.open("rb") as file:
            head = file.read(4096)
    except OSError as error:
        raise TableError(f"{path} cannot be opened: {error.strerror}.") from error
    if not head:
        raise TableError(f"{path} is empty.", hint="Export the answers again.")
    return head


def _format_of_zip(path: Path) -> TableFormat:
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
    # All of these are zipfile's own words for a damaged file: NotImplementedError where a broken header asks for a
    # version of the format that it does not know, ValueError where one holds what cannot be a place or a name.
    except (zipfile.BadZipFile, NotImplementedError, OSError, ValueError) as error:
        raise TableError(
            f"{path} is damaged: it begins like an .xlsx file but does not end like one.",
            hint="Download or export it again.",
        ) from error
    names = {entry.filename for entry in entries}
    if "xl/workbook.xml" not in names:
        raise TableError(f"{path} is {_kind_of_zip(names)}, not a table.", hint=f"{READABLE} {SAVE_AS}")
    unpacked = sum(entry.file_size for entry in entries)
    if unpacked > LARGEST_UNPACKED_WORKBOOK:
        raise TableError(
            f"{path} would unpack to {unpacked // 2**20:,} MB; workbooks are read up to "
            f"{LARGEST_UNPACKED_WORKBOOK // 2**20} MB.",
            hint="If it is really that large, save it as CSV: that is read row by row.",
        )
    return "xlsx"


def _kind_of_zip(names: set[str]) -> str:
    for start, kind in (
        ("xl/workbook.bin", "a binary Excel workbook (.xlsb)"),
        ("word/", "a Word document"),
        ("ppt/", "a PowerPoint document"),
        ("content.xml", "an OpenDocument file (.ods or .odt)"),
        ("index/", "a Numbers or Pages document"),
    ):
        if any(name.lower().startswith(start) for name in names):
            return kind
    return "a zip archive"


def _ole_error(path: Path) -> TableError:
    """What an OLE file is: old Excel, or the envelope of a workbook with a password."""
    content = path.read_bytes()  # the names stand anywhere in it; such files are small
    if "EncryptedPackage".encode("utf-16-le") in content:
        return TableError(
            f"{path} is protected with a password.",
            hint="Open it in Excel, remove the password (File, Info, Protect Workbook) and save it.",
        )
    if "WordDocument".encode("utf-16-le") in content:
        return TableError(f"{path} is an old Word document (.doc), not a table.", hint=f"{READABLE} {SAVE_AS}")
    return TableError(f"{path} is an old Excel workbook (.xls).", hint="Save it as .xlsx or CSV.")


def _format_of_text(path: Path, head: bytes) -> TableFormat:
    # Zero bytes are dropped so that UTF-16 shows its first letters too; the encoding is told elsewhere.
    start = head.lstrip(b"\xef\xbb\xbf\xff\xfe").replace(b"\0", b"").lstrip().lower()
    if start.startswith((b"<!doctype html", b"<html", b"<table", b"<head", b"<body")):
        raise TableError(f"{path} is a web page (HTML), not a table.", hint=f"{READABLE} {SAVE_AS}")
    if start.startswith(b"<?xml"):
        raise TableError(f"{path} is an XML file, not a table.", hint=f"{READABLE} {SAVE_AS}")
    suffix = path.suffix.lower()
    if suffix == ".parquet":
        raise TableError(f"{path} is not a Parquet file, or is damaged.", hint="Write or download it again.")
    if suffix in {".xlsx", ".xlsm"}:
        return _text_named_excel(path, start)
    named_json = suffix in {".jsonl", ".ndjson", ".json"}
    if start.startswith(b"[") and (named_json or start[1:].lstrip().startswith(b"{")):
        return "json"
    if named_json or (start.startswith(b"{") and start[1:].lstrip().startswith((b'"', b"}"))):
        return "jsonl"
    return "tsv" if suffix in {".tsv", ".tab"} else "csv"


def _text_named_excel(path: Path, start: bytes) -> TableFormat:
    """A text file with a workbook's name is read as the text it is; anything else is damage."""
    if any(byte < 9 for byte in start):
        raise TableError(f"{path} is not an Excel workbook, or is damaged.", hint="Download or export it again.")
    return "csv"
