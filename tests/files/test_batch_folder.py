"""The journal of batches: readable after any death, never believed where it is damaged."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluator.core.batch_state import BatchEvent, CollectedFile, Created, Creating, Prepared, Uploaded, state_after
from evaluator.errors import InputError
from evaluator.files.batch_folder import batch_folder

NAME = "requests-0001.jsonl"
EVENTS: list[BatchEvent] = [
    Prepared(file=NAME, model="m", requests=3, ticket="t"),
    Uploaded(file=NAME, file_id="file-1"),
    Creating(file=NAME),
    Created(file=NAME, batch_id="batch-1"),
    CollectedFile(file=NAME, ended="completed", kept=3, missing=0, cost_usd=0.1),
]


def write(folder: Path, events: list[BatchEvent]) -> Path:
    with batch_folder(folder, make=True) as opened:
        for event in events:
            opened.note(event)
    return folder / "batches.jsonl"


@given(st.integers(0, 600))
def test_a_journal_that_breaks_off_anywhere_says_what_had_happened(
    tmp_path_factory: pytest.TempPathFactory, cut: int
) -> None:
    """Half a line is as if it had not been written; what is noted next stands on a line of its own."""
    folder = tmp_path_factory.mktemp("b")
    journal = write(folder, EVENTS)
    content = journal.read_bytes()[:cut]
    journal.write_bytes(content)
    whole = content.count(b"\n")
    with batch_folder(folder, make=True) as opened:
        assert opened.state == state_after(EVENTS[:whole])
        opened.note(Prepared(file="requests-0002.jsonl", model="m", requests=1, ticket="u"))
    with batch_folder(folder) as opened:
        assert opened.state.files[-1].file == "requests-0002.jsonl"


@given(st.lists(st.sampled_from(EVENTS[1:]), max_size=12))
def test_repeating_events_changes_nothing(events: list[BatchEvent]) -> None:
    """The state follows from what happened, not from how often it was written down."""
    assert state_after([EVENTS[0], *events]) == state_after([EVENTS[0], *events, *events])


def test_a_damaged_line_stops_everything(tmp_path: Path) -> None:
    """A batch that is forgotten could be paid for twice: the line is named."""
    journal = write(tmp_path, EVENTS)
    lines = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join([*lines[:2], b'{"event": "created"}\n', *lines[2:]]))
    with pytest.raises(InputError, match=r"batches\.jsonl:3"), batch_folder(tmp_path):
        pass


def test_one_process_at_a_time(tmp_path: Path) -> None:
    """Two that submit at once would submit twice."""
    with (
        batch_folder(tmp_path, make=True),
        pytest.raises(InputError, match="Another process"),
        batch_folder(tmp_path, make=True),
    ):
        pass


def test_a_file_of_requests_that_was_never_noted_is_taken_away(tmp_path: Path) -> None:
    """A process that was killed between the two leaves a file that nobody submitted; it will be written anew."""
    write(tmp_path, EVENTS[:1])
    for name in (NAME, "requests-0002.jsonl"):
        (tmp_path / name).write_bytes(b"")
    with batch_folder(tmp_path):
        assert [path.name for path in sorted(tmp_path.glob("requests-*"))] == [NAME]
