"""Maps from a grader's expected level to the level that raters give: plain numbers, and how they are applied.

Two kinds. `Curve` is monotone: it never turns the order of two answers around. `OrdinalModel` weighs the checks behind
a level as well. Neither leaves the scale.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Mapping
from itertools import pairwise
from typing import Annotated, Literal

from pydantic import Field, model_validator

from evaluator.core.rubric import FileRecord, Identifier

Number = Annotated[float, Field(allow_inf_nan=False)]


class Knot(FileRecord):
    """One point of a curve: this expected level of the grader becomes that level."""

    level: Number
    becomes: Number


class Curve(FileRecord):
    """A monotone piecewise linear map through its knots; before the first and after the last it is flat."""

    kind: Literal["curve"] = "curve"
    knots: Annotated[tuple[Knot, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _goes_up(self) -> Curve:
        for one, other in pairwise(self.knots):
            if other.level <= one.level or other.becomes < one.becomes:
                raise ValueError("the knots must go up: levels strictly, what they become at least not down")
        return self

    def expected(self, level: float) -> float:
        """What an expected level becomes."""
        at = bisect_right(self.knots, level, key=lambda knot: knot.level)
        if at == 0:
            return self.knots[0].becomes
        before = self.knots[at - 1]
        if at == len(self.knots):
            return before.becomes
        after = self.knots[at]
        share = (level - before.level) / (after.level - before.level)
        # Held between its ends: the last bit of a product must not lead off the scale.
        return min(after.becomes, max(before.becomes, before.becomes + share * (after.becomes - before.becomes)))


class OrdinalModel(FileRecord):
    """Cumulative logistic regressions with shared weights (proportional odds; McCullagh 1980).

        P(level >= l) = 1 / (1 + exp(-(at_least[l] + on_level * x + sum of on_checks[c] over the checks met)))
        expected      = lowest + sum over the levels l above the lowest of (l - the level below) * P(level >= l)

    x is the grader's expected level as a share of the scale, 0 to 1. A check may lower the level (one that asks
    whether something is wrong does), so that this map is monotone in x where `on_level` is not negative, and not in
    every check.
    """

    kind: Literal["ordinal"] = "ordinal"
    scale: Annotated[tuple[int, ...], Field(min_length=2)]
    on_level: Number
    on_checks: dict[Identifier, Number]
    at_least: dict[int, Number]

    @model_validator(mode="after")
    def _whole(self) -> OrdinalModel:
        if list(self.scale) != sorted(set(self.scale)):
            raise ValueError("the levels of the scale must go up")
        if set(self.at_least) != set(self.scale[1:]):
            raise ValueError("at_least needs a number for every level of the scale but the lowest")
        return self

    def expected(self, level: float, checks: Mapping[str, bool]) -> float:
        """What an expected level with these checks becomes."""
        x = (level - self.scale[0]) / (self.scale[-1] - self.scale[0])
        odds = self.on_level * x + sum(weight for check, weight in self.on_checks.items() if checks.get(check))
        found, at_least = float(self.scale[0]), 1.0
        for below, above in pairwise(self.scale):
            # A higher level is never likelier than a lower one, whatever the fitted numbers say.
            at_least = min(at_least, _logistic(self.at_least[above] + odds))
            found += (above - below) * at_least
        return min(float(self.scale[-1]), found)


LevelMap = Annotated[Curve | OrdinalModel, Field(discriminator="kind")]


class LevelMaps(FileRecord):
    """A map for each criterion and, where there were enough answers, for each question and criterion.

    An answer's criterion takes the map of its question where there is one, else that of the criterion; a criterion
    that nothing was known of stays as it is.
    """

    by_criterion: dict[Identifier, LevelMap]
    by_question: dict[Identifier, dict[Identifier, LevelMap]] = {}

    def expected(self, question_id: str, criterion_id: str, level: float, checks: Mapping[str, bool] | None) -> float:
        """The calibrated expected level."""
        found = self.by_question.get(question_id, {}).get(criterion_id) or self.by_criterion.get(criterion_id)
        if found is None:
            return level
        return found.expected(level) if isinstance(found, Curve) else found.expected(level, checks or {})


def _logistic(odds: float) -> float:
    """1 / (1 + exp(-odds)), without overflow."""
    if odds >= 0:
        return 1 / (1 + math.exp(-odds))
    raised = math.exp(odds)
    return raised / (1 + raised)
