"""The statistics of many draws at once are those of the libraries on each draw written out."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluator.core.metrics import agreement
from evaluator.core.metrics.bootstrap import Figure, Resampling, resample_clusters
from evaluator.core.metrics.ceiling import ceiling_figures
from evaluator.core.metrics.estimate import Estimate
from evaluator.core.metrics.figures import KEYS, pair_figures
from evaluator.core.metrics.levels import Readings

SCALE = (0, 1, 2, 3, 4)
DRAWS_COMPARED = 12


def expanded(readings: Readings, resampling: Resampling, row: int) -> list[float | None]:
    """The readings of one draw written out: an item as often as its cluster was drawn."""
    times = resampling.weights[row][resampling.cluster_of].astype(int)
    return [reading for reading, count in zip(readings, times, strict=True) for _ in range(count)]


def wrapped(key: str, grader: Readings, rater: Readings) -> Estimate:
    """The statistic by the library that keeps it."""
    return {
        "exact": lambda: agreement.exact_agreement(grader, rater, SCALE),
        "adjacent": lambda: agreement.adjacent_agreement(grader, rater, SCALE),
        "quadratic_kappa": lambda: agreement.weighted_kappa(grader, rater, SCALE, "quadratic"),
        "linear_kappa": lambda: agreement.weighted_kappa(grader, rater, SCALE, "linear"),
        "alpha": lambda: agreement.ordinal_alpha([grader, rater], SCALE),
        "icc": lambda: agreement.icc_2_1([grader, rater]),
        "spearman": lambda: agreement.spearman(grader, rater),
        "mean_absolute_error": lambda: agreement.mean_absolute_error(grader, rater),
        "mean_signed_error": lambda: agreement.mean_signed_error(grader, rater),
        "rmse": lambda: agreement.root_mean_square_error(grader, rater, SCALE),
    }[key]()


def assert_same(drawn: float, by_library: Estimate) -> None:
    """Equal, or both not defined."""
    if by_library.value is None:
        assert np.isnan(drawn)
    else:
        assert drawn == pytest.approx(by_library.value, abs=1e-9)


def some_readings(seed: int, *, whole: bool, items: int = 40) -> tuple[list[float | None], list[float | None]]:
    """A grader near a rater, a tenth of each missing; whole levels or expected ones."""
    random = np.random.default_rng(seed)
    rater = random.integers(0, 5, items)
    grader = np.clip(rater + random.normal(0, 1, items), 0, 4)
    grader = np.round(grader) if whole else np.round(grader, 1)
    return (
        [None if random.random() < 0.1 else float(level) for level in grader],
        [None if random.random() < 0.1 else float(level) for level in rater],
    )


@pytest.mark.parametrize("whole", [True, False], ids=["levels", "expected levels"])
@pytest.mark.parametrize("key", KEYS)
def test_every_draw_equals_the_library_on_the_draw_written_out(key: str, *, whole: bool) -> None:
    """The whole set, sets without a cluster and random draws: no statistic differs from its library."""
    grader, rater = some_readings(3, whole=whole)
    resampling = resample_clusters([item // 4 for item in range(40)], seed=8, resamples=20)
    figure: Figure = pair_figures(grader, rater, SCALE, resampling)[key]
    for row in [0, 1, 5, *range(11, 11 + DRAWS_COMPARED)]:
        of_draw = wrapped(key, expanded(grader, resampling, row), expanded(rater, resampling, row))
        assert_same(figure.draws[row], of_draw)
    assert figure.estimate.value == pytest.approx(figure.draws[0])


@given(
    readings=st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4), st.integers(0, 3)), min_size=2, max_size=12),
    seed=st.integers(0, 1000),
)
@settings(max_examples=30, deadline=None)
def test_degenerate_draws_are_undefined_where_the_library_says_so(
    readings: list[tuple[int, int, int]], seed: int
) -> None:
    """On small sets, draws of one level or one cluster come up: they are not defined on both sides, or equal."""
    grader, rater, clusters = ([float(value) for value in column] for column in zip(*readings, strict=True))
    resampling = resample_clusters(clusters, seed=seed, resamples=3)
    figures = pair_figures(grader, rater, SCALE, resampling)
    for row in range(1 + resampling.cluster_count, len(resampling.weights)):
        one, other = expanded(grader, resampling, row), expanded(rater, resampling, row)
        for key in KEYS:
            assert_same(figures[key].draws[row], wrapped(key, one, other))


@pytest.mark.parametrize("missing", [0.0, 0.25], ids=["complete", "labels missing"])
def test_alpha_and_icc_of_several_raters_equal_the_library_on_the_draw(missing: float) -> None:
    """Three raters at once, with gaps: the coincidences of a draw add up over its clusters."""
    random = np.random.default_rng(4)
    truth = random.integers(0, 5, 30)
    raters: dict[str, Readings] = {
        name: [
            None if random.random() < missing else float(level)
            for level in np.clip(truth + random.integers(-1, 2, 30), 0, 4)
        ]
        for name in ("rater_a", "rater_b", "rater_c")
    }
    resampling = resample_clusters([item // 3 for item in range(30)], seed=2, resamples=10)
    figures = ceiling_figures(raters, SCALE, resampling)
    for row in [0, 3, *range(11, 21)]:
        of_draw = [expanded(readings, resampling, row) for readings in raters.values()]
        assert_same(figures["alpha"].draws[row], agreement.ordinal_alpha(of_draw, SCALE))
        assert_same(figures["icc"].draws[row], agreement.icc_2_1(of_draw))


def test_a_scale_of_halves_is_read_in_steps_of_the_scale() -> None:
    """On 0 to 5 by halves the kappas and adjacency count steps of a half; the errors stay in points."""
    scale = tuple(step / 2 for step in range(11))
    grader, rater = [0.5, 2.5, 5.0, 3.0], [1.0, 2.5, 4.0, 3.0]
    figures = pair_figures(grader, rater, scale, resample_clusters(range(4), seed=1, resamples=5))
    assert figures["adjacent"].draws[0] == pytest.approx(0.75)
    assert figures["mean_absolute_error"].draws[0] == pytest.approx(1.5 / 4)
    assert figures["rmse"].draws[0] == pytest.approx((1.25 / 4) ** 0.5 / 5)
