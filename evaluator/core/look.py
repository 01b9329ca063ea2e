"""One look at the test split of an eval set, as `history.jsonl` keeps it: peeking again and again is fitting."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class LookedGrader(BaseModel):
    """A grader that was looked at, with the hashes that tell it from its next version."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    grader: str
    prompt: str | None
    prompt_sha256: str | None
    schema_sha256: dict[str, str | None]
    examples_sha256: str | None
    samples: int
    calibration_sha256: str | None = None


class LookRecord(BaseModel):
    """One line of `history.jsonl`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    at: str
    """UTC, ISO 8601."""
    split: str
    split_sha256: str
    answers: int
    graders: tuple[LookedGrader, ...]
    rubric_sha256: str
    questionnaire_sha256: str
    evaluator_version: str


def ordinal(number: int) -> str:
    """1st, 2nd, 3rd, 4th, 11th, 21st."""
    ending = "th" if 10 <= number % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"
