"""A run whose store fails half way: it stops with the reason, and every reply that was paid for is a grade."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from pathlib import Path

import httpx2
import pytest
import respx

from evaluator import Answer, Grader, read_grades
from evaluator.files.grades_file import GradesFile
from evaluator.run.grading_run import GradingRun
from evaluator.run.run_ledger import RunLedger
from evaluator.store.run_record import RunOrder
from evaluator.store.store import Store, open_store
from tests.conftest import URL, completion, level_reply

CHAT = f"{URL}/chat/completions"
TOTAL = 40
IN_FLIGHT = 4


def answers() -> list[Answer]:
    text = (
        "In case number {} I would train on 2022 and test on 2023. Positive: a chargeback within 120 days. "
        "Nothing that is known only after the payment may be a column."
    )
    return [Answer(f"c{n}.degradation", f"c{n}", "degradation", text.format(n)) for n in range(TOTAL)]


@pytest.mark.parametrize("records", [False, True], ids=["replies only", "replies and grades"])
def test_a_store_that_fails_half_way_stops_the_run_and_loses_nothing(
    openai_grader: Callable[..., Grader], respx_mock: respx.MockRouter, tmp_path: Path, records: bool
) -> None:
    """Another program locks it for good: what was asked is graded and written, what was not says why; resume pays only
    for replies that could not be kept and for what was not asked.
    """
    store_path = tmp_path / "store.sqlite3"
    blocker = sqlite3.connect(store_path, isolation_level=None)
    asked = 0

    def reply(_request: httpx2.Request) -> httpx2.Response:
        nonlocal asked
        asked += 1
        if asked == 12:
            blocker.execute("BEGIN IMMEDIATE")
        return httpx2.Response(200, json=completion(level_reply(2)))

    respx_mock.post(CHAT).mock(side_effect=reply)

    async def grade(store: Store, path: Path) -> GradingRun:
        ledger = RunLedger(store.ledger())
        async with openai_grader(ledger=ledger) as grader:
            with GradesFile(path) as into:
                run = GradingRun(grader, answers(), into, limit=None)
                if records:
                    run.log = store.runs.open_log(begun(store, grader, run))
                async for _ in run.grades(concurrency=IN_FLIGHT):
                    pass
                run.write_rest()
                return run

    def begun(store: Store, grader: Grader, run: GradingRun) -> int:
        manifest = run.manifest(
            run_id="0a", about_grader="", input_name="a.csv", input_sha256="", layout="", notes=(),
            questions_asked=("degradation",), candidates=TOTAL,
        )  # fmt: skip
        order = RunOrder(manifest, grader.rubric, grader.questionnaire, str(tmp_path), "a.csv", {})
        return store.runs.begin(order).number

    with open_store(str(store_path), patience=0.2) as store:
        run = asyncio.run(grade(store, tmp_path / "first.jsonl"))
    grades = list(read_grades(tmp_path / "first.jsonl"))
    assert len({grade.answer_id for grade in grades}) == TOTAL
    assert run.graded == asked < TOTAL
    reasons = {grade.reason for grade in grades if grade.status == "ungraded"}
    assert reasons
    for reason in reasons:
        assert reason is not None
        assert "store_failed" in reason
        assert "is locked by another program" in reason

    blocker.execute("COMMIT")
    records = False
    with open_store(str(store_path)) as store:
        assert asyncio.run(grade(store, tmp_path / "second.jsonl")).graded == TOTAL
    assert asked <= TOTAL + IN_FLIGHT
    blocker.close()
