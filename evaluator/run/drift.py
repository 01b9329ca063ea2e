"""What counts as drift of a grader, each reason with its figures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from evaluator.core.evaluation import Evaluation, GraderResult
from evaluator.core.metrics.estimate import Estimate
from evaluator.core.metrics.flips import FlipRate

LEAST_SHIFT = 0.1
"""Levels, on average, that are worth somebody's look, where the interval of the shift leaves out zero."""
MOST_UNGRADED = 0.05
"""Share of the answers, beyond what the reference had."""


@dataclass(frozen=True, slots=True)
class DriftReason:
    """Why somebody should look. `code`: which kind it is; `scope`: the criterion that it is of, or the total, where it
    is of one; `figures` by name, as programs read them; `said`: for people.
    """

    code: str
    said: str
    scope: str | None = None
    figures: Mapping[str, float | int | None] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """By which it is known again, another night."""
        return self.code if self.scope is None else f"{self.code} {self.scope}"


def figure(estimate: Estimate) -> str:
    """Two digits, or that there is none."""
    return "n/a" if estimate.value is None else f"{estimate.value:.2f}"


def drift_from_the_start(now: GraderResult) -> Iterator[DriftReason]:
    """What is wrong with one that is the first of its kind."""
    counts = now.counts
    if counts.ungraded > MOST_UNGRADED * counts.answers:
        said = f"{counts.ungraded} of {counts.answers} answers could not be graded"
        yield DriftReason("more_ungraded", said, figures={"before": None, "now": counts.ungraded})


def drift_since(found: Evaluation, then: GraderResult, flips: FlipRate) -> Iterator[DriftReason]:
    """What is not as it was: `found` holds the reference beside it, `then` is the grader as it was."""
    now = found.asked[0]
    for move in found.against.moves if found.against else ():
        if move.outcome == "worse":
            said = f"{move.name}: quadratic kappa {figure(move.before)} then, {figure(move.now)} now"
            figures = {"before": move.before.value, "now": move.now.value}
            yield DriftReason("agreement_fell", said, move.id, figures)
    shift = flips.mean_shift
    if shift.value is not None and abs(shift.value) >= LEAST_SHIFT and not _holds_zero(shift):
        way = "higher" if shift.value > 0 else "lower"
        said = f"levels are {way} than they were, by {abs(shift.value):.2f} on average"
        yield DriftReason(f"levels_{way}", said, figures={"by": abs(shift.value)})
    more = now.counts.ungraded - then.counts.ungraded
    if more > MOST_UNGRADED * now.counts.answers:
        said = f"{now.counts.ungraded} of {now.counts.answers} answers could not be graded, {then.counts.ungraded} then"
        yield DriftReason("more_ungraded", said, figures={"before": then.counts.ungraded, "now": now.counts.ungraded})


def _holds_zero(estimate: Estimate) -> bool:
    return estimate.low is None or estimate.high is None or estimate.low <= 0 <= estimate.high
