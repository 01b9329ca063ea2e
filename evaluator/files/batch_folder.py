"""A folder of batches: its request files, what was asked, and a journal that a killed process leaves readable."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from evaluator.core.batch_state import BatchEvent, BatchFile, BatchState, Withdrawn, state_after
from evaluator.core.job_record import JobRecord
from evaluator.core.rubric import FileRecord
from evaluator.errors import InputError, Mistake, OutputError
from evaluator.files.folder_lock import locked
from evaluator.files.request_files import request_files_in
from evaluator.files.whole_file import whole_file

_JOURNAL = "batches.jsonl"
_ASKED = "batch.json"
_EVENT: TypeAdapter[BatchEvent] = TypeAdapter(BatchEvent)


class BatchPrice(FileRecord):
    """What a model's tokens cost, as `evaluator.core.price.Price` has it."""

    input: float
    output: float
    cached: float | None = None
    cache_write: float | None = None
    batch: float | None = None
    caches_in_batch: bool = False


class Asked(FileRecord):
    """What later commands need to know of the first: the endpoint, the prices, how to grade when all is in, the
    folder in which that is said (paths in it are relative to it), and what was asked of whom."""

    base_url: str | None
    prices: dict[str, BatchPrice | None]
    grade_with: str
    given_in: str
    job: JobRecord | None = None
    """None in folders of before it was written down."""


class BatchFolder:
    """The folder's journal, for whoever holds its lock. Each event is on disk before the next thing happens."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._events: list[BatchEvent] = list(_read_journal(path / _JOURNAL))

    @property
    def state(self) -> BatchState:
        """Where everything stands."""
        return state_after(self._events)

    @property
    def asked(self) -> Asked | None:
        """What was asked when the folder was made; None in a new one. Raises InputError where it is damaged."""
        path = self.path / _ASKED
        try:
            return Asked.model_validate_json(path.read_bytes())
        except FileNotFoundError:
            return None
        except (ValidationError, OSError) as error:
            raise InputError(f"{path} is damaged.", hint="Submit once more into another folder.") from error

    def remember(self, asked: Asked) -> None:
        """Writes down what was asked."""
        with whole_file(self.path / _ASKED) as partial:
            partial.write_text(asked.model_dump_json(indent=2) + "\n", encoding="utf-8")

    def file(self, name: str) -> Path:
        """A file of this folder."""
        return self.path / name

    def note(self, event: BatchEvent) -> None:
        """Appends an event; returns when it would survive the death of this process and of the machine."""
        try:
            with (self.path / _JOURNAL).open("ab") as journal:
                journal.write(event.model_dump_json().encode() + b"\n")
                journal.flush()
                os.fsync(journal.fileno())
        except OSError as error:
            raise OutputError(f"{self.path / _JOURNAL} cannot be written: {error.strerror}.") from error
        self._events.append(event)

    def withdraw(self, file: BatchFile) -> None:
        """Takes a file of requests away that was never a batch."""
        self.note(Withdrawn(file=file.file))
        self.file(file.file).unlink(missing_ok=True)

    def tidy(self) -> None:
        """Takes away what a killed process left: request files that are not noted, half a line of the journal."""
        _cut_half_a_line(self.path / _JOURNAL)
        noted = {file.file for file in self.state.files}
        for path in request_files_in(self.path):
            if path.name not in noted:
                path.unlink()


@contextmanager
def batch_folder(path: Path, *, make: bool = False) -> Iterator[BatchFolder]:
    """The folder at `path`, for this process alone. Raises InputError where it is none, and OutputError where another
    works in it, or it holds requests that go out by hand: what is not in the journal would be taken away.
    """
    if make:
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(f"The folder {path} cannot be made: {error.strerror}.") from error
    elif not (path / _JOURNAL).exists():
        raise InputError(f"{path} holds no batches.", hint="Name the folder of `evaluator batch submit`.")
    with locked(path):
        if make and not (path / _JOURNAL).exists():
            _begin(path)
        folder = BatchFolder(path)
        folder.tidy()
        yield folder


def _begin(path: Path) -> None:
    if request_files_in(path):
        raise OutputError(
            f"{path} holds requests that were exported, or has lost its journal.",
            hint="Choose another place with --out.",
        )
    try:
        (path / _JOURNAL).touch()
    except OSError as error:
        raise OutputError(f"{path / _JOURNAL} cannot be written: {error.strerror}.") from error


def batch_folders_in(place: Path) -> list[Path]:
    """The folders of batches that stand in this one."""
    return sorted(journal.parent for journal in place.glob(f"*/{_JOURNAL}"))


def _read_journal(path: Path) -> Iterator[BatchEvent]:
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return
    whole, _, _ = content.rpartition(b"\n")
    for number, line in enumerate(whole.splitlines(), start=1):
        try:
            yield _EVENT.validate_json(line)
        except ValidationError as error:
            said = str(error.errors(include_input=False)[0]["msg"])
            raise InputError(
                "A line of the journal of batches is damaged.",
                mistakes=[Mistake(said, str(path), number)],
                hint="Without it, batches could be paid for twice: mend the line, or submit into another folder.",
            ) from None


def _cut_half_a_line(path: Path) -> None:
    """A process that was killed while it wrote leaves a line without an end; what it said did not happen."""
    if not path.exists():
        return
    content = path.read_bytes()
    whole = content.rfind(b"\n") + 1
    if whole < len(content):
        os.truncate(path, whole)
