"""Runs in the store: recorded as they go, found by name, gone on with by one process at a time, deleted with theirs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from evaluator import Answer, Grade, Grader
from evaluator.core.ledger import KeptReply
from evaluator.core.reply import Usage
from evaluator.core.run_manifest import RunManifest
from evaluator.errors import StoreError, UsageError
from evaluator.files.grades_file import GradesFile
from evaluator.run.grade_answer import ungraded
from evaluator.run.grading_run import GradingRun
from evaluator.store.loose_replies import LooseCount
from evaluator.store.run_record import RunCounts, RunOrder, RunRecord
from evaluator.store.store import Store, open_store
from tests.conftest import level_reply

PAID_NOTHING = (0, None)


@pytest.fixture
def grader(scripted: Callable[..., Grader]) -> Grader:
    """Gives every answer the same level."""
    return scripted({"reply": level_reply(2, quote="split by time")})


def answers(count: int) -> list[Answer]:
    return [Answer(f"c{n}.degradation", f"c{n}", "degradation", f"I split by time, {n}. " * 9) for n in range(count)]


def begin(store: Store, grader: Grader, tmp_path: Path, run_id: str = "0a1b", total: int = 3) -> RunRecord:
    manifest = manifest_of(grader, tmp_path, run_id, total)
    return store.runs.begin(
        RunOrder(manifest, grader.rubric, grader.questionnaire, str(tmp_path), str(tmp_path / "a.csv"), {"options": {}})
    )


def manifest_of(grader: Grader, tmp_path: Path, run_id: str, total: int) -> RunManifest:
    run = GradingRun(grader, [], GradesFile(tmp_path / "none"), limit=None)
    made = run.manifest(
        run_id=run_id,
        about_grader="",
        input_name="a.csv",
        input_sha256="0" * 64,
        layout="long csv",
        notes=(),
        questions_asked=("degradation",),
        candidates=total,
    )
    return made.model_copy(update={"outcome": "running", "answers": total})


async def graded(grader: Grader, wanted: Sequence[Answer]) -> list[tuple[Answer, Grade]]:
    return [(answer, await grader.grade(answer)) for answer in wanted]


def test_a_run_comes_back_with_its_answers_and_grades(store: Store, grader: Grader, tmp_path: Path) -> None:
    """Texts and grades to the byte, in the order of writing, over several pages; counts while it goes."""
    record = begin(store, grader, tmp_path, total=450)
    strange = Answer("x\0\u202e.degradation", "x\0\u202e", "degradation", "NUL \0 and half a pair \ud83d " * 9, row=7)
    pairs = asyncio.run(graded(grader, answers(449)))
    pairs.append((strange, ungraded(grader.pipeline, strange, "refused: for its characters")))

    async def write() -> None:
        log = store.runs.open_log(record.number)
        for number, (answer, grade) in enumerate(pairs, start=1):
            await log.append(answer, grade, grade.model_dump_json().encode(), (1, 0.25))
            log.came_to(RunCounts(graded=number))
        await log.flush()
        assert log.paid() == (450, 112.5)
        assert "c7.degradation" in log.answers()
        assert "c450.degradation" not in log.answers()
        assert strange.answer_id in log.answers()
        log.close()

    asyncio.run(write())
    found = [(stored.answer(stored.grade), stored.grade) for stored in store.runs.grades(record.number)]
    assert found == pairs
    again = store.runs.find(record.id)
    assert (again.state, again.counts.graded) == ("running", 450)
    assert again.order == record.order
    assert again.order.rubric == grader.rubric


def test_the_grade_that_was_written_last_stands_and_the_earlier_one_is_kept(
    store: Store, grader: Grader, tmp_path: Path
) -> None:
    """An answer that was ungraded at first and graded after a resume."""
    record = begin(store, grader, tmp_path)
    ((answer, grade),) = asyncio.run(graded(grader, answers(1)))
    first = ungraded(grader.pipeline, answer, "timeout: no reply")

    async def write(each: Grade) -> None:
        log = store.runs.open_log(record.number)
        await log.append(answer, each, each.model_dump_json().encode(), PAID_NOTHING)
        await log.flush()

    asyncio.run(write(first))
    asyncio.run(write(grade))
    assert [stored.grade for stored in store.runs.grades(record.number)] == [grade]
    holding = store.runs.holding(record.number)
    assert (holding.answers, holding.grades) == (1, 2)


def test_a_run_that_is_taken_over_is_no_longer_written_by_the_first(
    store: Store, reopen: Callable[[], Store], grader: Grader, tmp_path: Path
) -> None:
    """Two processes that resume one run: the earlier one stops with the reason, and its pages are not mixed up."""
    record = begin(store, grader, tmp_path)
    pairs = asyncio.run(graded(grader, answers(2)))

    async def write_both(other: Store) -> None:
        first, second = store.runs.open_log(record.number), other.runs.open_log(record.number)
        answer, grade = pairs[0]
        await second.append(answer, grade, grade.model_dump_json().encode(), PAID_NOTHING)
        second.came_to(RunCounts(graded=1))
        await second.flush()
        answer, grade = pairs[1]
        await first.append(answer, grade, grade.model_dump_json().encode(), PAID_NOTHING)
        first.came_to(RunCounts(graded=2))
        with pytest.raises(StoreError, match="took this run over"):
            await first.flush()
        with pytest.raises(StoreError, match="took this run over"):
            await first.append(answer, grade, b"{}", PAID_NOTHING)

    with reopen() as other:
        asyncio.run(write_both(other))
    assert [stored.grade for stored in store.runs.grades(record.number)] == [pairs[0][1]]
    assert store.runs.find(record.id).counts.graded == 1


def test_deleting_a_run_takes_what_no_other_run_uses(store: Store, grader: Grader, tmp_path: Path) -> None:
    """Replies that two runs used stay until both are gone; those of no run stay."""
    one, two = begin(store, grader, tmp_path, "0a"), begin(store, grader, tmp_path, "0b")
    ((answer, grade),) = asyncio.run(graded(grader, answers(1)))

    async def use() -> None:
        for number, names in ((one.number, "ab"), (two.number, "bc")):
            ledger = store.ledger(number)
            for name in names:
                if await ledger.find(name * 64) is None:
                    await ledger.keep(name * 64, KeptReply(name, None, Usage()))
            log = store.runs.open_log(number)
            await log.append(answer, grade, grade.model_dump_json().encode(), PAID_NOTHING)
            await log.flush()
        await store.ledger().keep("d" * 64, KeptReply("d", None, Usage()))

    def left() -> str:
        async def look() -> list[KeptReply | None]:
            return [await store.ledger().find(name * 64) for name in "abcd"]

        return "".join(reply.text for reply in asyncio.run(look()) if reply is not None)

    asyncio.run(use())
    assert store.runs.holding(one.number).replies == 1
    deleted = store.runs.delete(one.number)
    assert (deleted.answers, deleted.grades, deleted.replies) == (1, 1, 1)
    assert left() == "bcd"
    assert [record.id for record in store.runs.all()] == ["0b"]
    store.runs.delete(two.number)
    assert left() == "d"


def test_a_deleted_runs_number_is_given_to_no_other(store: Store, grader: Grader, tmp_path: Path) -> None:
    """Workers know a run by its number: one that holds a deleted run's grader would grade the next run with it."""
    kept = begin(store, grader, tmp_path, "0a")
    numbers = [kept.number]
    for name in ("0b", "0c"):
        numbers.append(begin(store, grader, tmp_path, name).number)
        store.runs.delete(numbers[-1])
    store.runs.delete(kept.number)
    numbers.append(begin(store, grader, tmp_path, "0d").number)
    assert numbers == sorted(set(numbers))


def test_nothing_of_a_deleted_run_is_left_in_the_file(grader: Grader, tmp_path: Path) -> None:
    """SQLite would leave what was deleted where it stood until the place is used again."""
    where = tmp_path / "store.sqlite3"
    ((answer, grade),) = asyncio.run(graded(grader, answers(1)))
    answer = replace(answer, text="Only I ever said that. " * 500)

    async def use(store: Store, number: int) -> None:
        log = store.runs.open_log(number)
        await log.append(answer, grade, grade.model_dump_json().encode(), PAID_NOTHING)
        await store.ledger(number).keep("a" * 64, KeptReply("Nobody replied so. " * 500, None, Usage()))
        await log.flush()

    def said() -> bytes:
        return b"".join(path.read_bytes() for path in tmp_path.glob("store.sqlite3*"))

    with open_store(str(where)) as store:
        record = begin(store, grader, tmp_path)
        asyncio.run(use(store, record.number))
        assert b"Only I ever said that" in said()
        store.runs.delete(record.number)
        for gone in (b"Only I ever said that", b"Nobody replied so", grade.provenance.fingerprint.encode()):
            assert gone not in said()


def test_pruning_takes_old_replies_that_no_run_uses_and_no_other(store: Store, grader: Grader, tmp_path: Path) -> None:
    """What `eval` and programs kept would otherwise stay for ever; what a run uses, and what is new, stays."""
    record = begin(store, grader, tmp_path)

    async def keep() -> None:
        await store.ledger(record.number).keep("a" * 64, KeptReply("of a run", None, Usage()))
        await store.ledger().keep("b" * 64, KeptReply("of an évaluation", None, Usage()))
        await store.ledger().keep("c" * 64, KeptReply("of another", None, Usage()))

    asyncio.run(keep())
    now = datetime.now(UTC)
    assert store.loose_replies.count(now - timedelta(days=1)) == LooseCount(0, 0, None, None)
    assert store.loose_replies.delete(now - timedelta(days=1)) == 0
    later = now + timedelta(seconds=5)
    found = store.loose_replies.count(later)
    assert (found.replies, found.bytes) == (2, len("of an évaluation".encode()) + len("of another"))
    assert store.loose_replies.delete(later) == 2
    assert store.runs.holding(record.number).replies == 1
    assert store.loose_replies.count(later).replies == 0


def test_a_run_is_found_by_the_beginning_of_its_name(store: Store, grader: Grader, tmp_path: Path) -> None:
    """As long as it is the only one."""
    for run_id in ("0a1b", "0a2c", "0a"):
        begin(store, grader, tmp_path, run_id)
    assert store.runs.find("0a2").id == "0a2c"
    assert store.runs.find("0a").id == "0a"
    for name, said in (("0", "More than one run"), ("", "More than one run"), ("%", "no run"), ("zz", "no run")):
        with pytest.raises(UsageError, match=said):
            store.runs.find(name)


def test_a_run_whose_process_is_gone_is_unfinished(store: Store, grader: Grader, tmp_path: Path) -> None:
    """No heartbeat is waited for where the process can be looked for."""
    from evaluator.store.schema import runs

    record = begin(store, grader, tmp_path)
    assert store.runs.find(record.id).state == "running"
    with store.runs.database.writing() as connection:
        writer = connection.scalar(runs.select().with_only_columns(runs.c.writer))
        host, _, token = str(writer).rsplit("/", 2)
        connection.execute(runs.update(), {"writer": f"{host}/{2**22 + 1}/{token}"})
    assert store.runs.find(record.id).state == "unfinished"
