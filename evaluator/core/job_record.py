"""What a job asks of whom, as it is written down when it begins, so that later it can be said what has changed."""

from __future__ import annotations

from evaluator.core.redaction import Redact
from evaluator.core.rubric import FileRecord


class JobRecord(FileRecord):
    """The table and all that decides what a grader is asked about it; fields are those of a run's manifest."""

    input_name: str
    input_sha256: str
    grader: str
    endpoint: str | None
    prompt: str | None
    prompt_sha256: str | None
    calls: str | None
    samples: int
    rubric: str
    rubric_sha256: str
    questionnaire: str
    questionnaire_sha256: str
    redact: Redact | None
    spotlight: str | None
    control_reading: bool
    control_below_bar: bool
