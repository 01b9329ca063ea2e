"""The pass/fail view: confusion counts and what follows from them, at the bar and along the threshold."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from evaluator.core.metrics.bootstrap import Figure, Resampling, with_interval
from evaluator.core.metrics.estimate import Estimate, not_available
from evaluator.core.metrics.levels import Floats, Positions


@dataclass(frozen=True, slots=True)
class ConfusionMatrix:
    """Counts of items by truth and prediction; positive is whatever the eval set defines it to be."""

    true_positives: int
    false_positives: int
    false_negatives: int
    true_negatives: int

    @property
    def n(self) -> int:
        return self.true_positives + self.false_positives + self.false_negatives + self.true_negatives

    @property
    def positives(self) -> int:
        """Items that are positive in truth."""
        return self.true_positives + self.false_negatives


@dataclass(frozen=True, slots=True)
class ClassificationFigures:
    """What a confusion matrix says. Accuracy stands beside the accuracy of always naming the commoner class.

    precision = tp / (tp + fp); recall = tp / (tp + fn); specificity = tn / (tn + fp);
    F1 = 2 tp / (2 tp + fp + fn) (van Rijsbergen, Information Retrieval (1979), ch. 7);
    base rate = (tp + fn) / n; accuracy = (tp + tn) / n; commoner class = max(base rate, 1 - base rate).
    """

    confusion: ConfusionMatrix
    precision: Estimate
    recall: Estimate
    specificity: Estimate
    f1: Estimate
    base_rate: Estimate
    accuracy: Estimate
    commoner_class: Estimate

    def items(self) -> Iterator[tuple[str, Estimate]]:
        """Each figure by its name, in the order of a report."""
        return ((name, getattr(self, name)) for name in FIGURES)


FIGURES = ("precision", "recall", "specificity", "f1", "base_rate", "accuracy", "commoner_class")

# Why a figure whose denominator is nothing is not defined.
UNDEFINED = {
    "precision": "nothing was called positive",
    "recall": "nothing is positive in truth",
    "specificity": "nothing is negative in truth",
    "f1": "nothing is positive, in truth or as called",
}


@dataclass(frozen=True, slots=True)
class ThresholdPoint:
    """The figures when an item is called positive from this score on (score >= threshold)."""

    threshold: float
    figures: ClassificationFigures


def confusion_matrix(truth: Sequence[bool | None], called: Sequence[bool | None]) -> ConfusionMatrix:
    """Count the items that have both a truth and a call. Raises ValueError when the two are not aligned."""
    kept_truth, kept_called, _ = _both(truth, called)
    return _counts(kept_truth, kept_called)


def classification_figures(
    truth: Sequence[bool | None], called: Sequence[bool | None], resampling: Resampling
) -> ClassificationFigures:
    """Every figure at one bar, with intervals; items without a truth or a call are left out."""
    drawn = call_figures(truth, called, resampling)
    found = {name: with_interval(drawn[name], resampling, share=True) for name in FIGURES}
    return ClassificationFigures(confusion=confusion_matrix(truth, called), **found)


def call_figures(
    truth: Sequence[bool | None], called: Sequence[bool | None], resampling: Resampling
) -> dict[str, Figure]:
    """Every figure at one bar, with its draws, by name."""
    if len(called) != len(resampling.cluster_of):
        raise ValueError(f"{len(called)} calls, but the resampling is of {len(resampling.cluster_of)} items")
    kept_truth, kept_called, items = _both(truth, called)
    cells = np.bincount(
        resampling.cluster_of[items] * 4 + 2 * kept_truth + kept_called, minlength=resampling.cluster_count * 4
    ).reshape(-1, 4)
    # The first row of weights takes every cluster once: it is the whole set.
    drawn = _ratios(resampling.weights @ cells.astype(np.float64))
    # Only what stands in a figure's denominator is evidence for it: one right call among a hundred answers is one trial
    # of precision, not a hundred.
    counts = {"precision": kept_called == 1, "recall": kept_truth == 1, "specificity": kept_truth == 0}
    counts["f1"] = (kept_called == 1) | (kept_truth == 1)
    return {
        name: Figure(
            _estimate(name, float(drawn[name][0]), len(items)),
            drawn[name],
            items[counts[name]] if name in counts else items,
        )
        for name in FIGURES
    }


def threshold_curve(
    truth: Sequence[bool | None], scores: Sequence[float | None], resampling: Resampling, *, most_points: int = 50
) -> tuple[ThresholdPoint, ...]:
    """The figures along the threshold, lowest first: a point at each distinct score, so that every split is there.

    With more distinct scores than `most_points`, the points are evenly spaced quantiles of them, ends kept.
    """
    if len(truth) != len(scores):
        raise ValueError(f"truth and scores are not aligned: {len(truth)} and {len(scores)} items")
    judged = (score for score, known in zip(scores, truth, strict=True) if known is not None)
    distinct = sorted({score for score in judged if score is not None})
    if len(distinct) > most_points:
        places = np.unique(np.linspace(0, len(distinct) - 1, most_points).round().astype(int))
        distinct = [distinct[place] for place in places]
    return tuple(
        ThresholdPoint(
            threshold,
            classification_figures(
                truth, [None if score is None else score >= threshold for score in scores], resampling
            ),
        )
        for threshold in distinct
    )


def _both(truth: Sequence[bool | None], called: Sequence[bool | None]) -> tuple[Positions, Positions, Positions]:
    if len(truth) != len(called):
        raise ValueError(f"truth and calls are not aligned: {len(truth)} and {len(called)} items")
    kept = [
        (int(known), int(call), item)
        for item, (known, call) in enumerate(zip(truth, called, strict=True))
        if known is not None and call is not None
    ]
    table = np.array(kept, dtype=np.intp).reshape(-1, 3)
    return table[:, 0], table[:, 1], table[:, 2]


def _counts(truth: Positions, called: Positions) -> ConfusionMatrix:
    tn, fp, fn, tp = np.bincount(2 * truth + called, minlength=4)
    return ConfusionMatrix(int(tp), int(fp), int(fn), int(tn))


def _estimate(name: str, value: float, n: int) -> Estimate:
    if not np.isnan(value):
        return Estimate(value, n)
    return not_available(UNDEFINED[name] if n else "no item has both a truth and a call", n)


def _ratios(cells: Floats) -> dict[str, Floats]:
    """Each figure from rows of (tn, fp, fn, tp); NaN where its denominator is nothing."""
    tn, fp, fn, tp = cells.T
    n = cells.sum(axis=1)
    base_rate = _ratio(tp + fn, n)
    return {
        "precision": _ratio(tp, tp + fp),
        "recall": _ratio(tp, tp + fn),
        "specificity": _ratio(tn, tn + fp),
        "f1": _ratio(2 * tp, 2 * tp + fp + fn),
        "base_rate": base_rate,
        "accuracy": _ratio(tp + tn, n),
        "commoner_class": np.maximum(base_rate, 1 - base_rate),
    }


def _ratio(above: Floats, below: Floats) -> Floats:
    return np.asarray(np.divide(above, below, out=np.full(above.shape, np.nan), where=below > 0))
