"""The manifest of a run: what was graded, by what, with which versions, and how it ended (`run.json`)."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

from evaluator.core.calibration_words import CalibrationUse
from evaluator.core.job_record import JobRecord
from evaluator.core.pace import PaceTotals


class UsageTotals(BaseModel):
    """What a run's grades took. A token count is null where no endpoint reported one; a cost where no price is known.

    Of `requests`, `reused_requests` were answered by the ledger; `paid_usd` is what this run paid for the others.
    """

    model_config = ConfigDict(frozen=True)

    requests: int
    input_tokens: int | None
    output_tokens: int | None
    cached_tokens: int | None
    cached_share: float | None = None
    """Of the input tokens, those that the endpoint read from its cache (0-1); null where it does not say."""
    cost_usd: float | None
    reused_requests: int = 0
    paid_usd: float | None = None
    seconds: float


class RunManifest(JobRecord):
    """One run of `evaluator grade`: its job, and how that went."""

    run_id: str
    started_at: str
    finished_at: str
    outcome: Literal["running", "finished", "interrupted", "stopped"]
    """"running" stands in the folder of a run that has not ended, or whose process was killed."""
    stopped_because: str | None
    layout: str
    notes: tuple[str, ...]
    """What reading the table matched, skipped or found twice."""
    is_language_model: bool
    about_grader: str
    """A sentence for people: what this grader is and how far it is known to agree with raters."""
    questions_asked: tuple[str, ...]
    answers: int
    graded: int
    not_answered: int
    ungraded: int
    to_review: int
    candidates: int
    quotes_claimed: int
    quotes_found: int
    usage: UsageTotals
    pace: PaceTotals | None = None
    """How the endpoint was asked; null where there is none."""
    evaluator_version: str
    calibration: CalibrationUse | None = None
    """How many grades may stand, by which rule; null where the run was not calibrated."""
