"""The encoding of a text file: told by its byte order mark, by its zero bytes, or by reading it through."""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from pathlib import Path

from evaluator.errors import Mistake, TableError

CHUNK_BYTES = 1 << 20
# The longer mark comes first: the UTF-32 mark begins with the UTF-16 one.
BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
CP1252_NOTE = (
    "the file is not UTF-8; it was read as Windows-1252. If letters look wrong, save it as 'CSV UTF-8' and start again"
)


@dataclass(frozen=True, slots=True)
class TextEncoding:
    """A Python codec that decodes the whole file; `note` says so where it was a fallback."""

    codec: str
    note: str | None = None


def detect_encoding(path: Path) -> TextEncoding:
    """The encoding of the file, read through once.

    UTF-8, UTF-16 and UTF-32 with a byte order mark; UTF-16 without one where every other byte is zero; UTF-8;
    else Windows-1252, unless most of the file is UTF-8, which is then damaged and not guessed at.
    Raises TableError for damaged text and for zero bytes, with the line.
    """
    with path.open("rb") as file:
        head = file.read(CHUNK_BYTES)
    codec = _codec_by_mark(head) or _codec_by_zero_bytes(head) or "utf-8"
    damage = _first_damage(path, codec)
    if damage is None:
        return TextEncoding(codec)
    if codec != "utf-8" or damage.zero_byte or _is_mostly_utf8(path) or _first_damage(path, "cp1252"):
        raise _damaged(path, codec, damage)
    return TextEncoding("cp1252", CP1252_NOTE)


def _codec_by_mark(head: bytes) -> str | None:
    return next((codec for mark, codec in BYTE_ORDER_MARKS if head.startswith(mark)), None)


def _codec_by_zero_bytes(head: bytes) -> str | None:
    """UTF-16 without a mark has a zero in every other byte of each delimiter, line end and Latin letter."""
    pairs = len(head) // 2
    if not pairs:
        return None
    zeros_even, zeros_odd = head[0 : pairs * 2 : 2].count(0), head[1 : pairs * 2 : 2].count(0)
    if zeros_odd > 0.3 * pairs and zeros_even < 0.01 * pairs:
        return "utf-16-le"
    if zeros_even > 0.3 * pairs and zeros_odd < 0.01 * pairs:
        return "utf-16-be"
    return None


@dataclass(frozen=True, slots=True)
class _Damage:
    line: int
    zero_byte: bool


def _first_damage(path: Path, codec: str) -> _Damage | None:
    """Where the file stops being text in this encoding, or holds a zero character; None if it is clean."""
    decoder = codecs.getincrementaldecoder(codec)()
    line = 1
    with path.open("rb") as file:
        while True:
            chunk = file.read(CHUNK_BYTES)
            try:
                text = decoder.decode(chunk, final=not chunk)
            except UnicodeDecodeError as error:
                readable = error.object[: error.start].decode(codec, errors="ignore")
                return _Damage(line + readable.count("\n"), zero_byte="\0" in readable)
            if "\0" in text:
                return _Damage(line + text[: text.index("\0")].count("\n"), zero_byte=True)
            if not chunk:
                return None
            line += text.count("\n")


def _is_mostly_utf8(path: Path) -> bool:
    """Whether more letters decode as UTF-8 sequences than fail to: Windows-1252 text hardly ever does."""
    decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
    decoded = failed = 0
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            text = decoder.decode(chunk)
            failures = text.count("\ufffd")
            failed += failures
            decoded += sum(character > "\x7f" for character in text) - failures
    return decoded > failed


def _damaged(path: Path, codec: str, damage: _Damage) -> TableError:
    if damage.zero_byte:
        what = "a zero byte, which no text has: the file is damaged or is not a text file"
    else:
        what = f"bytes that are not text ({codec.removesuffix('-sig').upper()}): the file is damaged"
    return TableError(
        f"{path} cannot be read as text.",
        mistakes=[Mistake(what, file=str(path), line=damage.line)],
        hint="Export the table again, as 'CSV UTF-8' or as .xlsx.",
    )
