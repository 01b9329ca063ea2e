"""The promise on grades that stand: exact numbers, honest refusals, and the guarantee itself, simulated."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom

from evaluator.core.metrics.conformal import (
    NoThreshold,
    Threshold,
    least_standing,
    risk_upper_bound,
    standing_threshold,
)


@pytest.mark.parametrize(
    ("risk", "certainty", "mistakes", "expected"),
    [(0.05, 0.95, 0, 59), (0.05, 0.95, 1, 93), (0.05, 0.95, 2, 124), (0.1, 0.9, 0, 22), (0.01, 0.95, 0, 299)],
)
def test_how_many_grades_a_promise_takes(risk: float, certainty: float, mistakes: int, expected: int) -> None:
    """Without a mistake (1 - risk)^n <= 1 - certainty: .95^59 = .0485, .95^58 = .0510. One grade fewer will not do."""
    assert least_standing(risk, certainty, mistakes) == expected
    assert binom.cdf(mistakes, expected, risk) <= 1 - certainty < binom.cdf(mistakes, expected - 1, risk)


def test_the_bound_is_the_exact_one() -> None:
    """No mistake in 59: the share that gives that a chance of 5% is 1 - .05^(1/59)."""
    assert risk_upper_bound(0, 59, 0.95) == pytest.approx(1 - 0.05 ** (1 / 59))
    assert risk_upper_bound(0, 0, 0.95) == 1
    assert binom.cdf(4, 200, risk_upper_bound(4, 200, 0.95)) == pytest.approx(0.05)


def test_fifty_grades_can_promise_nothing_at_five_percent() -> None:
    """An answer, not an error: even without one mistake 50 grades are too few."""
    outcome = standing_threshold([0.9] * 50, [False] * 50)
    assert isinstance(outcome, NoThreshold)
    assert "no threshold can promise" in outcome.reason
    assert "n=50" in outcome.reason
    assert "59 grades" in outcome.reason


def test_the_lowest_threshold_that_keeps_the_promise_is_chosen() -> None:
    """150 sure grades without a mistake, 50 unsure ones of which 20 are wrong: the sure ones stand."""
    confidence = [0.9] * 150 + [0.4] * 50
    wrong = [False] * 150 + [True] * 20 + [False] * 30
    outcome = standing_threshold(confidence, wrong)
    assert isinstance(outcome, Threshold)
    assert outcome.confidence == pytest.approx(0.41)  # the grid's next step above the unsure ones
    assert (outcome.standing, outcome.wrong, outcome.coverage) == (150, 0, 0.75)
    assert outcome.risk_bound == pytest.approx(1 - 0.05 ** (1 / 150))


def test_a_grader_that_is_seldom_wrong_may_stand_throughout() -> None:
    """Two mistakes in 200: everything stands, and the bound says how sure that is."""
    wrong = [True] * 2 + [False] * 198
    outcome = standing_threshold([0.6] * 200, wrong)
    assert isinstance(outcome, Threshold)
    assert (outcome.confidence, outcome.standing) == (0, 200)
    assert outcome.risk_bound <= 0.05


def test_a_grader_that_is_sure_and_wrong_may_not_stand() -> None:
    """A tenth of the surest are wrong: nothing further down is tried, however good it looks."""
    confidence = [0.95] * 100 + [0.5] * 400
    wrong = [True] * 10 + [False] * 490
    outcome = standing_threshold(confidence, wrong)
    assert isinstance(outcome, NoThreshold)
    assert "among the surest" in outcome.reason


def test_candidates_as_trials_need_as_many_candidates_as_grades() -> None:
    """Forty candidates with five right grades each are forty trials, too few; sixty are enough."""
    for candidates, expected in ((40, NoThreshold), (60, Threshold)):
        clusters = [item // 5 for item in range(5 * candidates)]
        outcome = standing_threshold([0.9] * len(clusters), [False] * len(clusters), clusters=clusters)
        assert isinstance(outcome, expected)
    assert isinstance(outcome, Threshold)
    assert (outcome.unit, outcome.n, outcome.standing) == ("cluster", 60, 60)


def test_a_candidate_is_wrong_when_any_standing_grade_is() -> None:
    """A mistake that does not stand is not held against its candidate."""
    clusters = [item // 2 for item in range(240)]
    confidence = [0.9, 0.3] * 120
    wrong = [False, True] * 120
    outcome = standing_threshold(confidence, wrong, clusters=clusters)
    assert isinstance(outcome, Threshold)
    assert outcome.confidence == pytest.approx(0.31)
    assert (outcome.standing, outcome.wrong) == (120, 0)


def test_grades_without_a_confidence_or_a_label_are_left_out() -> None:
    """They promise nothing and break nothing."""
    outcome = standing_threshold([0.9] * 60 + [None] * 10 + [0.9], [False] * 60 + [True] * 10 + [None])
    assert isinstance(outcome, Threshold)
    assert outcome.n == 60


@pytest.mark.parametrize("n", [100, 250])
@pytest.mark.parametrize("shape", ["flat just above the limit", "surer is righter"])
def test_the_promise_is_kept_as_often_as_it_says(shape: str, n: int) -> None:
    """600 calibration sets: the threshold breaks the 5% limit in no more than 5% of them (and 2.5% of chance).

    Mistakes come with a chance known for each confidence, so that the true share among standing grades is too.
    """

    def chance_wrong(confidence: np.ndarray) -> np.ndarray:
        return np.full_like(confidence, 0.055) if shape.startswith("flat") else 0.16 * (1 - confidence)

    random = np.random.default_rng(n)
    broken = 0
    for _ in range(600):
        confidence = random.random(n)
        wrong = random.random(n) < chance_wrong(confidence)
        outcome = standing_threshold(confidence.tolist(), wrong.tolist())
        if isinstance(outcome, Threshold):
            true_risk = float(chance_wrong(np.linspace(outcome.confidence, 1, 200)).mean())
            broken += true_risk > 0.05 + 1e-9
    assert broken / 600 <= 0.05 + 0.025


@pytest.mark.parametrize(("risk", "certainty"), [(0.0, 0.95), (0.05, 1.0)])
def test_a_promise_of_certainty_is_refused(risk: float, certainty: float) -> None:
    """No sample shows that nothing is ever wrong."""
    with pytest.raises(ValueError, match="between 0 and 1"):
        standing_threshold([0.9], [False], risk=risk, certainty=certainty)
