"""Erasure: nothing of a candidate is left in any table, nothing of anybody else is touched, and it is on record."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import LargeBinary, select, type_coerce

from evaluator import Answer, Grader
from evaluator.core.ledger import KeptReply
from evaluator.core.redaction import Replacement
from evaluator.core.reply import Usage
from evaluator.errors import UsageError
from evaluator.store.address import store_address
from evaluator.store.database import Database
from evaluator.store.encryption import OWNERS, sealed_columns
from evaluator.store.erasure import ERASED, ERASED_OTHERWISE, FREE_OF_CANDIDATES
from evaluator.store.master_key import new_master_key
from evaluator.store.schema import metadata
from evaluator.store.sealed_bytes import SealedBytes
from evaluator.store.store import Store, open_store
from tests.conftest import level_reply
from tests.store.test_runs import begin

MARKER = "Zyxomma petiolatum"
REPLACED = (Replacement(0, 4, "[NAME_1]"),)


@pytest.fixture(params=[False, True], ids=["plain", "encrypted"])
def key(request: pytest.FixtureRequest) -> str | None:
    return new_master_key() if request.param else None


@pytest.fixture
def grader(scripted: Callable[..., Grader]) -> Grader:
    return scripted({"reply": level_reply(2, quote="split by time")})


def answer_of(candidate: str, question: str = "degradation", text: str = MARKER) -> Answer:
    return Answer(f"{candidate}.{question}", candidate, question, f"{text}. I split by time, for {candidate}. " * 3)


async def _fill(store: Store, grader: Grader, number: int, candidates: list[str]) -> None:
    log = store.runs.open_log(number)
    ledger = store.ledger(number)
    async with grader:
        for candidate in candidates:
            answer = answer_of(candidate)
            grade = await grader.grade(answer)
            await ledger.keep(f"own-{candidate}".ljust(64, "0"), KeptReply(MARKER + candidate, "m", Usage()), candidate)
            await log.append(answer, grade, grade.model_dump_json().encode(), (1, None), REPLACED)
        await ledger.keep("shared".ljust(64, "0"), KeptReply("said of both", "m", Usage()), candidates[0])
        await ledger.find("shared".ljust(64, "0"), candidates[1])
        await log.flush()
    log.close()


@pytest.fixture
def filled(address: str, key: str | None, grader: Grader, tmp_path: Path) -> str:
    """A store with a run of three candidates; the address."""
    with open_store(address, encryption_key=key) as store:
        record = begin(store, grader, tmp_path)
        asyncio.run(_fill(store, grader, record.number, ["ann7x", "bob", "cyd"]))
        store.runs.finish(record.number, record.order.manifest.model_copy(update={"outcome": "finished"}))
    return address


def everything_in(address: str) -> str:
    """Every text and every body of every table, as it is on disk."""
    database = Database(store_address(address))
    found = []
    with database.reading() as connection:
        for table in metadata.sorted_tables:
            # Not as the program reads it, which would decrypt it.
            raw = [type_coerce(each, LargeBinary) if isinstance(each.type, SealedBytes) else each for each in table.c]
            for row in connection.execute(select(*raw)):
                found += [f"{table.name}: {value!r}" for value in row]
    database.close()
    return "\n".join(found)


def test_every_table_is_erased_or_holds_nothing_of_candidates() -> None:
    """Whoever adds a table says which; whoever encrypts a column says whose its rows are."""
    said = [*(table.name for table, _ in ERASED), *ERASED_OTHERWISE, *FREE_OF_CANDIDATES]
    assert sorted(said) == sorted(metadata.tables)
    assert {table.name for table, _ in sealed_columns()} == set(OWNERS)


def test_whoever_has_only_a_reply_is_known_too(filled: str, key: str | None) -> None:
    """A grader of one's own keeps replies without a run: their candidates are there to be erased, until they are."""
    with open_store(filled, encryption_key=key) as store:
        asyncio.run(store.ledger().keep("alone".ljust(64, "0"), KeptReply(MARKER, "m", Usage()), "dee"))
        assert store.candidates() == ["ann7x", "bob", "cyd", "dee"]
        store.erase_candidate("dee")
        assert store.candidates() == ["ann7x", "bob", "cyd"]


def test_nothing_of_a_candidate_is_left(filled: str, key: str | None) -> None:
    """Answers, grades, replies, maps: gone; of the others everything is there; a shared reply is theirs."""
    with open_store(filled, encryption_key=key) as store:
        holding = store.erasure.holding("ann7x")
        assert holding.counts == {
            "redactions": 1, "answers": 1, "grades": 1, "replies": 1, "replies shared": 1
        }  # fmt: skip
        assert [place.id for place in holding.runs] == ["0a1b"]
        erased = store.erasure.erase("ann7x")
        assert erased.counts == {**holding.counts, **({"keys": 1} if key else {})}
        assert store.erasure.holding("ann7x").total == 0
        (number,) = {record.number for record in store.runs.all()}
        left = list(store.runs.grades(number))
        assert {each.grade.candidate_id for each in left} == {"bob", "cyd"}
        assert all(MARKER in each.text for each in left)
        assert asyncio.run(store.ledger().find("own-ann7x".ljust(64, "0"))) is None
        for name, said in (("own-bob", MARKER + "bob"), ("shared", "said of both")):
            found = asyncio.run(store.ledger().find(name.ljust(64, "0")))
            assert found is not None
            assert found.text == said
    assert "ann7x" not in everything_in(filled)


def test_what_is_erased_is_on_record_under_a_pseudonym(filled: str, key: str | None) -> None:
    """Who knows the id can ask whether it was erased, and when; who reads the table learns no id."""
    with open_store(filled, encryption_key=key) as store:
        assert store.erasure.erased_at("ann7x") is None
        erased = store.erasure.erase("ann7x")
        assert store.erasure.erased_at("ann7x") == erased.erased_at
        assert store.erasure.erased_at("bob") is None
        assert len(erased.pseudonym) == 64


def test_a_run_that_is_being_graded_is_not_cut_into(address: str, grader: Grader, tmp_path: Path) -> None:
    """Its process would write on what was erased."""
    with open_store(address) as store:
        record = begin(store, grader, tmp_path)
        asyncio.run(_fill(store, grader, record.number, ["ann7x", "bob"]))
        with pytest.raises(UsageError, match="being graded now"):
            store.erasure.erase("ann7x")


def test_one_run_only(filled: str, grader: Grader, key: str | None, tmp_path: Path) -> None:
    """With a run, the candidate's rows in others stay, and so does the key that encrypts them."""
    with open_store(filled, encryption_key=key) as store:
        second = begin(store, grader, tmp_path, run_id="0a1c")
        asyncio.run(_fill(store, grader, second.number, ["ann7x", "dee"]))
        store.runs.finish(second.number, second.order.manifest.model_copy(update={"outcome": "finished"}))
        store.erasure.erase("ann7x", store.runs.find("0a1b").number)
        assert [each.grade.candidate_id for each in store.runs.grades(second.number)] == ["ann7x", "dee"]
        assert [place.id for place in store.erasure.holding("ann7x").runs] == ["0a1c"]


def test_nothing_is_left_in_the_pages_of_a_file(tmp_path: Path, grader: Grader) -> None:
    """SQLite overwrites what is deleted: the file holds no word of it any more."""
    path = tmp_path / "store.sqlite3"
    with open_store(str(path)) as store:
        record = begin(store, grader, tmp_path)
        asyncio.run(_fill(store, grader, record.number, ["ann7x", "bob"]))
        store.runs.finish(record.number, record.order.manifest.model_copy(update={"outcome": "finished"}))
        assert b"for ann7x" in path.read_bytes() + Path(f"{path}-wal").read_bytes()
        store.erasure.erase("ann7x")
    assert b"for ann7x" not in path.read_bytes()
    assert b"for bob" in path.read_bytes()
