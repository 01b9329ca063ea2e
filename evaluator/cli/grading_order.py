"""What a command was told to grade, by what and where to; and its record in the store."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from evaluator.cli.present import Presenter
from evaluator.cli.run_place import RunPlace
from evaluator.core.answer import Answer
from evaluator.core.budget import Budget
from evaluator.core.run_manifest import RunManifest
from evaluator.errors import StoreError
from evaluator.files.run_folder import RunFolder
from evaluator.files.tables.answer_table import AnswerTable
from evaluator.run.about_grader import describe
from evaluator.run.grader import Grader
from evaluator.run.grading_run import GradingRun
from evaluator.store.run_record import RunOrder
from evaluator.store.store import Store


@dataclass(frozen=True, slots=True)
class GradingOrder:
    """What is to be graded, by what, and where to."""

    grader: Grader
    second: Grader | None
    table: AnswerTable
    source: Path
    out: Path | None
    limit: int | None
    options: dict[str, Any]
    budget: Budget | None
    workers: bool
    store: str | None
    """What --store has to be given to find the run again; None: nothing; "": the run is in none."""

    @property
    def total(self) -> int:
        """How many answers."""
        return min(self.table.count, self.limit or self.table.count)

    def answers(self) -> Iterator[Answer]:
        """In the table's order."""
        return islice(iter(self.table), self.limit)

    def manifest(self, run: GradingRun, place: RunPlace, run_id: str, candidates: int) -> RunManifest:
        """How the run stands now."""
        made = run.manifest(
            run_id=run_id,
            about_grader=describe(self.grader),
            input_name=self.source.name,
            input_sha256=place.input_sha256,
            layout=f"{self.table.layout} {self.table.format}",
            notes=self.table.notes,
            questions_asked=self.table.questions_asked,
            candidates=candidates,
        )
        return made.model_copy(update={"started_at": place.earlier.started_at}) if place.earlier else made


def record(store: Store, order: GradingOrder, folder: RunFolder, beginning: RunManifest) -> int:
    """The number of the run's record in the store: a new one, or the one it has there."""
    made = RunOrder(
        manifest=beginning,
        rubric=order.grader.rubric,
        questionnaire=order.grader.questionnaire,
        folder=str(folder.path.absolute()),
        input_path=str(order.source.absolute()),
        options=order.options,
    )
    if not store.runs.has(beginning.run_id):
        return store.runs.begin(made).number
    number = store.runs.find(beginning.run_id).number
    store.runs.go_on(number, made)
    return number


def record_end(store: Store, number: int, manifest: RunManifest, presenter: Presenter) -> None:
    """Notes in the store how a run ended."""
    try:
        store.runs.finish(number, manifest)
    except StoreError as error:
        # The run's results stand in its folder; only its record in the store has no end.
        presenter.warn(f"evaluator: {error}")
