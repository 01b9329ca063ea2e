"""The lines of a batch: read and checked on the way in; answered, failed, lost or cut short on the way out."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import msgspec

from benchmarks.mock.options import Options
from benchmarks.mock.outcome import uniform
from benchmarks.mock.response import error_body

MOST_LINES = 50_000
MOST_BYTES = 200_000_000

LineFate = Literal["answered", "failed", "expired", "missing", "garbled", "duplicated"]
AnswerLine = Callable[[bytes], tuple[int, bytes]]
"""The body of a request in, the HTTP status and the body of its reply out."""


class BatchLine(msgspec.Struct):
    """One request of an input file; its body is kept as it was written."""

    custom_id: str
    url: str
    body: msgspec.Raw
    method: str = "POST"


@dataclass(frozen=True, slots=True)
class LineProblem:
    """Why an input file was refused; `line` counts from 1."""

    code: str
    message: str
    line: int | None


def read_lines(content: bytes, endpoint: str) -> tuple[list[BatchLine], list[LineProblem]]:
    """The requests of an input file, and what is wrong with it."""
    problems: list[LineProblem] = []
    lines: list[BatchLine] = []
    seen: set[str] = set()
    if len(content) > MOST_BYTES:
        problems.append(LineProblem("file_too_large", f"The file has more than {MOST_BYTES} bytes.", None))
        return [], problems
    decoder = msgspec.json.Decoder(BatchLine)
    for number, text in enumerate(content.split(b"\n"), start=1):
        if not text.strip():
            continue
        try:
            line = decoder.decode(text)
        except msgspec.MsgspecError as error:
            problems.append(LineProblem("invalid_json_line", str(error), number))
            continue
        if line.custom_id in seen:
            problems.append(LineProblem("duplicate_custom_id", f"'{line.custom_id}' stands there twice.", number))
        if line.url != endpoint:
            problems.append(LineProblem("mismatched_url", f"'{line.url}' is not '{endpoint}'.", number))
        seen.add(line.custom_id)
        lines.append(line)
    if not lines and not problems:
        problems.append(LineProblem("empty_file", "The file holds no request.", None))
    if len(lines) > MOST_LINES:
        problems.append(LineProblem("too_many_tasks", f"More than {MOST_LINES} requests.", None))
    return lines, problems


def fate_of_line(options: Options, custom_id: str) -> LineFate:
    """What happens to a line: decided by the seed and its id alone."""
    shares: tuple[tuple[LineFate, float], ...] = (
        ("failed", options.batch_share_failed),
        ("expired", options.batch_share_expired),
        ("missing", options.batch_share_missing),
        ("garbled", options.batch_share_garbled),
        ("duplicated", options.batch_share_duplicated),
    )
    drawn = uniform(options.seed, custom_id.encode(), 0, b"batch")
    for fate, share in shares:
        if drawn < share:
            return fate
        drawn -= share
    return "answered"


@dataclass(frozen=True, slots=True)
class BatchOutput:
    """What a batch leaves: two files' content, and how many requests ended in which way."""

    output: bytes
    errors: bytes
    completed: int
    failed: int


def write_output(options: Options, lines: Sequence[BatchLine], done: int, answer: AnswerLine) -> BatchOutput:
    """The output and error files after the first `done` lines were worked on; the rest expired.

    Lines stand in an order that has nothing to do with that of the input.
    """
    output: list[tuple[bytes, bytes]] = []
    errors: list[tuple[bytes, bytes]] = []
    completed = 0
    for number, line in enumerate(lines):
        place = hashlib.blake2b(b"%d|" % options.seed + line.custom_id.encode(), digest_size=8).digest()
        fate = "expired" if number >= done else fate_of_line(options, line.custom_id)
        if fate == "expired":
            said = "This request could not be executed before the completion window expired."
            errors.append((place, _line(line, None, {"code": "batch_expired", "message": said})))
            continue
        if fate == "failed":
            body = msgspec.json.encode({"error": error_body(500, "The server had an error.", "server_error")})
            errors.append((place, _line(line, (500, body), None)))
            continue
        status, body = answer(bytes(line.body))
        written = _line(line, (status, body), None)
        if status != 200:
            errors.append((place, written))
            continue
        completed += 1
        if fate == "garbled":
            output.append((place, written[: len(written) // 2]))
        elif fate != "missing":
            output.append((place, written))
        if fate == "duplicated":
            output.append((place[::-1], written))
    return BatchOutput(_shuffled(output), _shuffled(errors), completed, len(errors))


def _shuffled(lines: list[tuple[bytes, bytes]]) -> bytes:
    return b"".join(line + b"\n" for _, line in sorted(lines, key=lambda pair: pair[0]))


def _line(line: BatchLine, reply: tuple[int, bytes] | None, error: dict[str, Any] | None) -> bytes:
    number = hashlib.blake2b(line.custom_id.encode(), digest_size=12).hexdigest()
    answered = None
    if reply is not None:
        answered = {"status_code": reply[0], "request_id": f"req_{number}", "body": msgspec.Raw(reply[1])}
    return msgspec.json.encode(
        {"id": f"batch_req_{number}", "custom_id": line.custom_id, "response": answered, "error": error}
    )
