"""When a grade counts as wrong, and the confidence that it is not."""

from __future__ import annotations

import pytest

from evaluator.core.confidence import ConfidenceModel, Weighing, is_wrong, off_by_more_than_one, signs_of
from evaluator.core.grade import CriterionGrade, Evidence, UncalibratedLevel
from evaluator.core.metrics.confidence_fit import SignedGrade, fit_constant, fit_signs
from tests.run.calibration_case import rubric


@pytest.mark.parametrize(
    ("level", "consensus", "scale", "off"),
    [
        (3, 2, (0, 1, 2, 3), False),
        (3, 1, (0, 1, 2, 3), True),
        (3, 1.5, (0, 1, 2, 3), True),
        (0, 5, (0, 5, 10), False),
        (0, 10, (0, 5, 10), True),
        (0, 7, (0, 5, 10), True),
    ],
)
def test_off_by_more_than_one_counts_steps_of_the_scale(level, consensus, scale, off) -> None:
    """On a scale 0, 5, 10 a level of 5 is one step from 0; a label between two levels counts in part."""
    assert off_by_more_than_one(level, consensus, scale) is off


def test_a_grade_is_wrong_when_any_of_its_levels_is() -> None:
    """A missing label leaves it open, unless another level settles it."""
    both = rubric(2)
    assert is_wrong({"right": 2, "clear": 2}, {"right": 3, "clear": 2}, both) is False
    assert is_wrong({"right": 2, "clear": 0}, {"right": 2, "clear": 2}, both) is True
    assert is_wrong({"right": 2, "clear": 2}, {"right": 2}, both) is None
    assert is_wrong({"right": 0, "clear": 2}, {"right": 2}, both) is True
    assert is_wrong({"right": 2.4, "clear": 1.5}, {"right": 1, "clear": 3}, both) is False, "rounded as readers see it"


def test_the_signs_by_hand() -> None:
    """One level of 3.5 moved from 2, one of 1, spread 2, one of two quotes found, three words."""
    criteria = (
        CriterionGrade(
            id="right",
            level=4,
            expected_level=3.5,
            spread=2,
            uncalibrated=UncalibratedLevel(level=2, expected_level=2),
            evidence=(Evidence(quote="a", start=0, end=1, verified=True), Evidence(quote="z")),
        ),
        CriterionGrade(id="clear", level=1, expected_level=1),
    )
    assert signs_of(criteria, "one two three", rubric(2)) == pytest.approx(
        {
            "mean_level": (3.5 + 1) / 2 / 4,
            "extreme": 0.125**2,
            "lowest_level": 0.25,
            "between_levels": 0.25,
            "moved": 1.5 / 2 / 4,
            "spread": 0.5,
            "unverified": 0.5,
            "length": 1.3862943611,
        }
    )


def test_the_confidence_is_the_logistic_of_the_weighed_signs() -> None:
    """Without signs the same for all; one standard deviation above the mean at weight 1: odds of e."""
    assert ConfidenceModel(intercept=0).confidence({}) == 0.5
    model = ConfidenceModel(intercept=0, signs={"spread": Weighing(mean=1, scale=2, weight=1)})
    assert model.confidence({"spread": 3}) == pytest.approx(0.731059)
    assert ConfidenceModel(intercept=1e9).confidence({}) == 1


def test_a_sign_that_goes_with_mistakes_lowers_the_confidence() -> None:
    """Every third grade of wide spread is wrong; the rest is right."""
    signs = dict.fromkeys(
        ("mean_level", "extreme", "lowest_level", "between_levels", "moved", "unverified", "length"), 0.0
    )
    grades = [
        SignedGrade(f"a{n}", f"a{n}", {**signs, "spread": float(n % 2)}, wrong=n % 2 == 1 and n % 3 == 0)
        for n in range(120)
    ]
    model = fit_signs(grades)
    assert list(model.signs) == ["spread"]
    assert model.confidence({**signs, "spread": 0.0}) > 0.9 > 0.8 > model.confidence({**signs, "spread": 1.0})
    right_all = [SignedGrade(f"a{n}", f"a{n}", {**signs, "spread": 0.0}, wrong=False) for n in range(8)]
    assert fit_signs(right_all) == fit_constant(right_all)
    assert fit_constant(right_all).confidence({}) == pytest.approx(0.9), "Laplace: 9 of 10"
