"""Fitting the confidence of a grade: a logistic regression on its signs, or the same share for every grade."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from evaluator.core.confidence import SIGNS, ConfidenceModel, Sign, Weighing

# scikit-learn's C on signs in units of their standard deviation: few wrong grades must not make a steep rule.
_STRENGTH = 0.3
_DECIMALS = 6


@dataclass(frozen=True, slots=True)
class SignedGrade:
    """A grade's signs and whether it turned out wrong; `unit` is what stays together in cross-validation."""

    answer_id: str
    unit: str
    signs: Mapping[Sign, float]
    wrong: bool


@dataclass(frozen=True, slots=True)
class ConfidenceRecipe:
    """A way to fit a confidence: its name, what it is in words, and the function that does it."""

    name: str
    says: str
    fit: Callable[[Sequence[SignedGrade]], ConfidenceModel]


def fit_constant(grades: Sequence[SignedGrade]) -> ConfidenceModel:
    """The share of right grades, with one right and one wrong added (Laplace), for every grade alike."""
    right = sum(not each.wrong for each in grades)
    share = (right + 1) / (len(grades) + 2)
    return ConfidenceModel(intercept=round(float(np.log(share / (1 - share))), _DECIMALS))


def fit_signs(grades: Sequence[SignedGrade]) -> ConfidenceModel:
    """Logistic regression with L2 on the standardised signs; signs that never vary are left out."""
    from sklearn.linear_model import LogisticRegression

    right = np.array([not each.wrong for each in grades])
    values = {sign: np.array([each.signs[sign] for each in grades], dtype=np.float64) for sign in SIGNS}
    varying = {sign: found for sign, found in values.items() if len(found) and float(found.std()) > 1e-9}
    if len(np.unique(right)) < 2 or not varying:
        return fit_constant(grades)
    means = {sign: float(found.mean()) for sign, found in varying.items()}
    scales = {sign: float(found.std()) for sign, found in varying.items()}
    table = np.stack([(found - means[sign]) / scales[sign] for sign, found in varying.items()], axis=1)
    model = LogisticRegression(C=_STRENGTH, solver="newton-cholesky").fit(table, right)
    weighed = {
        sign: Weighing(
            mean=round(means[sign], _DECIMALS),
            scale=max(round(scales[sign], _DECIMALS), 10**-_DECIMALS),
            weight=round(float(weight), _DECIMALS),
        )
        for sign, weight in zip(varying, model.coef_[0], strict=True)
    }
    return ConfidenceModel(intercept=round(float(model.intercept_[0]), _DECIMALS), signs=weighed)


CONSTANT = ConfidenceRecipe("one for all", "the share of right grades, the same for every grade", fit_constant)
BY_SIGNS = ConfidenceRecipe("by signs", "a logistic regression on signs of the grade", fit_signs)
