"""From levels to a score and a band: plain arithmetic, done here and never by a model."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from evaluator.core.grade import Band
from evaluator.core.rubric import Criterion, Rubric


def score_of(levels: Mapping[str, float], rubric: Rubric) -> float:
    """The weighted mean level of the criteria in `levels`, rescaled to 0 … `score_out_of`.

        score = score_out_of · (Σ wᵢ·levelᵢ / Σ wᵢ − lowest) / (highest − lowest)

    `levels` holds the expected (mean) level by criterion id and is not empty; its weights add up to more than 0.
    """
    weights = {criterion.id: criterion.weight for criterion in rubric.criteria if criterion.id in levels}
    mean = sum(weights[criterion] * level for criterion, level in levels.items()) / sum(weights.values())
    scale = rubric.scale
    return rubric.score_out_of * (mean - scale.lowest) / (scale.highest - scale.lowest)


def band_of(score: float, rubric: Rubric) -> Band:
    """Which side of the bar a score falls on. The bar sorts; it decides nothing."""
    return "meets_bar" if score >= rubric.advance_at - 1e-9 else "below_bar"


def rounded_level(expected: float, criterion: Criterion) -> int:
    """The level of the scale nearest to `expected`; half way goes up."""
    return min(sorted(criterion.levels, reverse=True), key=lambda level: abs(level - expected))


def mean(values: Iterable[float]) -> float:
    """The arithmetic mean of at least one value."""
    listed = list(values)
    return math.fsum(listed) / len(listed)
