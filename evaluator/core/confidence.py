"""The confidence of a grade: how probable it is that no level of it is off by more than one, and what that rests on."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Annotated, Literal, get_args

from pydantic import Field

from evaluator.core.grade import CriterionGrade
from evaluator.core.level_map import Number
from evaluator.core.rubric import FileRecord, Rubric
from evaluator.core.score import mean, rounded_level
from evaluator.core.words import words

Sign = Literal["mean_level", "extreme", "lowest_level", "between_levels", "moved", "spread", "unverified", "length"]
SIGNS: tuple[Sign, ...] = get_args(Sign)
_DECIMALS = 6


class Weighing(FileRecord):
    """How a sign counts: its value is centred on `mean`, divided by `scale`, and multiplied by `weight`."""

    mean: Number
    scale: Annotated[float, Field(gt=0, allow_inf_nan=False)]
    weight: Number


class ConfidenceModel(FileRecord):
    """A logistic regression on signs of a grade; without signs every grade has the same confidence.

    confidence = 1 / (1 + exp(-(intercept + sum of weight * (value - mean) / scale)))
    """

    intercept: Number
    signs: dict[Sign, Weighing] = {}

    def confidence(self, values: Mapping[Sign, float]) -> float:
        """The confidence for these values of the signs, 0 to 1."""
        odds = self.intercept + sum(
            each.weight * (values[sign] - each.mean) / each.scale for sign, each in self.signs.items()
        )
        # Beyond 40 the exponential is 0 or 1 to the last bit.
        return round(1 / (1 + math.exp(-max(-40.0, min(40.0, odds)))), _DECIMALS)


def signs_of(criteria: Sequence[CriterionGrade], text: str, rubric: Rubric) -> dict[Sign, float]:
    """The signs of one grade (its levels calibrated already), from what the grader gave and how long the answer is.

    Levels are shares of the scale. `extreme`: how far the mean level lies from the middle, squared; `between_levels`:
    how far the expected levels lie from the level they are rounded to; `moved`: how far calibration moved them;
    `spread`: the widest spread of readings; `unverified`: the share of quotes that are not in the answer; `length`: the
    logarithm of the number of words.
    """
    low, width = rubric.scale.lowest, rubric.scale.highest - rubric.scale.lowest
    shares = [(each.expected_level - low) / width for each in criteria]
    rounded = [rounded_level(each.expected_level, rubric.criterion(each.id)) for each in criteria]
    moved = [
        abs(each.expected_level - each.uncalibrated.expected_level) if each.uncalibrated else 0.0 for each in criteria
    ]
    quotes = [quote.verified for each in criteria for quote in each.evidence]
    middle = mean(shares)
    return {
        "mean_level": middle,
        "extreme": (2 * middle - 1) ** 2,
        "lowest_level": min(shares),
        "between_levels": mean(abs(each.expected_level - level) for each, level in zip(criteria, rounded, strict=True)),
        "moved": mean(moved) / width,
        "spread": max(each.spread or 0.0 for each in criteria) / width,
        "unverified": 1 - sum(quotes) / len(quotes) if quotes else 0.0,
        "length": math.log(1 + len(words(text))),
    }


def off_by_more_than_one(level: float, consensus: float, scale: Sequence[int]) -> bool:
    """Whether two levels lie more than one step of the scale apart; between two levels counts as in part."""
    return abs(_place(level, scale) - _place(consensus, scale)) > 1 + 1e-9


def is_wrong(levels: Mapping[str, float], consensus: Mapping[str, float], rubric: Rubric) -> bool | None:
    """Whether a grade counts as a mistake: any of its levels off by more than one from the raters' consensus.

    `levels` are rounded here, as a reader sees them. None where a level has no label and none of the others settles it.
    """
    off = [
        off_by_more_than_one(
            rounded_level(level, rubric.criterion(criterion)), consensus[criterion], rubric.scale.levels
        )
        for criterion, level in levels.items()
        if criterion in consensus
    ]
    if any(off):
        return True
    return False if off and len(off) == len(levels) else None


def _place(level: float, scale: Sequence[int]) -> float:
    """The place of a level on the scale, counted from 0; a level between two of them has a place between theirs."""
    for place, (below, above) in enumerate(pairwise(scale)):
        if level <= above:
            return place + (level - below) / (above - below)
    return float(len(scale) - 1)
