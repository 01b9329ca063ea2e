"""What people said in reviews, gathered from the runs of a store for an eval set."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from evaluator.core.eval_set_from_reviews import ADJUDICATED, BLIND, SHOWN, PersonsLevels, ReviewedText
from evaluator.core.questionnaire import Questionnaire
from evaluator.core.rubric import Rubric
from evaluator.errors import UsageError
from evaluator.store.review_labels import StoredLabel
from evaluator.store.run_record import RunRecord
from evaluator.store.store import Store


@dataclass(frozen=True, slots=True)
class GatheredReviews:
    """Answers that people labelled by one rubric, and by which."""

    texts: tuple[ReviewedText, ...]
    questionnaire: Questionnaire
    rubric: Rubric
    runs: tuple[str, ...]


def gather_reviews(store: Store, run_ids: Sequence[str]) -> GatheredReviews:
    """Everything that people labelled in these runs; in all runs, where none is named.

    The same text of one candidate in several runs is one answer; of a person who labelled it twice the later levels
    count. Raises UsageError where nobody labelled anything, or the runs were graded by different rubrics.
    """
    records = _records(store, run_ids)
    _require_one_rubric(records)
    gathered: dict[tuple[str, str, str], ReviewedText] = {}
    for record in records:
        for labels in _by_answer(store, record):
            text = _text(store, labels)
            key = (text.answer.candidate_id, text.answer.question_id, text.answer.text)
            gathered[key] = _joined(gathered.get(key), text)
    if not gathered:
        raise UsageError("Nobody has reviewed an answer there yet.", hint="Review some: evaluator serve")
    order = records[0].order
    return GatheredReviews(
        tuple(gathered.values()), order.questionnaire, order.rubric, tuple(record.id for record in records)
    )


def _records(store: Store, run_ids: Sequence[str]) -> list[RunRecord]:
    if run_ids:
        return [store.runs.find(each) for each in dict.fromkeys(run_ids)]
    found = [store.runs.get(number) for number in store.review_labels.runs()]
    records = [record for record in found if record is not None]
    if not records:
        raise UsageError("Nobody has reviewed an answer yet.", hint="Review some: evaluator serve")
    return records


def _require_one_rubric(records: Sequence[RunRecord]) -> None:
    kinds: dict[tuple[str, str], list[RunRecord]] = {}
    for record in records:
        manifest = record.order.manifest
        kinds.setdefault((manifest.rubric_sha256, manifest.questionnaire_sha256), []).append(record)
    if len(kinds) > 1:
        said = "; ".join(
            f"{runs[0].order.manifest.rubric} with {runs[0].order.manifest.questionnaire}: "
            + ", ".join(run.id for run in runs)
            for runs in kinds.values()
        )
        raise UsageError(
            f"These runs were graded by different rubrics or questionnaires. {said}.",
            hint="One set has one rubric: name its runs with --run RUN.",
        )


def _by_answer(store: Store, record: RunRecord) -> list[list[StoredLabel]]:
    grouped: dict[str, list[StoredLabel]] = {}
    for label in store.review_labels.of_run(record.number):
        grouped.setdefault(label.answer_id, []).append(label)
    return list(grouped.values())


def _text(store: Store, labels: Sequence[StoredLabel]) -> ReviewedText:
    first = labels[0]
    answer = store.reviews.answer(first.run, first.answer_id)
    # The run makes the id one of its own: two runs may use the same.
    answer = type(answer)(
        f"{first.run}.{first.answer_id}", first.candidate_id, first.question_id, answer.text, answer.absent
    )
    number = store.reviews.candidate_number(first.candidate_id)
    return ReviewedText(answer, number, tuple(_levels(label) for label in labels))


def _levels(label: StoredLabel) -> PersonsLevels:
    if label.part == "adjudication":
        return PersonsLevels(label.user_id, label.levels, ADJUDICATED, label.saved_at)
    if label.blind_levels is not None:
        return PersonsLevels(label.user_id, label.blind_levels, BLIND, label.saved_at)
    return PersonsLevels(label.user_id, label.levels, SHOWN, label.saved_at)


def _joined(earlier: ReviewedText | None, later: ReviewedText) -> ReviewedText:
    if earlier is None:
        return later
    by_person = {each.user_id: each for each in earlier.levels}
    for each in later.levels:
        known = by_person.get(each.user_id)
        # What was said blind is worth more than what was said later.
        if known is None or (each.how == BLIND, each.saved_at) > (known.how == BLIND, known.saved_at):
            by_person[each.user_id] = each
    return ReviewedText(earlier.answer, earlier.candidate_number, tuple(by_person.values()))
