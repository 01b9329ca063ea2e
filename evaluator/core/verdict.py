"""The verdict on a grader in plain words: adequate, not adequate, or not to be told with this set; and why.

The rule, on each criterion and on the total, against the raters' consensus:
adequate      the lower end of quadratic kappa (`figures.kappa_to_rely_on`) is `least_kappa` or more, the grader's
              agreement with the raters is `least_ratio` or more of theirs with each other (where there are two
              raters or more), and `least_graded` or more of the answers that hold something were graded;
not adequate  on one of them the upper end of the interval lies below, or fewer were graded;
cannot tell   anything else; and on a criterion on which the raters' own kappa may be chance (the low end of its
              interval is 0 or less): no grader could keep to such labels, nor be said to depart from them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from evaluator.core.eval_set import RaterKind
from evaluator.core.evaluation import Adequacy, Counts, ScopeFigures, Verdict, VerdictRule
from evaluator.core.metrics.estimate import Estimate, decimals
from evaluator.core.metrics.figures import kappa_to_rely_on

_CANNOT_SHOW: dict[RaterKind, str | None] = {
    "human": None,
    "model": "It cannot show agreement with people: no person labelled this set, a model did.",
    "author": "It cannot show agreement with independent readers: the labels are the authors' own intentions.",
}
_ONE_RATER = "One rater only: how far raters agree among themselves, the most a grader can reach, is not known."
_FITTED = "It flatters: graders are fitted on this split. Take the verdict from a split that nothing was fitted on."


@dataclass(frozen=True, slots=True)
class _Finding:
    outcome: Adequacy
    said: str


def verdict_on(
    name: str,
    scopes: Sequence[ScopeFigures],
    counts: Counts,
    rater_kind: RaterKind,
    consensus: str,
    rule: VerdictRule,
    *,
    raters: int,
    raters_kappa: Mapping[str, Estimate],
    fitted_on: bool,
) -> Verdict:
    """The verdict on one grader. Figures of single questions are reported and do not decide.

    `raters_kappa`, by scope: quadratic kappa between the raters, n/a where there is one only.
    `fitted_on` says that the split is one that graders are fitted on, which no verdict should rest on.
    """
    deciding = [scope for scope in scopes if scope.kind != "question"]
    findings = [finding for scope in deciding for finding in _of_scope(scope, raters_kappa[scope.id], rule)]
    findings += _of_counts(counts, rule)
    outcome = _worst(findings)
    against = f"the {consensus}"
    headline = {
        "adequate": f"Adequate: {name} keeps to {against} on every criterion.",
        "not adequate": f"Not adequate: {name} departs from {against}.",
        "cannot tell with this set": f"Cannot tell with this set whether {name} keeps to {against}.",
    }[outcome]
    because = tuple(finding.said for finding in findings if finding.outcome == outcome)
    limits = [_CANNOT_SHOW[rater_kind], _ONE_RATER if raters == 1 else None, _FITTED if fitted_on else None]
    cannot_show = " ".join(limit for limit in limits if limit) or None
    return Verdict(outcome=outcome, headline=headline, because=because, cannot_show=cannot_show)


def _worst(findings: Sequence[_Finding]) -> Adequacy:
    found = {finding.outcome for finding in findings}
    if "not adequate" in found:
        return "not adequate"
    if "cannot tell with this set" in found or not found:
        return "cannot tell with this set"
    return "adequate"


def _of_scope(scope: ScopeFigures, raters: Estimate, rule: VerdictRule) -> Iterator[_Finding]:
    if raters.value is not None and raters.low is not None and raters.high is not None and raters.low <= 0:
        own = f"{decimals(raters.value)} ({decimals(raters.low)} to {decimals(raters.high)})"
        said = f"{scope.name}: the raters' agreement among themselves may be chance: quadratic kappa {own}."
        yield _Finding("cannot tell with this set", said)
        return
    kappa = scope.consensus.quadratic_kappa
    yield _held(f"{scope.name}: quadratic kappa", kappa, kappa_to_rely_on(scope.consensus), rule.least_kappa)
    ratio = scope.ratio.quadratic_kappa if scope.ratio else None
    if ratio is not None and ratio.value is not None:
        # The raters' own figure is uncertain too, so the ratio itself decides for, and its interval against.
        yield _held(f"{scope.name}: share of the raters' own agreement", ratio, ratio.value, rule.least_ratio)


def _held(what: str, figure: Estimate, least_known: float | None, limit: float) -> _Finding:
    if figure.value is None:
        return _Finding("cannot tell with this set", f"{what} is n/a, because {figure.reason}.")
    if figure.low is None or figure.high is None or least_known is None:
        said = f"{what} is {decimals(figure.value)} with no interval, because {figure.note}."
        return _Finding("cannot tell with this set", said)
    low = min(figure.low, least_known)
    said = f"{what} is {decimals(figure.value)} ({decimals(low)} to {decimals(figure.high)})"
    if figure.high < limit:
        return _Finding("not adequate", f"{said}, all of it below {limit:g}.")
    if least_known >= limit:
        return _Finding("adequate", f"{said}, at {limit:g} or above.")
    return _Finding("cannot tell with this set", f"{said}: {limit:g} lies within reach of chance.")


def _of_counts(counts: Counts, rule: VerdictRule) -> Iterator[_Finding]:
    tried = counts.graded + counts.ungraded
    if not tried:
        yield _Finding("cannot tell with this set", "No answer holds anything to grade.")
        return
    said = f"{counts.graded} of {tried} answers were graded"
    if counts.graded < rule.least_graded * tried:
        yield _Finding("not adequate", f"Only {said}; {rule.least_graded:.0%} are needed.")
    elif counts.ungraded:
        yield _Finding("adequate", f"{said}.")
