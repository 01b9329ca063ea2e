"""The pass/fail figures by hand, against scikit-learn, along the threshold, and where they are not defined."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, f1_score, precision_score, recall_score
from sklearn.metrics import confusion_matrix as counted

from evaluator.core.metrics.bootstrap import resample_clusters
from evaluator.core.metrics.classification import (
    ConfusionMatrix,
    classification_figures,
    confusion_matrix,
    threshold_curve,
)

TRUTH = [True, True, True, False, False, False, False, False, True, False]
CALLED = [True, True, False, True, False, False, False, False, True, False]
RESAMPLING = resample_clusters([item // 2 for item in range(10)], seed=1, resamples=200)


def test_figures_by_hand() -> None:
    """Ten answers: 3 true positives, 1 false positive, 1 false negative, 5 true negatives."""
    figures = classification_figures(TRUTH, CALLED, RESAMPLING)
    assert figures.confusion == ConfusionMatrix(3, 1, 1, 5)
    assert figures.precision.value == pytest.approx(3 / 4)
    assert figures.recall.value == pytest.approx(3 / 4)
    assert figures.specificity.value == pytest.approx(5 / 6)
    assert figures.f1.value == pytest.approx(6 / 8)
    assert figures.base_rate.value == pytest.approx(4 / 10)
    assert figures.accuracy.value == pytest.approx(8 / 10)
    assert figures.commoner_class.value == pytest.approx(6 / 10)
    assert all(estimate.has_interval for _, estimate in figures.items())


def test_figures_equal_scikit_learn() -> None:
    """A hundred random calls."""
    random = np.random.default_rng(3)
    truth, called = random.random(100) < 0.3, random.random(100) < 0.4
    figures = classification_figures(
        truth.tolist(), called.tolist(), resample_clusters(range(100), seed=1, resamples=10)
    )
    assert figures.precision.value == pytest.approx(precision_score(truth, called))
    assert figures.recall.value == pytest.approx(recall_score(truth, called))
    assert figures.f1.value == pytest.approx(f1_score(truth, called))
    assert figures.accuracy.value == pytest.approx(accuracy_score(truth, called))
    found = figures.confusion
    assert [[found.true_negatives, found.false_positives], [found.false_negatives, found.true_positives]] == counted(
        truth, called
    ).tolist()


def test_items_without_a_truth_or_a_call_are_left_out() -> None:
    """An answer that could not be graded is neither a pass nor a fail."""
    assert confusion_matrix([True, None, False], [None, True, False]) == ConfusionMatrix(0, 0, 0, 1)


@pytest.mark.parametrize(
    ("truth", "called", "undefined"),
    [
        ([True, False] * 5, [False] * 10, {"precision": "nothing was called positive"}),
        ([False] * 10, [True, False] * 5, {"recall": "nothing is positive in truth"}),
        ([True] * 10, [True, False] * 5, {"specificity": "nothing is negative in truth"}),
        ([False] * 10, [False] * 10, {"f1": "nothing is positive, in truth or as called"}),
    ],
)
def test_a_figure_without_a_denominator_says_why(
    truth: list[bool], called: list[bool], undefined: dict[str, str]
) -> None:
    """Precision of no positive call is not 0."""
    figures = dict(classification_figures(truth, called, RESAMPLING).items())
    assert {name: figures[name].reason for name in undefined} == undefined


def test_an_interval_rests_on_the_items_in_the_denominator_alone() -> None:
    """Two right calls of 100 answers by 100 candidates are two trials of precision: 1.00 with a low end of .16."""
    truth, called = [True] * 9 + [False] * 91, [True] * 2 + [False] * 98
    figures = classification_figures(truth, called, resample_clusters(range(100), seed=1, resamples=200))
    precision = figures.precision
    assert (precision.value, precision.clusters, precision.high) == (1.0, 2, 1.0)
    assert precision.low == pytest.approx(0.025**0.5)
    assert (figures.recall.clusters, figures.specificity.clusters, figures.accuracy.clusters) == (9, 91, 100)
    alone = classification_figures(truth, [True] + [False] * 99, resample_clusters(range(100), seed=1, resamples=200))
    assert alone.precision.value == 1.0
    assert not alone.precision.has_interval


def test_no_common_item_leaves_every_figure_without_a_value() -> None:
    """Nothing is made of nothing."""
    figures = classification_figures([None] * 10, CALLED, RESAMPLING)
    assert {estimate.reason for _, estimate in figures.items()} == {"no item has both a truth and a call"}


def test_the_curve_has_a_point_at_each_distinct_score() -> None:
    """From all called positive to the highest score alone; recall falls along it."""
    scores = [9, 8, 4, 6, 3, 3, 2, 1, 7, None]
    points = threshold_curve(TRUTH, scores, RESAMPLING)
    assert [point.threshold for point in points] == [1, 2, 3, 4, 6, 7, 8, 9]
    recalls = [point.figures.recall.value for point in points]
    assert recalls == sorted(recalls, key=lambda recall: -(recall or 0))
    at_six = points[4].figures
    assert at_six.confusion == ConfusionMatrix(3, 1, 1, 4)


def test_a_long_curve_is_thinned_and_keeps_its_ends() -> None:
    """A score for each of 400 answers gives fifty points."""
    scores = [item / 40 for item in range(400)]
    resampling = resample_clusters(range(400), seed=1, resamples=20)
    points = threshold_curve([item % 3 == 0 for item in range(400)], scores, resampling)
    assert len(points) == 50
    assert (points[0].threshold, points[-1].threshold) == (scores[0], scores[-1])


def test_lists_that_are_not_aligned_are_refused() -> None:
    """Ten truths and nine calls."""
    with pytest.raises(ValueError, match="not aligned"):
        confusion_matrix(TRUTH, CALLED[:9])
