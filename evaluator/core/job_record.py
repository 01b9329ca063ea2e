"""What a job asks of whom, as it is written down when it begins, so that later it can be said what has changed."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from evaluator.core.redaction import Redact


class JobRecord(BaseModel):
    """The table and all that decides what a grader is asked about it; a run's manifest begins with it."""

    model_config = ConfigDict(frozen=True)

    input_name: str
    input_sha256: str
    grader: str
    prompt: str | None
    prompt_sha256: str | None
    calls: str | None
    samples: int
    rubric: str
    rubric_sha256: str
    questionnaire: str
    questionnaire_sha256: str
    endpoint: str | None = None
    """The address that a model was asked at; null where there is no choice of it."""
    redact: Redact | None = None
    """What was taken out of the answers before they were graded; null in runs of before there was redaction."""
    spotlight: str | None = None
    """Which words told a model what the marks on the answers' words are; null where they carried none."""
    control_reading: bool | None = None
    """Whether models were asked, beside grades that meet the bar, for what the answer says nothing of; null in runs of
    before there was a choice."""
    control_below_bar: bool | None = None
    """Whether they were asked that beside every grade."""
