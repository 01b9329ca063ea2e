"""How the work stands is asked often, by people and by Prometheus: it costs no look at everything that ever was."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import event

from evaluator import Answer
from evaluator.core.submission import NewSubmission
from evaluator.core.work import WorkItem
from evaluator.store.address import store_address
from evaluator.store.database import Database
from evaluator.store.migrate import migrate
from evaluator.store.store import open_store
from evaluator.store.work_status import status_of
from tests.graded_run import begin_run

GROW = ("submissions", "inbox", "deliveries", "outbound", "work_chunks")


def test_no_table_that_grows_is_read_from_end_to_end(tmp_path: Path) -> None:
    """SQLite's own plan for every statement of a status: each of these tables is searched by an index."""
    database = Database(store_address(str(tmp_path / "s.sqlite3")))
    migrate(database)
    asked: list[tuple[str, Any]] = []
    event.listen(database.engine, "before_cursor_execute", lambda *given: asked.append((given[2], given[3])))
    status_of(database, datetime.now(UTC))
    selects = [each for each in asked if each[0].startswith("SELECT")]
    assert len(selects) > 15
    plans = []
    with database.reading() as connection:
        for statement, parameters in selects:
            rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all()
            plans += [row[3] for row in rows]
    database.close()
    assert any("SEARCH submissions USING COVERING INDEX" in plan for plan in plans), plans
    assert [plan for plan in plans for table in GROW if plan.startswith(f"SCAN {table}")] == []


def test_states_are_counted_and_what_is_empty_is_left_out(address: str) -> None:
    """On both databases."""
    with open_store(address) as store:
        for number in range(3):
            store.submissions.submit(NewSubmission("api", f"k{number}", f"c{number}", "q", ()))
        store.erase_candidate("c0")
        status = store.status(datetime.now(UTC))
    assert dict(status.submissions) == {"received": 2, "erased": 1}
    assert (dict(status.events), dict(status.deliveries)) == ({}, {})


def test_a_worker_with_nothing_in_hand_is_idle(address: str, tmp_path: Path) -> None:
    """Working, as long as it has answers; draining, when it is told to end, whatever it has."""
    with open_store(address) as store:
        for worker in ("wrk_a", "wrk_b", "wrk_c"):
            store.workers.enter(worker, "1")
        store.workers.beat("wrk_c", graded=0, draining=True)
        record = begin_run(store, str(tmp_path))
        store.work.add(record.number, [WorkItem(1, Answer("a", "ann", "degradation", "A text."))])
        (waiting,) = store.work.due(10)
        store.work.start(waiting.id, "wrk_b")
        states = {each.id: each.state for each in store.status(datetime.now(UTC)).workers}
    assert states == {"wrk_a": "idle", "wrk_b": "working", "wrk_c": "draining"}
