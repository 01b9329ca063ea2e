"""What a calibration promised and what an evaluation found of it, as `eval.json` has it."""

from __future__ import annotations

from evaluator.core.metrics.estimate import Estimate
from evaluator.core.rubric import FileRecord


class StandingFigures(FileRecord):
    """What a calibration promised and what was found on the evaluated split, an answer's grade being wrong when any of
    its levels is off by more than one.

    `coverage` is the share of the graded answers whose confidence is the threshold or more, `risk` the share of these
    that are wrong; both are n/a where there is no threshold, `reason` then says why. `risk_of_all` is the share wrong
    if all stood. Flags that send an answer to a person for another reason are not counted here.
    """

    calibration_sha256: str
    fitted_on: str
    promised_risk: float
    certainty: float
    threshold: float | None
    reason: str | None
    coverage: Estimate
    risk: Estimate
    risk_of_all: Estimate
    said: str
