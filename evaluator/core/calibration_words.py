"""A calibration in words: what it was fitted on, what it promises, and how many grades may stand by it."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from evaluator.core.calibration import Calibration, FittedOn, StandingRule


class CalibrationUse(BaseModel):
    """What a calibration did in one run, as `run.json` has it. Counts are of graded answers.

    `standing` are sure enough and not flagged for a person; `sure_but_flagged` are sure enough, and flagged for another
    reason. Both are 0 where there is no threshold.
    """

    model_config = ConfigDict(frozen=True)

    sha256: str
    fitted_on: str
    risk: float
    certainty: float
    threshold: float | None
    reason: str | None
    """Why there is no threshold."""
    graded: int
    standing: int
    sure_but_flagged: int
    said: str
    """All of it in words."""


def calibration_use(calibration: Calibration, *, graded: int, standing: int, sure_but_flagged: int) -> CalibrationUse:
    """The counts of a run with what they mean."""
    rule = calibration.standing
    on = fitted_on_in_words(calibration.fitted_on)
    return CalibrationUse(
        sha256=calibration.sha256,
        fitted_on=on,
        risk=rule.risk,
        certainty=rule.certainty,
        threshold=rule.threshold,
        reason=rule.reason,
        graded=graded,
        standing=standing,
        sure_but_flagged=sure_but_flagged,
        said=_use_in_words(rule, on, graded, standing, sure_but_flagged),
    )


def fitted_on_in_words(on: FittedOn) -> str:
    """Which answers a calibration rests on, and whose labels."""
    who = "author" if on.rater_kind == "author" else f"{on.rater_kind} rater"
    raters = f"{on.raters} {who}{'' if on.raters == 1 else 's'}"
    return f"{on.eval_set}, split {on.split}: {_count(on.graded, 'answer')} labelled by {raters}"


def promise_in_words(rule: StandingRule) -> str:
    """What a threshold promises, in the unit that it is promised in."""
    risk, certainty = f"{100 * rule.risk:.3g}%", f"{100 * rule.certainty:.3g}% certainty"
    if rule.unit == "grade":
        return f"at most {risk} of such grades have a level off by more than one ({certainty})"
    return f"at most {risk} of {rule.unit}s have such a grade with a level off by more than one ({certainty})"


def standing_in_words(rule: StandingRule) -> str:
    """The rule for which grades may stand, and how it came out on the calibration split."""
    if rule.threshold is None:
        return f"No grade may stand without a person: {rule.reason}."
    grades, share = rule.standing_grades or 0, (rule.standing_grades or 0) / rule.grades
    said = (
        f"Grades of confidence {rule.threshold:.2f} or more may stand without a person: {promise_in_words(rule)}. "
        f"On the calibration split these are {grades} of {rule.grades} ({share:.0%}), with {rule.wrong} wrong among "
        f"{_count(rule.standing or 0, rule.unit)}."
    )
    if rule.constant_wrong <= rule.risk:
        wrong = f"{100 * rule.constant_wrong:.2g}% of them" if rule.constant_wrong else "none of them"
        said += f" This asks little here: one and the same level for every answer would be wrong for {wrong}."
    return said


def _use_in_words(rule: StandingRule, on: str, graded: int, standing: int, sure_but_flagged: int) -> str:
    if rule.threshold is None:
        return f"No grade may stand without a person: {rule.reason}. Calibrated on {on}."
    said = (
        f"{standing} of {_count(graded, 'graded answer')} may stand without a person: confidence {rule.threshold:.2f} "
        f"or more, where {promise_in_words(rule)}."
    )
    if sure_but_flagged:
        needs = "needs" if sure_but_flagged == 1 else "need"
        said += f" {sure_but_flagged} more are as sure, but flagged, and {needs} a person."
    return f"{said} Calibrated on {on}."


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
