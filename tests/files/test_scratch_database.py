"""The databases that stand in for memory: any id is kept apart from any other, and a full disk is said plainly."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluator.files.answers_by_candidate import AnswersByCandidate
from evaluator.files.scratch_database import ScratchDatabase, key_of, restored, stored

# Surrogates too: JSON escapes can hold half of an emoji.
ANY_TEXT = st.text(alphabet=st.characters(), max_size=60)
LONG = "candidate-" * 40


@given(st.sets(ANY_TEXT | st.sampled_from([LONG, LONG + "x", LONG.upper(), "\xff", "é", "e\u0301"])))
def test_no_two_ids_share_a_key(ids: set[str]) -> None:
    """Case, Unicode form, length, half a surrogate pair: what differs as text differs as a key."""
    assert len({key_of(each) for each in ids}) == len(ids)


@given(st.lists(ANY_TEXT))
def test_what_is_stored_comes_back_and_sorts_as_it_did(texts: list[str]) -> None:
    """A round trip loses nothing, and the order of the bytes is the order of the strings."""
    assert [restored(stored(each)) for each in texts] == texts
    assert sorted(texts, key=stored) == sorted(texts)


@given(st.lists(st.tuples(st.sampled_from(["a", "A", "ä", LONG, "\ud83d", ""]), ANY_TEXT)))
def test_answers_are_gathered_by_candidate_in_their_order(pairs: list[tuple[str, str]]) -> None:
    """However far apart they stand, a candidate's answers come together, as they came in."""
    expected: dict[str, list[str]] = {}
    with AnswersByCandidate() as gathered:
        for candidate, answer in pairs:
            gathered.add(candidate, answer)
            expected.setdefault(candidate, []).append(answer)
        found = list(gathered)
    assert [each.candidate_id for each in found] == sorted(expected)
    assert {each.candidate_id: list(each.answer_ids) for each in found} == expected


def test_nothing_is_left_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Grown far beyond what it keeps in memory, it has still no name in the temporary folder."""
    monkeypatch.setenv("SQLITE_TMPDIR", str(tmp_path))
    with ScratchDatabase("CREATE TABLE t (x BLOB)") as database:
        for _ in range(200):
            database.change("INSERT INTO t VALUES (zeroblob(65536))")
        assert list(tmp_path.iterdir()) == []
        assert database.first("SELECT count(*), sum(length(x)) FROM t") == (200, 200 * 65536)


FULL_DISK = """
import resource
from evaluator.errors import OutputError
from evaluator.files.scratch_database import ScratchDatabase

resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))
database = ScratchDatabase("CREATE TABLE t (x BLOB)")
try:
    for _ in range(200):
        database.change("INSERT INTO t VALUES (zeroblob(65536))")
except OutputError as error:
    print(error)
"""


def test_a_full_temporary_folder_is_said_with_what_to_do() -> None:
    """No traceback of SQLite's: which folder has no room, and how to name another."""
    done = subprocess.run([sys.executable, "-c", FULL_DISK], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert "Temporary notes cannot be written" in done.stdout
    assert "TMPDIR" in done.stdout
