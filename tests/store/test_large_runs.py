"""A run of any size is read in pages: each costs what a page holds, and together they are the whole."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from sqlalchemy import Connection, event, text

from evaluator.core.review_draw import DrawShares
from evaluator.store.store import Store, open_store
from tests.graded_run import Given, begin_run, put_grades
from tests.store.conftest import new_database

PAGE = 200
LONG = "Train on 2022, test on 2023; the balance after the decision is refused. " * 22


def some(first: int, last: int, score: float = 5.0) -> list[Given]:
    return [Given(f"c{number}", flags=("near_bar",), score=score, text=LONG) for number in range(first, last)]


def pages_of(store: Store, run: int) -> list[list[str]]:
    pages, after = [], 0
    while page := store.runs.page(run, after):
        pages.append([each.grade.candidate_id for each in page])
        after = page[-1].number
        if len(page) < PAGE:
            break
    return pages


def test_pages_are_full_until_the_last_whatever_was_graded_again(store: Store, tmp_path: Path) -> None:
    """Half of the run was graded again, more than a page in a row: each answer comes once, where its last grade is."""
    record = begin_run(store, str(tmp_path))
    put_grades(store, record, some(0, 500), finished=False)
    put_grades(store, record, some(0, 250, score=7.0), finished=False)
    pages = pages_of(store, record.number)
    assert [len(page) for page in pages] == [PAGE, PAGE, 100]
    assert Counter(name for page in pages for name in page) == Counter(f"c{number}" for number in range(500))
    assert pages[0][0] == "c250"
    assert pages[2][-1] == "c249"


def test_postgresql_reads_a_page_and_not_the_run(postgresql: str, tmp_path: Path) -> None:
    """Once it has counted its tables, which it does by itself every minute, it reads about the rows of the page."""
    with open_store(new_database(postgresql)) as store:
        record = begin_run(store, str(tmp_path))
        put_grades(store, record, some(0, 9_000))
        with store.runs.database.writing() as connection:
            connection.execute(text("ANALYZE"))
        read = count_rows_read(store)
        assert len(store.runs.page(record.number, 400)) == PAGE
        assert max(read) <= 4 * PAGE


def test_postgresql_takes_new_grades_in_without_going_through_the_queue(postgresql: str, tmp_path: Path) -> None:
    """The queue grows while a run goes on, and no step of taking grades in reads more for that."""
    with open_store(new_database(postgresql)) as store:
        record = begin_run(store, str(tmp_path))
        put_grades(store, record, some(0, 4_000), finished=False)
        (unseen,) = store.intake.unseen()
        leave_uncounted(store)
        read = count_rows_read(store)
        while store.intake.step(unseen, DrawShares(0, 0, 0), lambda: "2026-01-01T00:00:00Z"):
            pass
        assert len(read) == 5
        assert max(read) == read[0]


def leave_uncounted(store: Store) -> None:
    """PostgreSQL counts no table by itself from now on: in the middle of a test it would read in another way."""
    with store.runs.database.writing() as connection:
        for table in connection.scalars(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")).all():
            connection.execute(text(f'ALTER TABLE "{table}" SET (autovacuum_enabled = false)'))


def count_rows_read(store: Store) -> list[int]:
    """A list that gets, from now on, how many rows of the store each transaction has read."""
    engine = store.runs.database.engine
    read: list[int] = []
    before: list[int] = []
    event.listen(engine, "begin", lambda connection: before.append(_rows_read(connection)))
    for end in ("commit", "rollback"):
        event.listen(engine, end, lambda connection: read.append(_rows_read(connection) - before[-1]))
    return read


def _rows_read(connection: Connection) -> int:
    query = "SELECT coalesce(sum(seq_tup_read + idx_tup_fetch), 0) FROM pg_stat_xact_user_tables"
    return int(connection.execute(text(query)).scalar_one())
