"""A large run in three small charts: nobody reads a table of a hundred thousand candidates to see how they spread."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from evaluator.core.candidate import Standings
from evaluator.core.grade import FlagCode
from evaluator.core.rubric import Rubric
from evaluator.report.wording import FLAG_NAMES, band_in_words, number

_BINS = 10


@dataclass(frozen=True, slots=True)
class Bar:
    """How many of what; `filled` is the share of the chart's longest bar in percent."""

    name: str
    count: int
    filled: float


@dataclass(frozen=True, slots=True)
class RunAtAGlance:
    """Candidates by their score (tenths of the scale, the highest first) and against the bar; answers by flag."""

    scores: tuple[Bar, ...]
    bands: tuple[Bar, ...]
    flags: tuple[Bar, ...]


def run_at_a_glance(standings: Standings, flagged: Counter[FlagCode], rubric: Rubric) -> RunAtAGlance:
    """The charts of a run; `flagged` counts the answers that raised each flag."""
    width = rubric.score_out_of / _BINS
    bins: Counter[int | None] = Counter()
    bands: Counter[str] = Counter()
    for standing in standings:
        # A score on a border belongs above it; the highest of all has no bin above.
        bins[None if standing.score is None else min(int(standing.score / width), _BINS - 1)] += 1
        bands[band_in_words(standing.band)] += 1
    scores = [(f"{number(width * at)} to {number(width * (at + 1))}", bins[at]) for at in reversed(range(_BINS))]
    if bins[None]:
        scores.append(("no score", bins[None]))
    return RunAtAGlance(
        scores=_bars(scores),
        bands=_bars(bands.most_common()),
        flags=_bars([(FLAG_NAMES[code], count) for code, count in flagged.most_common()]),
    )


def _bars(counted: list[tuple[str, int]]) -> tuple[Bar, ...]:
    longest = max((count for _, count in counted), default=0)
    return tuple(Bar(name, count, round(100 * count / longest, 1) if longest else 0.0) for name, count in counted)
