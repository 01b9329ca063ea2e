"""Encryption at rest: nothing that candidates wrote can be read in the database; without its key nobody opens it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from evaluator import Answer, Grader
from evaluator.core.ledger import KeptReply
from evaluator.core.reply import Usage
from evaluator.errors import StoreError, UsageError
from evaluator.store.grade_log import GradeLog
from evaluator.store.master_key import new_master_key
from evaluator.store.store import open_store
from tests.conftest import level_reply
from tests.store.test_erasure import MARKER, _fill, everything_in
from tests.store.test_runs import begin

NAME = "own-bob".ljust(64, "0")


@pytest.fixture
def grader(scripted: Callable[..., Grader]) -> Grader:
    return scripted({"reply": level_reply(2, quote="split by time")})


def _filled(address: str, grader: Grader, tmp_path: Path, key: str | None) -> None:
    with open_store(address, encryption_key=key) as store:
        record = begin(store, grader, tmp_path)
        asyncio.run(_fill(store, grader, record.number, ["ann7x", "bob"]))


def _read(address: str, key: str | None) -> tuple[list[str], KeptReply | None]:
    with open_store(address, encryption_key=key) as store:
        texts = [each.text for each in store.runs.grades(store.runs.all()[0].number)]
        return texts, asyncio.run(store.ledger().find(NAME))


def test_nothing_that_was_written_can_be_read(address: str, grader: Grader, tmp_path: Path) -> None:
    """Answers, grades, quotes and replies; with the key all of it comes back."""
    key = new_master_key()
    _filled(address, grader, tmp_path, key)
    kept = everything_in(address)
    assert MARKER not in kept
    assert "for bob" not in kept
    texts, reply = _read(address, key)
    assert len(texts) == 2
    assert all(text.startswith(MARKER) for text in texts)
    assert reply == KeptReply(f"{MARKER}bob", "m", Usage())


def test_without_its_key_the_store_is_not_opened(address: str, grader: Grader, tmp_path: Path) -> None:
    """No key, another key, or something that is none: said before anything is read, paid for or written plain."""
    _filled(address, grader, tmp_path, new_master_key())
    with pytest.raises(StoreError, match="encrypted, and no key is given"):
        open_store(address)
    with pytest.raises(StoreError, match="encrypted with another key"):
        open_store(address, encryption_key=new_master_key())
    with pytest.raises(UsageError, match="not 32 bytes in base64") as refused:
        open_store(address, encryption_key="hunter2hunter2")
    assert "hunter2" not in str(refused.value)


def test_what_was_kept_before_there_was_a_key(address: str, grader: Grader, tmp_path: Path) -> None:
    """It stays readable beside what is encrypted; `encrypt` rewrites it, and nothing plain is left, in free pages
    neither.
    """
    _filled(address, grader, tmp_path, None)
    key = new_master_key()
    texts, _ = _read(address, key)
    assert texts[0].startswith(MARKER)
    with open_store(address, encryption_key=key) as store:
        before = store.encryption.counts()
        assert before["answers.body"].plain == before["answers.body"].bodies == 2
        assert store.encryption.encrypt() > 0
        assert store.encryption.encrypt() == 0
        assert all(count.plain == 0 for count in store.encryption.counts().values())
    assert MARKER not in everything_in(address)
    if "://" not in address:
        assert MARKER.encode() not in Path(address).read_bytes()
    assert _read(address, key)[0] == texts


def test_an_empty_body_counts_as_plain_too(address: str, grader: Grader, tmp_path: Path) -> None:
    """A question that was left blank is kept as nothing at all: not encrypted without a key, encrypted with one."""
    with open_store(address) as store:
        log = store.runs.open_log(begin(store, grader, tmp_path).number)
        answer = Answer("c1.degradation", "c1", "degradation", "")
        asyncio.run(_append(log, grader, answer))
        log.close()
        count = store.encryption.counts()["answers.body"]
        assert count.plain == count.bodies == 1
    with open_store(address, encryption_key=new_master_key()) as store:
        assert store.encryption.encrypt() > 0
        assert store.encryption.counts()["answers.body"].plain == 0
        assert [each.text for each in store.runs.grades(store.runs.all()[0].number)] == [""]


async def _append(log: GradeLog, grader: Grader, answer: Answer) -> None:
    async with grader:
        grade = await grader.grade(answer)
        await log.append(answer, grade, grade.model_dump_json().encode(), (1, None), None)
        await log.flush()


def test_a_change_of_the_master_key(address: str, grader: Grader, tmp_path: Path) -> None:
    """Given both, the new one first; afterwards the new one alone opens it and the old one does not."""
    old, new = new_master_key(), new_master_key()
    _filled(address, grader, tmp_path, old)
    with open_store(address, encryption_key=f"{new},{old}") as store:
        assert store.encryption.rotate() == 3
        assert store.encryption.rotate() == 0
    assert len(_read(address, new)[0]) == 2
    with pytest.raises(StoreError, match="another key"):
        open_store(address, encryption_key=old)


def test_an_erased_candidates_key_is_gone_for_good(address: str, grader: Grader, tmp_path: Path) -> None:
    """What is put back of them from elsewhere can be read by nobody, and the store says why."""
    key = new_master_key()
    _filled(address, grader, tmp_path, key)
    with open_store(address, encryption_key=key) as store:
        from sqlalchemy import delete

        from evaluator.store.privacy_schema import candidate_keys

        with store.runs.database.writing() as connection:
            connection.execute(delete(candidate_keys).where(candidate_keys.c.candidate_id == "ann7x"))
    with open_store(address, encryption_key=key) as store, pytest.raises(StoreError, match="who was erased"):
        list(store.runs.grades(store.runs.all()[0].number))


def test_encryption_without_a_key_is_refused(address: str) -> None:
    """Nothing is done that looks like it."""
    with open_store(address) as store, pytest.raises(UsageError, match="no key to encrypt with"):
        store.encryption.encrypt()
