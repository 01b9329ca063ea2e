"""Intervals come from whole clusters, are the same for a seed, and say when they cannot be told."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom

from evaluator.core.metrics.agreement import exact_agreement, weighted_kappa
from evaluator.core.metrics.bootstrap import (
    MOSTLY_UNDEFINED,
    NO_VARIATION,
    ONE_CLUSTER,
    Figure,
    bootstrap_interval,
    exact_share_interval,
    resample_clusters,
    with_interval,
)
from evaluator.core.metrics.estimate import Estimate
from evaluator.core.metrics.figures import agreement_figures, pair_figures

SCALE = (0, 1, 2, 3, 4)


def clustered(random: np.random.Generator, clusters: int) -> tuple[list[float], list[float], list[int]]:
    """Grader, rater and cluster of five answers each by candidates who differ in level and in how they are read."""
    level = random.normal(2, 1, clusters)[:, None]
    leniency = random.normal(0, 0.5, clusters)[:, None]
    truth = level + random.normal(0, 0.8, (clusters, 5))
    grader = truth + leniency + random.normal(0, 0.5, (clusters, 5))
    as_levels = [np.clip(np.round(values), 0, 4).ravel().tolist() for values in (grader, truth)]
    return as_levels[0], as_levels[1], [item // 5 for item in range(5 * clusters)]


def test_a_draw_takes_whole_clusters_as_many_as_there_are() -> None:
    """First row: all once. Then all but one in turn. Then draws with replacement."""
    resampling = resample_clusters(["ann", "ann", "ben", "cem", "cem"], seed=1, resamples=50)
    assert resampling.cluster_of.tolist() == [0, 0, 1, 2, 2]
    assert resampling.weights[0].tolist() == [1, 1, 1]
    assert resampling.weights[1:4].tolist() == [[0, 1, 1], [1, 0, 1], [1, 1, 0]]
    assert resampling.resamples == 50
    assert (resampling.weights[4:].sum(axis=1) == 3).all()


def test_many_clusters_are_left_out_in_groups() -> None:
    """Of 1200 candidates 500 groups of two or three are left out; the interval is as wide as theory has it."""
    random = np.random.default_rng(4)
    same = random.random(1200) < 0.7
    grader, rater = np.where(same, 1, 2).tolist(), [1] * 1200
    resampling = resample_clusters(range(1200), seed=1)
    assert resampling.groups == 500
    assert resampling.resamples == 2000
    assert set((1 - resampling.weights[1:501]).sum(axis=1)) == {2, 3}
    figure = agreement_figures(grader, rater, SCALE, resampling).exact
    assert figure.value is not None
    margin = 1.96 * (figure.value * (1 - figure.value) / 1200) ** 0.5
    assert (figure.low, figure.high) == pytest.approx((figure.value - margin, figure.value + margin), abs=0.005)


def test_the_same_seed_gives_the_same_interval() -> None:
    """A report can be made again; another seed moves the ends a little."""
    grader, rater, clusters = clustered(np.random.default_rng(1), 20)
    runs = [
        agreement_figures(grader, rater, SCALE, resample_clusters(clusters, seed=seed, resamples=500)).quadratic_kappa
        for seed in (7, 7, 8)
    ]
    assert runs[0] == runs[1]
    assert runs[0].low != runs[2].low


def test_answers_of_one_candidate_widen_the_interval() -> None:
    """Answers that are read alike within a candidate count for less than independent ones."""
    grader, rater, clusters = clustered(np.random.default_rng(2), 30)
    by_candidate = agreement_figures(grader, rater, SCALE, resample_clusters(clusters, seed=1)).mean_signed_error
    by_answer = agreement_figures(grader, rater, SCALE, resample_clusters(range(len(grader)), seed=1)).mean_signed_error

    def width(figure: Estimate) -> float:
        assert figure.low is not None
        assert figure.high is not None
        return figure.high - figure.low

    assert width(by_candidate) > 1.3 * width(by_answer)
    assert (by_candidate.clusters, by_answer.clusters) == (30, 150)


@pytest.mark.parametrize("candidates", [10, 30])
def test_intervals_cover_the_truth_about_as_often_as_they_say(candidates: int) -> None:
    """Of 120 sets drawn from one population, at least 87% of the 95% intervals hold the population's figure."""
    random = np.random.default_rng(candidates)
    grader, rater, _ = clustered(random, 20_000)
    truth = {
        "exact": exact_agreement(grader, rater, SCALE).value,
        "mean_signed_error": float(np.mean(np.array(grader) - np.array(rater))),
    }
    covered = dict.fromkeys(truth, 0)
    for seed in range(120):
        grader, rater, clusters = clustered(random, candidates)
        resampling = resample_clusters(clusters, seed=seed, resamples=400)
        figures = pair_figures(grader, rater, SCALE, resampling)
        for key, value in truth.items():
            found = with_interval(figures[key], resampling)
            assert found.low is not None
            assert found.high is not None
            assert value is not None
            covered[key] += found.low <= value <= found.high
    assert min(covered.values()) >= 0.87 * 120


def test_the_interval_of_kappa_for_raters_who_agree_by_chance_holds_zero() -> None:
    """Independent labels: in at least 18 of 20 sets, zero is inside."""
    random = np.random.default_rng(6)
    held = 0
    for seed in range(20):
        first, second = random.integers(0, 5, (2, 100)).tolist()
        figure = agreement_figures(
            first, second, SCALE, resample_clusters([item // 4 for item in range(100)], seed=seed, resamples=500)
        ).quadratic_kappa
        assert figure.low is not None
        assert figure.high is not None
        held += figure.low <= 0 <= figure.high
    assert held >= 18


def test_a_share_of_all_or_none_gets_the_exact_binomial_interval() -> None:
    """Agreement on every answer of ten candidates: no draw differs, yet the share could be as low as 0.025^(1/10)."""
    resampling = resample_clusters([item // 2 for item in range(20)], seed=1, resamples=100)
    figure = agreement_figures([1, 2] * 10, [1, 2] * 10, SCALE, resampling).exact
    assert figure.value == 1
    assert figure.low == pytest.approx(0.025 ** (1 / 10))
    assert figure.high == 1


def test_a_coefficient_that_never_varies_says_so() -> None:
    """Kappa 1 on every draw: the interval is a point, and a note keeps it from being read as certainty."""
    resampling = resample_clusters([item // 2 for item in range(20)], seed=1, resamples=100)
    figure = agreement_figures([1, 2] * 10, [1, 2] * 10, SCALE, resampling).quadratic_kappa
    assert (figure.low, figure.value, figure.high) == (1, 1, 1)
    assert figure.note == NO_VARIATION


def test_one_cluster_has_no_interval() -> None:
    """Twenty answers of one candidate tell nothing about other candidates."""
    figure = agreement_figures([1, 2] * 10, [2, 2] * 10, SCALE, resample_clusters(["ann"] * 20, seed=1)).exact
    assert figure.value == 0.5
    assert not figure.has_interval
    assert figure.note == ONE_CLUSTER


def test_degenerate_draws_are_skipped_and_counted() -> None:
    """Only one of five candidates was ever labelled apart: draws without it have no rank correlation."""
    grader, rater = [1, 1, 1, 1, 3, 4], [1, 1, 1, 1, 3, 4]
    figure = agreement_figures(grader, rater, SCALE, resample_clusters([0, 1, 2, 3, 4, 4], seed=3)).spearman
    assert figure.resamples == 2000
    assert figure.skipped == pytest.approx(2000 * (0.8**5 + 0.2**5), rel=0.1)  # without it, or with nothing but it


def test_mostly_degenerate_draws_give_no_interval() -> None:
    """When most draws have no value, the few that do are not an interval."""
    resampling = resample_clusters(range(4), seed=1, resamples=100)
    draws = np.full(len(resampling.weights), np.nan)
    draws[:50] = np.linspace(0, 1, 50)
    figure = with_interval(Figure(Estimate(0.5, 4), draws, np.arange(4)), resampling)
    assert not figure.has_interval
    assert figure.note == MOSTLY_UNDEFINED
    assert figure.skipped == 55


def test_a_statistic_without_sums_is_resampled_one_call_a_draw() -> None:
    """The plain way gives the interval of the fast way, draw for draw."""
    grader, rater, clusters = clustered(np.random.default_rng(9), 8)
    resampling = resample_clusters(clusters, seed=5, resamples=60)
    slow = bootstrap_interval(
        weighted_kappa(grader, rater, SCALE),
        lambda items: weighted_kappa([grader[item] for item in items], [rater[item] for item in items], SCALE),
        resampling,
    )
    fast = agreement_figures(grader, rater, SCALE, resampling).quadratic_kappa
    assert (slow.low, slow.high) == pytest.approx((fast.low, fast.high))
    assert slow.clusters == fast.clusters


@pytest.mark.parametrize(("successes", "trials"), [(0, 10), (3, 10), (10, 10), (47, 50)])
def test_the_exact_interval_leaves_at_most_the_tail_on_either_side(successes: int, trials: int) -> None:
    """At the low end, so many or more come up with chance 2.5%; at the high end, so many or fewer."""
    low, high = exact_share_interval(successes, trials)
    if successes:
        assert binom.sf(successes - 1, trials, low) == pytest.approx(0.025)
    if successes < trials:
        assert binom.cdf(successes, trials, high) == pytest.approx(0.025)


@pytest.mark.parametrize(("clusters", "resamples"), [([], 100), (["ann"], 0)])
def test_nothing_to_resample_is_refused(clusters: list[str], resamples: int) -> None:
    """No item, or no draw."""
    with pytest.raises(ValueError, match="resampling needs"):
        resample_clusters(clusters, seed=1, resamples=resamples)
