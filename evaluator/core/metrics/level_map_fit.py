"""Fitting maps from a grader's expected level to the raters' scale, from the simplest to the most particular.

Curves are isotonic regressions (Barlow, Bartholomew, Bremner and Brunk 1972; scikit-learn's pool-adjacent-violators),
each held towards a parent by `PRIOR` answers at every level of the scale: the curve of all criteria towards "as it is",
a criterion's towards that of all, a question's towards its criterion's. Few answers so move a curve little.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from evaluator.core.level_map import Curve, Knot, LevelMap, LevelMaps, OrdinalModel
from evaluator.core.metrics.levels import Floats

PRIOR = 1.0
_DECIMALS = 6  # of a level: far below what any figure shows, and short enough to read
# The thresholds' own terms are hardly held back: the penalty on them is this much smaller, squared.
_FREE = 10.0
_STRENGTHS = (1.0, 10.0)


@dataclass(frozen=True, slots=True)
class LevelReading:
    """One criterion of one answer: what the grader read, and what the raters agreed on.

    `unit` is what stays together in cross-validation (a candidate, a question, an answer, with copies of it).
    """

    answer_id: str
    unit: str
    question_id: str
    criterion_id: str
    expected_level: float
    checks: Mapping[str, bool] | None
    consensus: float


Key = TypeVar("Key", bound=Hashable)
LevelReadings = Sequence[LevelReading]
Fit = Callable[[LevelReadings, Sequence[int]], LevelMaps]


@dataclass(frozen=True, slots=True)
class MapRecipe:
    """A way to fit maps: its name, what it is in words, and the function that does it on readings and the scale."""

    name: str
    says: str
    fit: Fit


AS_IT_IS = "as it is"


def recipes_for(readings: LevelReadings, *, by_question: bool) -> tuple[MapRecipe, ...]:
    """The ways that these readings allow, the simplest first.

    `by_question`: whether the same questions will be asked again, so that a question may have a map of its own.
    """
    criteria = {each.criterion_id for each in readings}
    questions = {each.question_id for each in readings}
    found = []
    if len(criteria) > 1:
        found.append(MapRecipe("one curve", "one monotone curve for all criteria", fit_one_curve))
    found.append(MapRecipe("curve a criterion", "a monotone curve for each criterion", fit_curve_by_criterion))
    if by_question and len(questions) > 1:
        found += [
            MapRecipe("shift a question", "the criterion's curve, shifted for each question", fit_shift_by_question),
            MapRecipe("curve a question", "a monotone curve for each question and criterion", fit_curve_by_question),
        ]
    if readings and all(each.checks for each in readings):
        found += [_ordinal_recipe(strength) for strength in _STRENGTHS]
    return tuple(found)


def _ordinal_recipe(strength: float) -> MapRecipe:
    def fit(readings: LevelReadings, scale: Sequence[int]) -> LevelMaps:
        return fit_ordinal(readings, scale, strength)

    says = f"an ordinal model over the checks of each criterion, L2 with C={strength:g}"
    return MapRecipe(f"ordinal, C={strength:g}", says, fit)


def fit_one_curve(readings: LevelReadings, scale: Sequence[int]) -> LevelMaps:
    """One curve for every criterion."""
    curve = _curve(readings, scale, _as_it_is)
    return LevelMaps(by_criterion=dict.fromkeys(_criteria(readings), curve))


def fit_curve_by_criterion(readings: LevelReadings, scale: Sequence[int]) -> LevelMaps:
    """A curve for each criterion, held towards that of all."""
    pooled = _curve(readings, scale, _as_it_is)
    groups = _grouped(readings, lambda each: each.criterion_id)
    return LevelMaps(by_criterion={name: _curve(some, scale, pooled.expected) for name, some in groups.items()})


def fit_shift_by_question(readings: LevelReadings, scale: Sequence[int]) -> LevelMaps:
    """The criterion's curve, shifted for each question by its mean residual, shrunk towards no shift.

        shift = n tau^2 / (n tau^2 + sigma^2) * mean residual

    with the variances within (sigma^2) and between (tau^2) questions from the moments of the residuals: empirical
    Bayes for a random effect (Efron and Morris, Journal of the American Statistical Association 70 (1975) 311-319).
    Questions that differ no more than chance makes them get no shift.
    """
    maps = fit_curve_by_criterion(readings, scale)
    by_question: dict[str, dict[str, LevelMap]] = defaultdict(dict)
    for criterion, of_criterion in _grouped(readings, lambda each: each.criterion_id).items():
        curve = maps.by_criterion[criterion]
        if not isinstance(curve, Curve):
            raise TypeError("a criterion's map is a curve here")
        residuals = {
            question: np.array([each.consensus - curve.expected(each.expected_level) for each in some])
            for question, some in _grouped(of_criterion, lambda each: each.question_id).items()
        }
        for question, shift in _shrunk_means(residuals).items():
            by_question[question][criterion] = _shifted(curve, shift, scale)
    return LevelMaps(by_criterion=maps.by_criterion, by_question=dict(by_question))


def fit_curve_by_question(readings: LevelReadings, scale: Sequence[int]) -> LevelMaps:
    """A curve for each question and criterion, held towards the criterion's curve shifted for the question."""
    shifted = fit_shift_by_question(readings, scale)
    by_question: dict[str, dict[str, LevelMap]] = defaultdict(dict)
    for (question, criterion), some in _grouped(readings, lambda each: (each.question_id, each.criterion_id)).items():
        parent = shifted.by_question[question][criterion]
        if not isinstance(parent, Curve):
            raise TypeError("a question's map is a curve here")
        by_question[question][criterion] = _curve(some, scale, parent.expected)
    return LevelMaps(by_criterion=shifted.by_criterion, by_question=dict(by_question))


def fit_ordinal(readings: LevelReadings, scale: Sequence[int], strength: float) -> LevelMaps:
    """An ordinal model over the checks of each criterion; `strength` is scikit-learn's C, smaller holds back more.

    The proportional-odds model is fitted as one binary logistic regression on data that stand once for each
    threshold (Cardoso and Pinto da Costa, Journal of Machine Learning Research 8 (2007) 1393-1429). A
    consensus between two levels counts in part for either side.
    """
    groups = _grouped(readings, lambda each: each.criterion_id)
    return LevelMaps(by_criterion={name: _ordinal(some, scale, strength) for name, some in groups.items()})


def _ordinal(readings: LevelReadings, scale: Sequence[int], strength: float) -> OrdinalModel:
    from sklearn.linear_model import LogisticRegression

    checks = sorted({check for each in readings for check in each.checks or {}})
    low, width = scale[0], scale[-1] - scale[0]
    shared = np.array(
        [
            [(each.expected_level - low) / width, *(float((each.checks or {}).get(check, False)) for check in checks)]
            for each in readings
        ]
    )
    consensus = np.array([each.consensus for each in readings])
    thresholds = np.eye(len(scale) - 1) * _FREE
    rows, answers, weights = [], [], []
    for place, level in enumerate(scale[1:]):
        at_least = np.clip((consensus - scale[place]) / (level - scale[place]), 0.0, 1.0)
        block = np.hstack([shared, np.tile(thresholds[place], (len(shared), 1))])
        for answer, weight in ((1, at_least), (0, 1 - at_least)):
            rows.append(block[weight > 0])
            answers.append(np.full(int((weight > 0).sum()), answer))
            weights.append(weight[weight > 0])
    labels = np.concatenate(answers)
    if len(np.unique(labels)) < 2:
        # Every answer is at one end of the scale: the weights cannot be told, the thresholds can.
        sign = 1 if labels[0] else -1
        odds = round(sign * float(np.log(2 * len(readings) + 1)), _DECIMALS)
        return OrdinalModel(
            scale=tuple(scale),
            on_level=0.0,
            on_checks=dict.fromkeys(checks, 0.0),
            at_least=dict.fromkeys(scale[1:], odds),
        )
    model = LogisticRegression(C=strength, fit_intercept=False, solver="newton-cholesky")
    model.fit(np.vstack(rows), labels, sample_weight=np.concatenate(weights))
    found = [round(float(weight), _DECIMALS) for weight in model.coef_[0]]
    own = [round(_FREE * float(weight), _DECIMALS) for weight in model.coef_[0][1 + len(checks) :]]
    return OrdinalModel(
        scale=tuple(scale),
        on_level=found[0],
        on_checks=dict(zip(checks, found[1 : 1 + len(checks)], strict=True)),
        at_least=dict(zip(scale[1:], own, strict=True)),
    )


def _curve(readings: LevelReadings, scale: Sequence[int], parent: Callable[[float], float]) -> Curve:
    """The isotonic regression of consensus on expected level, held towards `parent` at every level of the scale."""
    from sklearn.isotonic import IsotonicRegression

    levels = [float(level) for level in scale]
    x = np.array([*(each.expected_level for each in readings), *levels])
    y = np.array([*(each.consensus for each in readings), *(parent(level) for level in levels)])
    weight = np.array([*(1.0 for _ in readings), *(PRIOR for _ in levels)])
    model = IsotonicRegression(y_min=levels[0], y_max=levels[-1]).fit(x, y, sample_weight=weight)
    return _through(model.X_thresholds_, model.y_thresholds_)


def _through(x: Floats, y: Floats) -> Curve:
    """The curve through these points, rounded for reading; points that rounding brings together stand once."""
    becomes = {
        round(float(level), _DECIMALS): round(float(value), _DECIMALS) for level, value in zip(x, y, strict=True)
    }
    return Curve(knots=tuple(Knot(level=level, becomes=value) for level, value in becomes.items()))


def _shifted(curve: Curve, shift: float, scale: Sequence[int]) -> Curve:
    x = np.array([knot.level for knot in curve.knots])
    y = np.array([knot.becomes for knot in curve.knots])
    return _through(x, np.clip(y + shift, scale[0], scale[-1]))


def _shrunk_means(groups: Mapping[str, Floats]) -> dict[str, float]:
    """Each group's mean, shrunk towards 0 as far as the groups differ by chance only."""
    sizes = np.array([len(values) for values in groups.values()], dtype=np.float64)
    means = np.array([values.mean() for values in groups.values()])
    total, count = float(sizes.sum()), len(sizes)
    if count < 2 or total <= count:
        return dict.fromkeys(groups, 0.0)
    within = float(sum(((values - values.mean()) ** 2).sum() for values in groups.values()) / (total - count))
    # The parent curve goes through the middle of all residuals, so that shifts vary around 0.
    spread = float((sizes * means**2).sum()) - count * within
    between = max(0.0, spread / total)
    if between == 0:
        return dict.fromkeys(groups, 0.0)
    shrunk = sizes * between / (sizes * between + within) * means
    return {name: float(value) for name, value in zip(groups, shrunk, strict=True)}


def _as_it_is(level: float) -> float:
    return level


def _criteria(readings: LevelReadings) -> list[str]:
    return list(dict.fromkeys(each.criterion_id for each in readings))


def _grouped(readings: LevelReadings, key: Callable[[LevelReading], Key]) -> dict[Key, list[LevelReading]]:
    """The readings by key, in their order."""
    groups: dict[Key, list[LevelReading]] = {}
    for each in readings:
        groups.setdefault(key(each), []).append(each)
    return groups
