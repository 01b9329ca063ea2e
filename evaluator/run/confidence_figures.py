"""How far the confidence of grades can be taken at its word, and what was found of what a calibration promised."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from evaluator.core.calibration import Calibration
from evaluator.core.calibration_words import fitted_on_in_words, promise_in_words
from evaluator.core.confidence import is_wrong
from evaluator.core.consensus import consensus_levels
from evaluator.core.grade import Grade
from evaluator.core.metrics.bootstrap import Resampling, resample_clusters
from evaluator.core.metrics.estimate import Estimate
from evaluator.core.metrics.reliability import CoverageRisk, Reliability, coverage_risk, reliability
from evaluator.core.metrics.share import share_of
from evaluator.core.standing_figures import StandingFigures
from evaluator.run.measure import Measure
from evaluator.run.scopes import SEED, Item, Levels, clusters_of

_BINS = 10


@dataclass(frozen=True, slots=True)
class ConfidenceFigures:
    """The figures of one grader; each None where its grades carry no confidence (`standing`: are not calibrated)."""

    coverage: CoverageRisk | None = None
    reliability: Reliability | None = None
    standing: StandingFigures | None = None


def confidence_figures(
    measure: Measure, grades: Mapping[str, Grade], levels: Levels, calibration: Calibration | None
) -> ConfidenceFigures:
    """An answer is the item, its grade wrong when any of its levels is off by more than one from the consensus."""
    rubric = measure.eval_set.rubric
    confidence = [grades[each.answer.answer_id].confidence for each in measure.answered]
    if all(each is None for each in confidence):
        return ConfidenceFigures()
    wrong = [
        is_wrong(levels.get(each.answer.answer_id, {}), consensus_levels(each), rubric) for each in measure.answered
    ]
    items = [Item(each, None) for each in measure.answered]
    resampling = resample_clusters(clusters_of(items, measure.plan.by), seed=SEED)
    right = [None if each is None else float(not each) for each in wrong]
    return ConfidenceFigures(
        coverage=coverage_risk(confidence, wrong),
        reliability=reliability(confidence, right, low=0.0, high=1.0, resampling=resampling, bins=_BINS),
        standing=None if calibration is None else _standing(calibration, confidence, wrong, resampling),
    )


def _standing(
    calibration: Calibration,
    confidence: Sequence[float | None],
    wrong: Sequence[bool | None],
    resampling: Resampling,
) -> StandingFigures:
    rule = calibration.standing
    stands = [None if each is None else calibration.may_stand(each) for each in confidence]
    counted = [None if each is None else of for each, of in zip(confidence, wrong, strict=True)]
    none = "no threshold could be promised" if rule.threshold is None else "no grade stands"
    known = stands if rule.threshold is not None else [None] * len(stands)
    coverage = share_of(known, resampling, none=none)
    risk = share_of([of if here else None for here, of in zip(known, counted, strict=True)], resampling, none=none)
    return StandingFigures(
        calibration_sha256=calibration.sha256,
        fitted_on=fitted_on_in_words(calibration.fitted_on),
        promised_risk=rule.risk,
        certainty=rule.certainty,
        threshold=rule.threshold,
        reason=rule.reason,
        coverage=coverage,
        risk=risk,
        risk_of_all=share_of(counted, resampling),
        said=_in_words(calibration, coverage, risk),
    )


def _in_words(calibration: Calibration, coverage: Estimate, risk: Estimate) -> str:
    rule = calibration.standing
    if rule.threshold is None:
        return f"No grade may stand without a person: {rule.reason}."
    promised = f"Promised from confidence {rule.threshold:.2f} on: {promise_in_words(rule)}."
    if risk.value is None:
        return f"{promised} Found: no grade with labels is so sure."
    found = f"Found: {_percent(coverage)} of the graded answers are so sure, and {_percent(risk)} of these are wrong."
    if risk.low is not None and risk.low > rule.risk:
        return f"{promised} {found} The promise is not kept on this split."
    if risk.high is not None and risk.high <= rule.risk:
        return f"{promised} {found} That keeps it."
    return f"{promised} {found} This split is too small to say more."


def _percent(share: Estimate) -> str:
    if share.value is None:
        return "n/a"
    interval = "" if share.low is None or share.high is None else f" ({share.low:.1%} to {share.high:.1%})"
    return f"{share.value:.1%}{interval}"
