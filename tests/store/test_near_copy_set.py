"""The set of near copies, handed in one by one: as many copies are found as in a table, and nobody else."""

from __future__ import annotations

import csv
import random
from pathlib import Path

from evaluator import Answer
from evaluator.core.work import WorkItem
from evaluator.files.resources import shipped
from evaluator.store.graded_rows import WorkOutcome, write_outcomes
from evaluator.store.near_copies import NearCopies
from evaluator.store.store import Store, open_store
from tests.store.near_copying import admit, hand_in, outcomes_of, take


def test_one_by_one_as_many_are_found_as_in_a_table(tmp_path: Path) -> None:
    """The half that chose no threshold, in an order drawn by lot: at least 33 of its 38 copies, and none of 83 honest
    answers.
    """
    with (shipped("eval_sets") / "near_copies" / "answers.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["split"] == "test"]
    random.Random(1).shuffle(rows)
    with open_store(str(tmp_path / "store.sqlite3")) as store:
        flagged = _flagged(store, rows)
    copies = [row["answer_id"] for row in rows if row["copy_of"]]
    originals = {row["copy_of"] for row in rows if row["copy_of"]}
    honest = [row["answer_id"] for row in rows if not row["copy_of"] and row["answer_id"] not in originals]
    assert (len(copies), len(honest)) == (38, 83)
    assert len(flagged.intersection(copies)) >= 33
    assert not flagged.intersection(honest)


def _flagged(store: Store, rows: list[dict[str, str]]) -> set[str]:
    hand_in(store, "first", "Written before them all, and like none of them: a submission whose run the others are of.")
    admit(store)
    batch = take(store)
    grade = outcomes_of(batch)[0].grade
    search = NearCopies(store.runs.database, None)
    for number, row in enumerate(rows, start=batch.items[0].number + 1):
        named = {name: row[name] for name in ("answer_id", "candidate_id", "question_id")}
        outcome = WorkOutcome(WorkItem(number, Answer(**named, text=row["answer"])), grade.model_copy(update=named))
        looked = search.look(batch, [outcome.item])
        with store.runs.database.writing() as connection:
            write_outcomes(connection, batch.run, search.settle(connection, looked, batch.run, [outcome]))
    graded = (each.grade for each in store.runs.grades(batch.run))
    return {each.answer_id for each in graded if any(flag.code == "near_duplicate" for flag in each.flags)}
