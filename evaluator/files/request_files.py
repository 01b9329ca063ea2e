"""Files of requests for a batch: as many as the limits of the Batch API make necessary, one model in each."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from evaluator.errors import InputError, Mistake, OutputError

MOST_REQUESTS = 50_000
MOST_BYTES = 200_000_000
_NAME = re.compile(r"requests-(\d{4,})\.jsonl")
_ID_BYTES = 16  # of a fingerprint's 32: enough to tell requests apart, half the memory

WriteLine = Callable[[str, Mapping[str, Any]], bytes]
"""A request's fingerprint and body in, its line out."""


@dataclass(frozen=True, slots=True)
class RequestFile:
    """A whole file of requests to one model."""

    path: Path
    model: str
    requests: int


@dataclass(slots=True)
class _Open:
    model: str
    part: Path
    file: BinaryIO
    requests: int = 0
    bytes: int = 0


class RequestFiles:
    """Writes requests as they come, each once; a context manager. `written` lists the files after it ends.

    A file is renamed to its name when it is whole: `requests-0001.jsonl`, and so on. What is in `waiting`
    (`short_id`s) waits in a batch already and is left out. Where the block fails, nothing is left.
    """

    def __init__(
        self,
        folder: Path,
        line: WriteLine,
        *,
        waiting: set[bytes] | None = None,
        refused: set[str] | None = None,
        most_requests: int = MOST_REQUESTS,
        most_bytes: int = MOST_BYTES,
    ) -> None:
        self._folder = folder
        self._line = line
        self._seen = set(waiting or ())
        self._refused = set(refused or ())
        self._most_requests = most_requests
        self._most_bytes = most_bytes
        self._open: dict[str, _Open] = {}
        self._whole: list[_Open] = []
        self._next = 1 + max(
            (int(found[1]) for each in request_files_in(folder) if (found := _NAME.fullmatch(each.name))), default=0
        )
        self.written: tuple[RequestFile, ...] = ()
        self.requests = 0

    @property
    def refused(self) -> set[str]:
        """Parameters that the models are known to refuse."""
        return self._refused

    def __enter__(self) -> RequestFiles:
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(f"The folder {self._folder} cannot be made: {error.strerror}.") from error
        for part in self._folder.glob(".requests-*.part"):
            part.unlink(missing_ok=True)  # of a run that was killed
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        self._whole += self._open.values()
        self._open.clear()
        if kind is not None:
            self._leave_nothing()
            return
        for each in self._whole:
            try:
                each.file.flush()
                os.fsync(each.file.fileno())
                each.file.close()
            except OSError as failed:
                self._leave_nothing()
                raise _cannot_go_on(each, failed) from failed
        self.written = tuple(self._named(each) for each in self._whole)

    def add(self, fingerprint: str, model: str, body: Mapping[str, Any]) -> None:
        """Writes a request unless it was written before. Raises OutputError where the disk is full or gone."""
        name = short_id(fingerprint)
        if name in self._seen:
            return
        line = self._line(fingerprint, body)
        into = self._open.get(model)
        if into is None or into.requests >= self._most_requests or into.bytes + len(line) > self._most_bytes:
            into = self._begin(model)
        try:
            into.file.write(line)
        except OSError as error:
            raise _cannot_go_on(into, error) from error
        self._seen.add(name)
        into.requests += 1
        into.bytes += len(line)
        self.requests += 1

    def _begin(self, model: str) -> _Open:
        before = self._open.pop(model, None)
        if before is not None:
            self._whole.append(before)
        part = self._folder / f".requests-{self._next:04d}.part"
        self._next += 1
        try:
            begun = _Open(model, part, part.open("wb"))
        except OSError as error:
            raise OutputError(f"{part} cannot be written: {error.strerror}.") from error
        self._open[model] = begun
        return begun

    def _leave_nothing(self) -> None:
        for each in self._whole:
            with suppress(OSError):  # closing writes what is left, and finds the disk as full as before
                each.file.close()
            each.part.unlink(missing_ok=True)

    def _named(self, whole: _Open) -> RequestFile:
        path = _whole_name(whole)
        whole.part.rename(path)
        return RequestFile(path, whole.model, whole.requests)


def _whole_name(written: _Open) -> Path:
    return written.part.with_name(written.part.name.removeprefix(".").replace(".part", ".jsonl"))


def _cannot_go_on(written: _Open, error: OSError) -> OutputError:
    return OutputError(
        f"{_whole_name(written)} cannot be written any further: {error.strerror}.",
        hint="Make room there, or give another folder with --out; nothing was left behind.",
    )


def short_id(fingerprint: str) -> bytes:
    """A request's fingerprint, shortened for large sets of them."""
    return bytes.fromhex(fingerprint)[:_ID_BYTES]


def whole_id(fingerprint: str) -> bytes:
    """A request's fingerprint as bytes, where it has to be found again by them."""
    return bytes.fromhex(fingerprint)


def read_requests(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each request of a file as (fingerprint, body). Raises InputError naming the line."""
    try:
        with path.open("rb") as lines:
            for number, line in enumerate(lines, start=1):
                try:
                    request = json.loads(line)
                    name, body = str(request["custom_id"]), dict(request["body"])
                    short_id(name)
                except (ValueError, KeyError, TypeError, RecursionError):
                    raise InputError(
                        "A line is not a request.", mistakes=[Mistake("not as it was written", str(path), number)]
                    ) from None
                yield name, body
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.") from error


def requested_in(folder: Path) -> set[bytes]:
    """The `whole_id`s of every request in a folder's files. Raises InputError where there are no such files."""
    files = request_files_in(folder)
    if not files:
        raise InputError(f"{folder} holds no requests-NNNN.jsonl.", hint="Name the folder of `evaluator batch export`.")
    return {whole_id(name) for path in files for name, _ in read_requests(path)}


def request_files_in(folder: Path) -> list[Path]:
    """A folder's files of requests, in order."""
    return sorted(each for each in folder.glob("requests-*.jsonl") if _NAME.fullmatch(each.name))
