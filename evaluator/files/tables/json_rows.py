"""Rows of a JSON Lines file, or of a JSON file that is one list of objects."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from evaluator.errors import Mistake, TableError
from evaluator.files.tables.limits import MOST_KEYS
from evaluator.files.tables.table_row import Cell, OddCell, TableRow
from evaluator.files.tables.text_encoding import detect_encoding
from evaluator.files.tables.text_lines import LineTooLongError, text_lines

# A list has to be read whole; above this the file is asked for as JSON Lines, which is not.
LARGEST_LIST = 256 * 1024 * 1024  # bytes
BROKEN_CHARACTER_NOTE = "half of a broken character (a lone surrogate) is read as the replacement character"
LACKING = OddCell(lacking=True)


@dataclass(frozen=True, slots=True)
class JsonRows:
    """A JSON file that can be read object by object; its columns are all keys that any object has."""

    path: Path
    format: str
    encoding: str
    headings: tuple[str, ...]
    notes: tuple[str, ...]
    cells_can_shift: bool = False

    def rows(self) -> Iterator[TableRow]:
        """Every object; its number is its line, or its place in the list counted from 1."""
        for number, item in _items(self.path, self.format, self.encoding):
            if isinstance(item, str):
                yield TableRow(number, (), problem=item)
            else:
                yield TableRow(number, [_cell(item[key]) if key in item else LACKING for key in self.headings])


def open_json(path: Path, table_format: str) -> JsonRows:
    """The file with its encoding told and its keys gathered. Raises TableError where it is not text or no list."""
    encoding = detect_encoding(path)
    keys: dict[str, None] = {}
    for _, item in _items(path, table_format, encoding.codec):
        if isinstance(item, dict):
            keys.update(dict.fromkeys(item))
        if len(keys) > MOST_KEYS:
            raise TableError(
                f"{path} has more than {MOST_KEYS:,} different keys: it is not a table.",
                hint="Write each answer as an object with candidate_id, question_id and answer.",
            )
    notes = (encoding.note,) if encoding.note else ()
    return JsonRows(path, table_format, encoding.codec, tuple(keys), notes)


Object = dict[str, object]


def _items(path: Path, table_format: str, encoding: str) -> Iterator[tuple[int, Object | str]]:
    """Each object with its number, or what is wrong with it."""
    if table_format == "json":
        yield from enumerate(_list_items(path, encoding), start=1)
        return
    with path.open(encoding=encoding) as lines:
        number = 0
        try:
            for number, line in enumerate(text_lines(lines), start=1):
                if line.strip():
                    yield number, _parse_line(line)
        except LineTooLongError as error:
            yield number + 1, str(error)


def _parse_line(line: str) -> Object | str:
    try:
        value = _decode(line)
    except json.JSONDecodeError as error:
        return f"is not JSON: {error.msg} at character {error.pos + 1}"
    except _RepeatedKeyError as error:
        return f"has the key {error.key!r} twice"
    except RecursionError:
        return "is nested too deeply"
    return value if isinstance(value, dict) else "is not a JSON object in curly brackets"


def _list_items(path: Path, encoding: str) -> Iterator[Object | str]:
    if path.stat().st_size > LARGEST_LIST:
        raise TableError(
            f"{path} is one JSON list of more than {LARGEST_LIST // 2**20} MB.",
            hint="Write it as JSON Lines (one object a line, .jsonl): that is read line by line.",
        )
    try:
        values = _decode(path.read_text(encoding=encoding))
    except json.JSONDecodeError as error:
        raise TableError(
            f"{path} is not valid JSON.",
            mistakes=[Mistake(f"{error.msg} at character {error.colno}", str(path), error.lineno)],
            hint="Write one list of objects, or one object a line (.jsonl).",
        ) from error
    except _RepeatedKeyError as error:
        raise TableError(
            f"{path} has an object with the key {error.key!r} twice.", hint="Keep one of the two."
        ) from error
    except RecursionError as error:
        raise TableError(f"{path} is nested too deeply to be a table.") from error
    if not isinstance(values, list):
        raise TableError(
            f"{path} is not a list of objects.",
            hint="Write one list of objects, or one object a line (.jsonl).",
        )
    for value in values:
        yield value if isinstance(value, dict) else "is not a JSON object in curly brackets"


class _RepeatedKeyError(ValueError):
    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


def _object(pairs: list[tuple[str, object]]) -> Object:
    value = dict(pairs)
    if len(value) < len(pairs):
        raise _RepeatedKeyError(Counter(key for key, _ in pairs).most_common(1)[0][0])
    return value


def _no_number(_: str) -> None:
    """NaN and Infinity, which some programs write where there is nothing."""


# Made once: with options of its own, json.loads makes one for every line. Numbers stay as they are written (007.50 is
# not JSON, but 7.50 is and must not become 7.5).
_decode = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=_no_number, object_pairs_hook=_object).decode


def _cell(value: object) -> Cell:
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _with_whole_characters(value)
    kind = "a list" if isinstance(value, list) else "an object of its own"
    return OddCell(problem=f"holds {kind}, not text")


def _with_whole_characters(text: str) -> Cell:
    """Text that can be written to a file again: JSON escapes may hold half of an emoji, which nothing encodes."""
    try:
        text.encode()
    except UnicodeEncodeError:
        whole = "".join("\ufffd" if "\ud800" <= character <= "\udfff" else character for character in text)
        return OddCell(text=whole, note=BROKEN_CHARACTER_NOTE)
    return text
