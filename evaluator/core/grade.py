"""The grade: what is written down for one answer, as it stands in `grades.jsonl`."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Status = Literal["graded", "ungraded", "not_answered"]
Band = Literal["meets_bar", "below_bar"]
Severity = Literal["review", "note"]
ControlReading = Literal["passed", "found", "failed", "waits"]
FlagCode = Literal[
    "ungraded",
    "evidence_unverified",
    "graders_disagree",
    "low_confidence",
    "near_bar",
    "injection_suspected",
    "hidden_characters",
    "keyword_stuffing",
    "too_short",
    "copied_question",
    "off_topic",
    "other_language",
    "near_duplicate",
    "truncated",
    "red_flag",
]


def _is_none(value: object) -> bool:
    return value is None


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Evidence(_Record):
    """A quote that a grader gave. `start` and `end` are set when it was found in the answer (`verified`)."""

    quote: str
    start: int | None = None
    end: int | None = None
    verified: bool = False
    check: str | None = None
    """The check that it supports, where the grader was asked for checks."""


class UncalibratedLevel(_Record):
    """What the grader itself gave before a calibration moved it to the raters' scale."""

    level: int
    expected_level: float


class CriterionGrade(_Record):
    """The level that an answer reaches on one criterion, and the candidate's words that earn it.

    `level` is `expected_level` rounded half up. `expected_level` is the mean over graders and samples; with a
    calibration it is moved to the raters' scale, and `uncalibrated` keeps what the grader gave (null without one).
    `spread` is the highest minus the lowest of their levels, null for a single reading. `claimed_level` is
    what the grader said where its quotes did not bear it out, and null otherwise. `checks` is null where
    levels were asked for.
    """

    id: str
    level: int
    expected_level: float
    spread: float | None = None
    claimed_level: int | None = None
    uncalibrated: UncalibratedLevel | None = None
    checks: dict[str, bool] | None = None
    evidence: tuple[Evidence, ...] = ()
    missing: str = ""
    rationale: str = ""

    @property
    def given_level(self) -> int:
        """The level that the grader itself gave."""
        return self.uncalibrated.level if self.uncalibrated else self.level


class RedFlagSeen(_Record):
    """A red flag that a grader raised, with the words it points to."""

    id: str
    quote: str
    start: int | None = None
    end: int | None = None
    verified: bool = False


class Flag(_Record):
    """Something to look at. `review` sends the answer to a person; `note` only says so. No flag lowers a score.

    `rows`: the rows of the table that the other answers stand in which it is about; left out where it is about none.
    """

    code: FlagCode
    severity: Severity
    detail: str
    start: int | None = None
    end: int | None = None
    rows: tuple[int, ...] | None = Field(default=None, exclude_if=_is_none)


class Provenance(_Record):
    """Which grader, prompt and rubric made a grade, what it took, and when."""

    grader: str
    model_requested: str | None
    model_returned: str | None
    prompt: str | None
    prompt_sha256: str | None
    rubric_sha256: str
    schema_sha256: str | None
    questionnaire_sha256: str
    params: dict[str, float | int | str | bool | None]
    samples: int
    fingerprint: str
    """SHA-256 over everything that was asked: the same fingerprint was asked the same thing."""
    calibration_sha256: str | None = None
    """Of the calibration that moved the levels and gave the confidence; null without one."""
    control_reading: ControlReading | None = Field(default=None, exclude_if=_is_none)
    """How a grader answered that was asked for what the answer says nothing of: it saw that, it found it there, it
    failed, or it has yet to be asked; left out where it was not to be asked."""
    requests: int
    """Requests to a model that this grade took, repeated ones included."""
    input_tokens: int | None
    output_tokens: int | None
    cached_tokens: int | None
    cost_usd: float | None
    latency_ms: float | None
    evaluator_version: str
    graded_at: str
    """UTC, ISO 8601."""


class Grade(_Record):
    """One answer's grade. `score` and `band` are null unless `status` is graded; nothing stands in for them."""

    answer_id: str
    candidate_id: str
    question_id: str
    status: Status
    reason: str | None = None
    criteria: tuple[CriterionGrade, ...] = ()
    red_flags: tuple[RedFlagSeen, ...] = ()
    score: float | None = None
    band: Band | None = None
    confidence: float | None = None
    flags: tuple[Flag, ...] = ()
    provenance: Provenance

    @property
    def needs_review(self) -> bool:
        """Whether any flag sends this answer to a person."""
        return any(flag.severity == "review" for flag in self.flags)

    @property
    def rows_alike(self) -> tuple[int, ...]:
        """The rows of the table that hold near copies of this answer."""
        return next((flag.rows or () for flag in self.flags if flag.code == "near_duplicate"), ())
