"""What is no output file of a batch at all: found before anything is taken in, with how it is made one."""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping
from pathlib import Path

from evaluator.errors import InputError

_UNPACK = "Unpack it, and import what is in it."
_SAVE = "Save it as UTF-8, and import that."
# How such files begin; the longer one of two that begin alike stands first.
_BEGINNINGS: Mapping[bytes, tuple[str, str]] = {
    b"\x1f\x8b": ("is compressed by gzip", _UNPACK),
    b"PK\x03\x04": ("is a ZIP file", _UNPACK),
    codecs.BOM_UTF32_LE: ("is UTF-32", _SAVE),
    codecs.BOM_UTF32_BE: ("is UTF-32", _SAVE),
    codecs.BOM_UTF16_LE: ("is UTF-16", _SAVE),
    codecs.BOM_UTF16_BE: ("is UTF-16", _SAVE),
}
_LIST = re.compile(rb"\s*\[\s*\{")
_LONGEST = 100  # bytes


def require_output_file(path: Path) -> None:
    """Raises InputError where the file cannot hold the lines of a batch's output, whatever they are."""
    if path.is_fifo():
        return  # what is read from a pipe is gone
    if path.is_dir():
        raise InputError(f"{path} is a folder.", hint="Name the output files in it.")
    try:
        with path.open("rb") as file:
            beginning = file.read(_LONGEST)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.") from error
    for begins, (what, hint) in _BEGINNINGS.items():
        if beginning.startswith(begins):
            raise InputError(f"{path} {what}.", hint=hint)
    if _LIST.match(beginning.removeprefix(codecs.BOM_UTF8)):
        raise InputError(
            f"{path} is a JSON list.", hint="A batch's output has one JSON object a line: jq -c '.[]' makes them."
        )
