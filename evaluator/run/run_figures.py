"""What the grades of a run add up to: levels and scores by question, flags, reasons. Counted as the grades come.

A run of a million answers is not read for one page: each call counts for a while, and goes on where the last stopped.
"""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from evaluator.core.grade import FlagCode, Status
from evaluator.core.rubric import Rubric
from evaluator.store.grade_rows import PAGE, StoredGrade
from evaluator.store.run_record import RunRecord
from evaluator.store.store import Store

SCORE_BINS = 10
"""Scores are counted in tenths of the rubric's scale."""
_MOST_RUNS = 50  # whose figures are kept in memory


@dataclass(slots=True)
class RunFigures:
    """The figures so far. `levels`: by question and criterion, how often each level; `scores`: by question, how many
    in each tenth of the scale; `ungraded`: answers by the reason for having no grade.
    """

    counted: int = 0
    standing: int = 0
    """Answers that the run has by now; `counted` of them are in the figures."""
    last: int = 0
    statuses: Counter[Status] = field(default_factory=Counter)
    levels: dict[str, dict[str, Counter[int]]] = field(default_factory=dict)
    scores: dict[str, list[int]] = field(default_factory=dict)
    flags: Counter[FlagCode] = field(default_factory=Counter)
    ungraded: Counter[str] = field(default_factory=Counter)

    @property
    def is_whole(self) -> bool:
        """Whether every answer is counted."""
        return self.counted >= self.standing


class RunFiguresDesk:
    """Figures of the runs of one store, kept while the process lives."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._kept: dict[int, RunFigures] = {}
        self._one_at_a_time = threading.Lock()

    def of(self, record: RunRecord, seconds: float = 0.5) -> RunFigures:
        """The figures of a run, counted on for so long at most."""
        with self._one_at_a_time:
            figures = self._kept.pop(record.number, None) or RunFigures()
            figures.standing = self._store.runs.standing(record.number)
            if figures.counted > figures.standing or (figures.is_whole and self._is_replaced(record, figures)):
                # Answers were graded again: what was counted of them no longer stands.
                figures = RunFigures(standing=figures.standing)
            self._count_on(record, figures, time.monotonic() + seconds)
            self._kept[record.number] = figures
            while len(self._kept) > _MOST_RUNS:
                del self._kept[next(iter(self._kept))]
            return figures

    def _is_replaced(self, record: RunRecord, figures: RunFigures) -> bool:
        return bool(self._store.runs.page(record.number, figures.last))

    def _count_on(self, record: RunRecord, figures: RunFigures, until: float) -> None:
        rubric = record.order.rubric
        while True:
            page = self._store.runs.page(record.number, figures.last)
            _count(page, figures, rubric)
            if len(page) < PAGE or time.monotonic() > until:
                return


def _count(page: Iterable[StoredGrade], figures: RunFigures, rubric: Rubric) -> None:
    for stored in page:
        # A whole record a time would be read too slowly.
        grade: dict[str, Any] = json.loads(stored.line)
        figures.counted += 1
        figures.last = stored.number
        figures.statuses[grade["status"]] += 1
        figures.flags.update({flag["code"] for flag in grade.get("flags", ())})
        question = grade["question_id"]
        levels = figures.levels.setdefault(question, {})
        bins = figures.scores.setdefault(question, [0] * SCORE_BINS)
        for criterion in grade.get("criteria", ()):
            levels.setdefault(criterion["id"], Counter())[criterion["level"]] += 1
        if (score := grade.get("score")) is not None:
            bins[min(int(SCORE_BINS * score / rubric.score_out_of), SCORE_BINS - 1)] += 1
        if grade["status"] == "ungraded":
            figures.ungraded[grade.get("reason") or ""] += 1
