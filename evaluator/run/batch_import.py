"""Batch-API output into the ledger: in any order, with whatever is missing, doubled, failed or broken counted."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Literal

from evaluator.core.ledger import KeptReply, Ledger
from evaluator.core.reply import Usage
from evaluator.errors import InputError
from evaluator.files.request_files import whole_id
from evaluator.graders.batch_line import Answered, BadKind, read_output_line

_AT_ONCE = 500  # lines; what the ledger commits together
_MOST_PLACES = 10
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"  # some editors begin a file with it

Kind = Literal[BadKind, "kept", "known", "duplicated"]


@dataclass(frozen=True, slots=True)
class Saying:
    """How a kind of line is said to people, of one and of several."""

    one: str
    several: str


# In the order of a report.
SAYINGS: Mapping[Kind, Saying] = {
    "kept": Saying("reply kept", "replies kept"),
    "known": Saying("was in the ledger before", "were in the ledger before"),
    "duplicated": Saying("stands there twice; the first counts", "stand there twice; the first counts"),
    "failed": Saying("failed", "failed"),
    "refused": Saying("was declined by the model", "were declined by the model"),
    "cut_off": Saying("was cut off at the limit of tokens", "were cut off at the limit of tokens"),
    "not_json": Saying("is not the JSON that was asked for", "are not the JSON that was asked for"),
    "request": Saying("is a request, and no reply to one", "are requests, and no replies to them"),
    "malformed": Saying("is no line of a batch's output", "are no lines of a batch's output"),
    "unknown": Saying("answers no request of ours", "answer no request of ours"),
}


@dataclass(frozen=True, slots=True)
class Place:
    """A line of a file, counted from 1."""

    file: Path
    line: int

    def __str__(self) -> str:
        return f"{self.file.name}:{self.line}"


@dataclass(slots=True)
class ImportReport:
    """What the lines were. Every line is counted once; `missing` counts requests that have no reply, in these lines or
    in the ledger.
    """

    counts: dict[Kind, int] = field(default_factory=dict)
    places: dict[Kind, list[Place]] = field(default_factory=dict)
    """The first few of each kind."""
    codes: dict[str, int] = field(default_factory=dict)
    """The endpoint's reasons, of failed ones."""
    refused: set[str] = field(default_factory=set)
    """Parameters that the model does not take."""
    missing: int | None = None
    """None where it is not known what was asked."""
    usage: dict[str | None, Usage] = field(default_factory=dict)
    """What was billed, by the model that names itself: replies that are kept, here or before, and those that cannot
    be."""

    @property
    def kept(self) -> int:
        """Replies that are new in the ledger."""
        return self.counts.get("kept", 0)

    @property
    def is_lacking(self) -> bool:
        """Whether a line brought no reply, or a request has none."""
        good = ("kept", "known", "duplicated")
        return bool(self.missing) or any(count for kind, count in self.counts.items() if kind not in good)

    def note(self, kind: Kind, place: Place) -> None:
        """Counts a line."""
        self.counts[kind] = self.counts.get(kind, 0) + 1
        places = self.places.setdefault(kind, [])
        if len(places) < _MOST_PLACES:
            places.append(place)

    def bill(self, model: str | None, usage: Usage) -> None:
        """Adds what a line took."""
        self.usage[model] = self.usage.get(model, Usage()) + usage


async def import_output(ledger: Ledger, files: Iterable[Path], requested: set[bytes] | None = None) -> ImportReport:
    """Keeps every usable reply; what the ledger holds already stays. `requested`: the `whole_id`s that were asked.

    Raises InputError where a file cannot be read and StoreError where the ledger cannot keep.
    """
    report = ImportReport()
    seen: set[bytes] = set()
    for path in files:
        try:
            with path.open("rb") as file:
                lines = (
                    (Place(path, number), line) for number, line in enumerate(_without_mark(file), start=1) if line
                )
                while some := list(islice(lines, _AT_ONCE)):
                    answered = [found for place, line in some if (found := _read(place, line, requested, seen, report))]
                    await asyncio.gather(*(_keep(ledger, place, each, report) for place, each in answered))
        except OSError as error:
            raise InputError(f"{path} cannot be read: {error.strerror}.") from error
    if requested is not None:
        report.missing = await _without_reply(ledger, requested - seen)
    return report


async def _without_reply(ledger: Ledger, names: set[bytes]) -> int:
    """How many of these the ledger holds nothing of: other files may have been taken in before."""
    missing = 0
    left = iter(names)
    while some := list(islice(left, _AT_ONCE)):
        found = await asyncio.gather(*(ledger.find(name.hex()) for name in some))
        missing += found.count(None)
    return missing


def _without_mark(lines: Iterable[bytes]) -> Iterator[bytes]:
    """Lines without the space around them."""
    for number, line in enumerate(lines):
        yield (line if number else line.removeprefix(_BYTE_ORDER_MARK)).strip()


def _read(
    place: Place, line: bytes, requested: set[bytes] | None, seen: set[bytes], report: ImportReport
) -> tuple[Place, Answered] | None:
    found = read_output_line(line)
    if found.fingerprint is None:
        report.note(found.kind if not isinstance(found, Answered) else "unknown", place)
        return None
    name = whole_id(found.fingerprint)
    if requested is not None and name not in requested:
        report.note("unknown", place)
        return None
    if isinstance(found, Answered):
        if name in seen:
            report.note("duplicated", place)
            return None
        seen.add(name)
        return place, found
    report.note(found.kind, place)
    if found.usage is not None:
        report.bill(None, found.usage)
    if found.code is not None:
        report.codes[found.code] = report.codes.get(found.code, 0) + 1
    if found.code in ("unsupported_parameter", "unsupported_value") and found.param:
        report.refused.add(found.param)
    return None


async def _keep(ledger: Ledger, place: Place, answered: Answered, report: ImportReport) -> None:
    reply: KeptReply = answered.reply
    report.bill(reply.model, reply.usage)
    if await ledger.find(answered.fingerprint) is not None:
        report.note("known", place)
        return
    await ledger.keep(answered.fingerprint, reply)
    report.note("kept", place)
