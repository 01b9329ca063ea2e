"""A run's results written again from the store: grades, tables, report, as `evaluator grade` writes them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from evaluator.cli.results import write_results
from evaluator.core.answer import Answer
from evaluator.core.run_manifest import RunManifest
from evaluator.files.grades_file import GradesFile
from evaluator.files.rubric_file import QuestionSet
from evaluator.files.run_folder import new_run_folder
from evaluator.run.grader import Grader
from evaluator.run.grading_run import GradingRun
from evaluator.store.run_record import RunRecord
from evaluator.store.store import Store
from evaluator.wiring import make_plain_grader


def export_run(store: Store, record: RunRecord, out: Path) -> int:
    """Writes the answers that have a grade or a reason for having none; how many they are. Raises OutputError."""
    order = record.order
    with new_run_folder(out, Path(order.manifest.input_name)) as folder:
        for stored in store.runs.grades(record.number):
            folder.grades.write(stored.grade)
        answers = _StoredAnswers(store, record.number, folder.grades)
        run = GradingRun(_held_to(record), answers, folder.grades, limit=None)
        asyncio.run(run.take_up())

        def manifest_of(candidates: int) -> RunManifest:
            as_it_is = {**run.counted(), "candidates": candidates}
            if order.manifest.outcome == "running":
                as_it_is["outcome"] = "interrupted"
            return order.manifest.model_copy(update=as_it_is)

        write_results(folder, run, manifest_of, order.rubric, order.questionnaire, order.manifest.questions_asked)
        return run.done


class _StoredAnswers:
    """The answers of a run whose grades are `written`, as often as wanted, in the order in which they were graded.

    A run that is being graded has more of them each time it is looked at.
    """

    def __init__(self, store: Store, number: int, written: GradesFile) -> None:
        self._store = store
        self._number = number
        self._written = written

    def __iter__(self) -> Iterator[Answer]:
        for stored in self._store.runs.grades(self._number):
            if stored.grade.answer_id in self._written:
                yield stored.answer(stored.grade)


def _held_to(record: RunRecord) -> Grader:
    """A grader that has the run's rubric and is asked nothing."""
    question_set = QuestionSet(record.order.questionnaire, record.order.rubric)
    return Grader(replace(make_plain_grader("baseline").pipeline, question_set=question_set))
