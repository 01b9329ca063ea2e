"""The figures of the agreement page: read from the labels that stand, kept until somebody says something new."""

from __future__ import annotations

import threading
from datetime import datetime

from evaluator.core.review import DRAWN
from evaluator.core.review_agreement import LabelFact, ReviewAgreement, review_agreement
from evaluator.core.rubric import Rubric
from evaluator.store.review_labels import StoredLabel
from evaluator.store.run_record import RunRecord
from evaluator.store.store import Store

_KEPT = 32  # runs whose figures are kept


class ReviewFigures:
    """Agreement of people and graders in one store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._kept: dict[int | None, tuple[int, tuple[ReviewAgreement, ...]]] = {}
        self._one_at_a_time = threading.Lock()

    def agreement(self, run: int | None = None) -> tuple[ReviewAgreement, ...]:
        """The figures of one run (by its number), or of all; one record for each rubric that was labelled by."""
        newest = self._store.review_labels.newest_entry()
        # Two readers of the page at once would both work out the same.
        with self._one_at_a_time:
            kept = self._kept.get(run)
            if kept is None or kept[0] != newest:
                kept = (newest, self._agreement(run))
                if len(self._kept) >= _KEPT:
                    self._kept.clear()
                self._kept[run] = kept
        return kept[1]

    def _agreement(self, run: int | None) -> tuple[ReviewAgreement, ...]:
        labels: dict[str, list[LabelFact]] = {}
        rubrics: dict[str, tuple[Rubric, dict[str, str]]] = {}
        for number in [run] if run is not None else self._store.review_labels.runs():
            record = self._store.runs.get(number)
            if record is None:
                continue
            name = record.order.manifest.rubric_sha256
            questions = {each.id: each.title for each in record.order.questionnaire.questions}
            rubrics.setdefault(name, (record.order.rubric, {}))[1].update(questions)
            facts = [_fact(each, record) for each in self._store.review_labels.of_run(number) if each.part == "label"]
            labels.setdefault(name, []).extend(facts)
        return tuple(
            review_agreement(rubrics[name][0], rubrics[name][1], facts) for name, facts in labels.items() if facts
        )


def _fact(label: StoredLabel, record: RunRecord) -> LabelFact:
    manifest = record.order.manifest
    year, week, _ = datetime.fromisoformat(label.saved_at).isocalendar()
    return LabelFact(
        user_id=label.user_id,
        # An answer of another run is another reading, but its candidate is the same person.
        answer=f"{label.run}\0{label.answer_id}",
        candidate=label.candidate_id,
        question_id=label.question_id,
        grader=f"{manifest.grader} · {manifest.prompt}" if manifest.prompt else manifest.grader,
        week=f"{year}-W{week:02}",
        levels=label.levels,
        blind_levels=label.blind_levels,
        grader_levels=label.grader_levels,
        is_audit=label.why == DRAWN,
    )
