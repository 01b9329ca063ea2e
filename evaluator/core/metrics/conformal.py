"""Which grades may stand without a person, with a guarantee that holds for any grader and any data.

Selective grading with a guaranteed risk (Geifman and El-Yaniv, NeurIPS 2017), found by Learn then Test
(Angelopoulos, Bates, Candes, Jordan and Lei, 2021, arXiv 2110.01052): a threshold is kept when the
hypothesis "the risk from this threshold on is above the limit" is rejected, and the thresholds are
tested in a fixed order, surest first, stopping at the first that is not rejected, so that the chance that
any kept threshold breaks the limit is at most 1 - certainty.

Why not a library: MAPIE's BinaryClassificationController (1.6, risk `precision`, fixed sequence) is the
same procedure, but rebuilds the number of mistakes by rounding up n * risk, which floating point turns
into one mistake too many (200 grades with 4 wrong: p .062 where the exact binomial tail is .026), and it
wants a predictor to wrap where there is a list of confidences. crepes makes prediction sets
and intervals, whose coverage is over all items, not over those that stand. The exact binomial tail is scipy's.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np

from evaluator.core.metrics.levels import Floats, Readings, pair

# The thresholds that are tried, surest first. The guarantee needs them fixed before the data are seen.
GRID = tuple(step / 100 for step in range(100, -1, -1))


@dataclass(frozen=True, slots=True)
class Threshold:
    """Grades of this confidence or more may stand.

    `risk_bound` is the exact upper limit of the share wrong among them, at `certainty`: below `risk`.
    `standing`, `wrong` and `n` count what was seen: grades, or clusters where `unit` is another word.
    """

    confidence: float
    risk: float
    certainty: float
    standing: int
    wrong: int
    n: int
    risk_bound: float
    unit: str

    @property
    def coverage(self) -> float:
        """Share of the calibration grades (or clusters) that stand."""
        return self.standing / self.n


@dataclass(frozen=True, slots=True)
class NoThreshold:
    """No threshold can be promised, and why: an answer, not a failure."""

    reason: str
    n: int


def least_standing(risk: float, certainty: float, mistakes: int = 0) -> int:
    """The least number of standing grades that can show the risk with so many mistakes among them.

    The smallest n with P(Binomial(n, risk) <= mistakes) <= 1 - certainty; without mistakes, the smallest n
    with (1 - risk)^n <= 1 - certainty: 59 at 5% and 95%.
    """
    _check_share("risk", risk)
    _check_share("certainty", certainty)
    from scipy.stats import binom

    low, high = mistakes, mistakes + 1
    while binom.cdf(mistakes, high, risk) > 1 - certainty:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if binom.cdf(mistakes, middle, risk) <= 1 - certainty else (middle, high)
    return high


def risk_upper_bound(wrong: int, standing: int, certainty: float) -> float:
    """The exact one-sided upper limit of a share (Clopper and Pearson 1934): Beta quantile; 1 where nothing stands."""
    from scipy.stats import beta

    return 1.0 if wrong >= standing else float(beta.ppf(certainty, wrong + 1, standing - wrong))


def standing_threshold(
    confidence: Readings,
    wrong: Sequence[bool | None],
    *,
    risk: float = 0.05,
    certainty: float = 0.95,
    clusters: Sequence[Hashable] | None = None,
    cluster_name: str = "cluster",
    grid: Sequence[float] = GRID,
) -> Threshold | NoThreshold:
    """The lowest confidence from which grades may stand with P(wrong | stands) <= `risk`, at `certainty`.

    `wrong` says for each grade whether it counts as a mistake, such as off by more than one level; grades
    without a confidence or a label are left out. The promise: over calibration sets like this one, the
    threshold returned breaks the limit in at most a share 1 - certainty of them. It holds for grades that
    come as these came (same grader, rubric and kind of candidate), independent of each other.

    Several grades of one candidate are not independent. With `clusters`, a cluster is one trial: it stands
    when any of its grades does and is wrong when any standing grade of it is wrong. The promise is then on the
    share of clusters, and needs as many clusters as it would need grades. `cluster_name` is what one is called.

    Testing starts at the surest threshold of the grid with room for one mistake (93 grades at 5% and 95%),
    or for none where there are fewer: a start without room would mostly stop at a chance mistake. That start
    depends on the confidences only, and errs to the safe side as long as surer grades are not wrong more often.
    """
    _check_share("risk", risk)
    _check_share("certainty", certainty)
    thresholds = sorted({float(threshold) for threshold in grid}, reverse=True)
    pairs = pair(confidence, [None if value is None else float(value) for value in wrong])
    if clusters is not None and len(clusters) != len(confidence):
        raise ValueError(f"{len(clusters)} clusters for {len(confidence)} grades")
    of_pairs = None if clusters is None else [clusters[item] for item in pairs.items]
    surest, mistaken, n = _trials(pairs.first, pairs.second, of_pairs)
    unit = "grade" if clusters is None else cluster_name
    promise = f"at most {100 * risk:.3g}% wrong at {100 * certainty:.3g}% certainty"
    none, one = least_standing(risk, certainty), least_standing(risk, certainty, mistakes=1)
    if n < none:
        needed = f"it takes {none} {unit}s without a mistake"
        return NoThreshold(f"no threshold can promise {promise} with n={n}: {needed}", n)

    start = one if n >= one else none
    kept: Threshold | None = None
    for threshold in thresholds:
        standing, errors = int((surest >= threshold).sum()), int((mistaken >= threshold).sum())
        if standing < start:
            continue
        bound = risk_upper_bound(errors, standing, certainty)
        if bound > risk:
            break
        kept = Threshold(threshold, risk, certainty, standing, errors, n, bound, unit)
    if kept is None:
        wrong_share = float(np.mean(pairs.second))
        reason = f"no threshold can promise {promise} with n={n}: of all grades {100 * wrong_share:.3g}% are wrong"
        return NoThreshold(f"{reason}, and among the surest {start} or so there are too many mistakes as well", n)
    return kept


def _trials(confidence: Floats, wrong: Floats, clusters: list[Hashable] | None) -> tuple[Floats, Floats, int]:
    """For each trial, the highest confidence in it and the highest confidence of a mistake in it (-inf: none)."""
    of_mistakes = np.where(wrong > 0, confidence, -np.inf)
    if clusters is None:
        return confidence, of_mistakes, len(confidence)
    names: dict[Hashable, int] = {}
    trial = np.array([names.setdefault(name, len(names)) for name in clusters], dtype=np.intp)
    surest, mistaken = np.full(len(names), -np.inf), np.full(len(names), -np.inf)
    np.maximum.at(surest, trial, confidence)
    np.maximum.at(mistaken, trial, of_mistakes)
    return surest, mistaken, len(names)


def _check_share(name: str, value: float) -> None:
    if not 0 < value < 1:
        raise ValueError(f"{name} lies between 0 and 1, not at {value:g}")
