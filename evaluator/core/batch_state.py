"""Where each file of a batch stands, as it follows from what was written down about it; nothing else is remembered."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Annotated, Literal

from pydantic import Field

from evaluator.core.rubric import FileRecord

Ending = Literal["completed", "failed", "expired", "cancelled"]
ENDED: frozenset[str] = frozenset({"completed", "failed", "expired", "cancelled"})


class Prepared(FileRecord):
    """A file of requests is whole. The ticket is this attempt's name at the endpoint."""

    event: Literal["prepared"] = "prepared"
    file: str
    model: str
    requests: int
    ticket: str


class Uploaded(FileRecord):
    """The file is at the endpoint; nothing is paid for that."""

    event: Literal["uploaded"] = "uploaded"
    file: str
    file_id: str


class Creating(FileRecord):
    """A batch is about to be created: from now on it may exist, whether or not that was heard."""

    event: Literal["creating"] = "creating"
    file: str


class Created(FileRecord):
    """The batch exists."""

    event: Literal["created"] = "created"
    file: str
    batch_id: str


class CollectedFile(FileRecord):
    """The batch has ended and what it brought is in the ledger."""

    event: Literal["collected"] = "collected"
    file: str
    ended: Ending
    kept: int
    missing: int
    cost_usd: float | None


class Withdrawn(FileRecord):
    """The file was never a batch and will not be one: what it asked for may have been asked since, or need not be."""

    event: Literal["withdrawn"] = "withdrawn"
    file: str


class Refused(FileRecord):
    """The model does not take these parameters: they are left out from now on."""

    event: Literal["refused"] = "refused"
    parameters: tuple[str, ...]


BatchEvent = Annotated[
    Prepared | Uploaded | Creating | Created | CollectedFile | Withdrawn | Refused, Field(discriminator="event")
]


@dataclass(frozen=True, slots=True)
class BatchFile:
    """One file of requests and how far it has come."""

    file: str
    model: str
    requests: int
    ticket: str
    file_id: str | None = None
    may_exist: bool = False
    batch_id: str | None = None
    collected: CollectedFile | None = None


@dataclass(frozen=True, slots=True)
class BatchState:
    """All files in the order in which they were written, and what the models refuse."""

    files: tuple[BatchFile, ...] = ()
    refused: frozenset[str] = frozenset()

    @property
    def open_files(self) -> tuple[BatchFile, ...]:
        """Files whose replies are still to come."""
        return tuple(each for each in self.files if each.collected is None)

    @property
    def waiting_files(self) -> tuple[BatchFile, ...]:
        """Those of them that are a batch."""
        return tuple(each for each in self.open_files if each.batch_id is not None)

    @property
    def unsent_files(self) -> tuple[BatchFile, ...]:
        """Those of them that are none, as far as is known."""
        return tuple(each for each in self.open_files if each.batch_id is None)


def state_after(events: Iterable[BatchEvent]) -> BatchState:
    """Where everything stands after these events. An event twice changes nothing; one about an unknown file neither."""
    files: dict[str, BatchFile] = {}
    refused: set[str] = set()
    for event in events:
        if isinstance(event, Refused):
            refused.update(event.parameters)
        elif isinstance(event, Prepared):
            files.setdefault(event.file, BatchFile(event.file, event.model, event.requests, event.ticket))
        elif isinstance(event, Withdrawn):
            if event.file in files and files[event.file].batch_id is None:
                del files[event.file]
        elif event.file in files:
            files[event.file] = _moved(files[event.file], event)
    return BatchState(tuple(files.values()), frozenset(refused))


def _moved(file: BatchFile, event: Uploaded | Creating | Created | CollectedFile) -> BatchFile:
    if isinstance(event, Uploaded):
        return replace(file, file_id=event.file_id)
    if isinstance(event, Creating):
        return replace(file, may_exist=True)
    if isinstance(event, Created):
        return replace(file, may_exist=True, batch_id=event.batch_id)
    return replace(file, collected=event)
