"""What an eval set shows about itself, so that a figure from it is read for what it is worth."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from evaluator.core.consensus import consensus_levels
from evaluator.core.eval_set import EvalSet, LabelledAnswer, RaterKind
from evaluator.core.metrics.leakage import KeptText, Leak, find_duplicates
from evaluator.core.positive_class import is_positive

# Labels of one answer that differ by more than this many levels are listed as far apart.
FAR_APART = 1.0

HONESTY: Mapping[RaterKind, str] = {
    "human": "Labels by people.",
    "model": "Labels by a model, not by people: the set can show that a grader got worse, not that it agrees with "
    "people.",
    "author": "Labels by the author of the answers: the set shows whether a grader sees what was intended, not that it "
    "agrees with other people.",
}


@dataclass(frozen=True, slots=True)
class Copy:
    """Two answers that are the same or nearly so, and the split of each."""

    leak: Leak
    first_split: str
    second_split: str
    labelled_apart: float
    """How many levels the raters' consensus differs by at most, where both answer the same question; else 0."""

    @property
    def across_splits(self) -> bool:
        return self.first_split != self.second_split

    def __str__(self) -> str:
        splits = f"{self.first_split} and {self.second_split}" if self.across_splits else f"both in {self.first_split}"
        apart = f"; labelled {self.labelled_apart:g} apart" if self.labelled_apart else ""
        return f"{self.leak} ({splits}{apart})"


@dataclass(frozen=True, slots=True)
class RatersApart:
    """The raters' levels for one criterion of one answer, where they differ by more than `FAR_APART`."""

    answer_id: str
    criterion_id: str
    levels: Mapping[str, float]
    """By rater."""

    @property
    def distance(self) -> float:
        """Highest less lowest, in levels."""
        return max(self.levels.values()) - min(self.levels.values())

    def __str__(self) -> str:
        given = ", ".join(f"{rater} {level:g}" for rater, level in self.levels.items())
        return f"{self.answer_id}, {self.criterion_id}: {self.distance:g} levels apart ({given})"


@dataclass(frozen=True, slots=True)
class RaterCoverage:
    """How many of the labels that a rater could have given there are."""

    rater_id: str
    given: int
    of: int


@dataclass(frozen=True, slots=True)
class SplitBalance:
    """What one split holds. `unknown` answers lack a label that the positive class needs."""

    split: str
    answers: int
    candidates: int
    absent: int
    positive: int
    negative: int
    unknown: int

    @property
    def base_rate(self) -> float | None:
        """Share of positive answers among those whose class is known; None where none is."""
        known = self.positive + self.negative
        return self.positive / known if known else None


def copies(eval_set: EvalSet) -> tuple[Copy, ...]:
    """Pairs of answers that are copies or near copies (`metrics.leakage`), those across splits first."""
    by_id = {each.answer.answer_id: each for each in eval_set.answers}
    texts = [KeptText(each.answer.answer_id, each.answer.text) for each in eval_set.answers if not each.answer.absent]
    pairs = ((leak, by_id[leak.first_id], by_id[leak.second_id]) for leak in find_duplicates(texts))
    found = [Copy(leak, first.split, second.split, _labelled_apart(first, second)) for leak, first, second in pairs]
    return tuple(sorted(found, key=lambda copy: (not copy.across_splits, -(copy.leak.similarity or 0.0))))


def _labelled_apart(first: LabelledAnswer, second: LabelledAnswer) -> float:
    if first.answer.question_id != second.answer.question_id:
        return 0.0
    one, other = consensus_levels(first), consensus_levels(second)
    return max((abs(one[criterion] - other[criterion]) for criterion in one.keys() & other.keys()), default=0.0)


def raters_apart(eval_set: EvalSet) -> tuple[RatersApart, ...]:
    """Labels of one criterion of one answer that differ by more than `FAR_APART` levels, farthest first."""
    found = []
    for each in eval_set.answers:
        by_criterion: dict[str, dict[str, float]] = {}
        for label in each.labels:
            by_criterion.setdefault(label.criterion_id, {})[label.rater_id] = label.level
        for criterion, levels in by_criterion.items():
            apart = RatersApart(each.answer.answer_id, criterion, levels)
            if apart.distance > FAR_APART:
                found.append(apart)
    return tuple(sorted(found, key=lambda apart: -apart.distance))


def rater_coverage(eval_set: EvalSet) -> tuple[RaterCoverage, ...]:
    """For each rater of the manifest, the labels given of all that the questions ask for."""
    asked = sum(len(eval_set.questionnaire.question(each.answer.question_id).criteria) for each in eval_set.answers)
    given = Counter(label.rater_id for each in eval_set.answers for label in each.labels)
    return tuple(RaterCoverage(rater, given[rater], asked) for rater in eval_set.manifest.raters)


def unused_levels(eval_set: EvalSet) -> dict[str, tuple[int, ...]]:
    """By criterion that a question is graded on, the levels that no rater gave to any answer."""
    asked = {criterion for question in eval_set.questionnaire.questions for criterion in question.criteria}
    used = {(label.criterion_id, label.level) for each in eval_set.answers for label in each.labels}
    found = {
        criterion.id: tuple(level for level in sorted(criterion.levels) if (criterion.id, level) not in used)
        for criterion in eval_set.rubric.criteria
        if criterion.id in asked
    }
    return {criterion: levels for criterion, levels in found.items() if levels}


def undeclared_notes(eval_set: EvalSet) -> dict[str, int]:
    """Notes of labels that the manifest's `notes_used` does not name, with how often each occurs."""
    declared = set(eval_set.manifest.notes_used)
    if not declared:
        return {}
    notes = Counter(label.note for each in eval_set.answers for label in each.labels if label.note)
    return {note: count for note, count in notes.items() if note not in declared}


def split_balance(eval_set: EvalSet) -> tuple[SplitBalance, ...]:
    """For each split of the manifest, its answers and how many of them are in the positive class."""
    return tuple(_balance(split, eval_set) for split in eval_set.manifest.splits)


def _balance(split: str, eval_set: EvalSet) -> SplitBalance:
    answers = eval_set.split(split)
    classes = Counter(is_positive(eval_set, each, consensus_levels(each)) for each in answers)
    return SplitBalance(
        split=split,
        answers=len(answers),
        candidates=len({each.answer.candidate_id for each in answers}),
        absent=sum(each.answer.absent is not None for each in answers),
        positive=classes[True],
        negative=classes[False],
        unknown=classes[None],
    )
