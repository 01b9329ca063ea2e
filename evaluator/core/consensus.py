"""The consensus of an answer's raters, and a single rater's levels: what a grader is held to."""

from __future__ import annotations

import statistics

from evaluator.core.eval_set import LabelledAnswer


def consensus_levels(labelled: LabelledAnswer) -> dict[str, float]:
    """By criterion, the median of the raters' levels (the mean of the middle two); criteria without label left out."""
    given: dict[str, list[float]] = {}
    for label in labelled.labels:
        given.setdefault(label.criterion_id, []).append(label.level)
    return {criterion: float(statistics.median(levels)) for criterion, levels in given.items()}


def rater_levels(labelled: LabelledAnswer, rater: str) -> dict[str, float]:
    """One rater's levels of one answer, by criterion."""
    return {label.criterion_id: label.level for label in labelled.labels if label.rater_id == rater}
