"""A calibration: what makes a grader's levels the raters' levels and says which grades may stand, as its file holds it.

It holds plain numbers, what they were fitted on and for (hashes), what was tried with its figures, and what was kept.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Annotated, Literal

from pydantic import Field, model_validator

from evaluator.core.confidence import ConfidenceModel, signs_of
from evaluator.core.eval_set import RaterKind, SplitBy
from evaluator.core.examples import GradedExample
from evaluator.core.fingerprint import fingerprint
from evaluator.core.grade import CriterionGrade, Flag, UncalibratedLevel
from evaluator.core.level_map import LevelMaps
from evaluator.core.metrics.estimate import Estimate
from evaluator.core.metrics.kept_fingerprint import KeptFingerprint
from evaluator.core.rubric import FileRecord, Identifier, Rubric
from evaluator.core.score import rounded_level

Share = Annotated[float, Field(gt=0, lt=1)]


class FittedOn(FileRecord):
    """The answers that a calibration rests on: their set and split, their raters, and a fingerprint of each."""

    eval_set: Identifier
    version: int
    title: str
    split: Identifier
    split_sha256: str
    split_by: SplitBy
    rater_kind: RaterKind
    raters: int
    consensus: str
    answers: int
    """Those with something to grade."""
    graded: int
    units: int
    """Candidates, questions or answers (with copies of them) that cross-validation kept whole."""
    items: tuple[KeptFingerprint, ...]


class FittedRater(FileRecord):
    """One rater that a calibration was fitted for."""

    spec: str
    model: str | None
    prompt: str | None
    prompt_sha256: str | None
    params: dict[str, float | int | str | bool | None]


class FittedFor(FileRecord):
    """Everything that a calibration is good for; where any of it differs it is refused."""

    raters: Annotated[tuple[FittedRater, ...], Field(min_length=1)]
    samples: Annotated[int, Field(ge=1)]
    rubric: str
    rubric_sha256: str
    questionnaire: str
    questionnaire_sha256: str
    schema_sha256: dict[Identifier, str | None]
    """By question: the reply's schema."""
    examples_sha256: str
    """Over all graded examples that the prompt shows, the rubric's own and the calibration's."""

    @property
    def grader(self) -> str:
        """How a command line names these raters."""
        specs = [rater.spec for rater in self.raters]
        return specs[0] if len(specs) == 1 else f"panel:{','.join(specs)}"


class Tried(FileRecord):
    """One thing that was tried by cross-validation, with its figures out of fold.

    `loss` is what the choice rests on: the mean squared error on 0-1 of expected levels for examples and maps, the
    Brier score for confidence. `gain` is by how much it is lower than that of what was kept until then, `error` the
    standard error of the gain; both are null for what the others are held against.
    """

    part: Literal["examples", "map", "confidence"]
    name: str
    says: str
    kept: bool
    loss: float
    gain: float | None = None
    error: float | None = None
    rmse: Estimate | None = None
    quadratic_kappa: Estimate | None = None
    wrong: Estimate | None = None
    """Share of answers with a level off by more than one."""


class StandingRule(FileRecord):
    """Which grades may stand without a person: those of confidence `threshold` or more; none where it is null.

    Found by `standing_threshold` on confidences out of fold. The promise: among what stands, at most `risk` is wrong (a
    level off by more than one), at `certainty`. It counts in `unit`s: where answers of one candidate (or question, or
    copies) are not independent of each other, all of them together are one trial, wrong when any standing grade is.
    """

    risk: Share
    certainty: Share
    unit: str
    n: int
    """Units that were counted."""
    threshold: Annotated[float, Field(ge=0, le=1)] | None
    reason: str | None
    """Why there is no threshold."""
    standing: int | None = None
    """Units of which a grade stands, of n; `wrong` of them are."""
    wrong: int | None = None
    risk_bound: float | None = None
    """The exact upper limit of the share wrong, at `certainty`."""
    standing_grades: int | None = None
    """Answers whose grade stands, of `grades`."""
    grades: int
    constant_wrong: Annotated[float, Field(ge=0, le=1)]
    """Share of these answers that one and the same level for everybody (the best such one) would get wrong: a promise
    that this keeps as well asks little."""

    @model_validator(mode="after")
    def _one_of(self) -> StandingRule:
        if (self.threshold is None) == (self.reason is None):
            raise ValueError("write a threshold, or the reason why there is none")
        return self


class Calibration(FileRecord):
    """One calibration, as its file holds it. `maps` is null where no map helped."""

    format: Literal["screening-answer-calibration"] = "screening-answer-calibration"
    format_version: Literal[1] = 1
    made_at: str
    evaluator_version: str
    fitted_on: FittedOn
    fitted_for: FittedFor
    examples: tuple[GradedExample, ...] = ()
    maps: LevelMaps | None = None
    confidence: ConfidenceModel
    standing: StandingRule
    tried: tuple[Tried, ...] = ()
    not_tried: tuple[str, ...] = ()
    """What was not tried, each with its reason."""

    @cached_property
    def sha256(self) -> str:
        """The name of this calibration in grades and reports."""
        return fingerprint(self.model_dump(mode="json"))

    def confidence_in(self, criteria: Sequence[CriterionGrade], text: str, rubric: Rubric) -> float:
        """How probable it is that no level of a calibrated grade is off by more than one."""
        return self.confidence.confidence(signs_of(criteria, text, rubric))

    def may_stand(self, confidence: float | None) -> bool:
        """Whether a grade of this confidence may stand, as far as confidence goes; flags may speak against it."""
        threshold = self.standing.threshold
        return threshold is not None and confidence is not None and confidence >= threshold

    def flag(self, confidence: float) -> Flag | None:
        """The flag of a grade that is not sure enough; where no grade may stand the summary says so, once."""
        threshold = self.standing.threshold
        if threshold is None or confidence >= threshold:
            return None
        detail = f"Confidence {confidence:.2f} is below {threshold:.2f}, from which a grade may stand without a person."
        return Flag(code="low_confidence", severity="review", detail=detail)


def calibrated_levels(
    maps: LevelMaps | None, question_id: str, criteria: Sequence[CriterionGrade], rubric: Rubric
) -> tuple[CriterionGrade, ...]:
    """Criteria with their expected levels through `maps` and rounded anew; unmapped where there are no maps."""
    if maps is None:
        return tuple(criteria)
    return tuple(_calibrated(maps, question_id, each, rubric) for each in criteria)


def _calibrated(maps: LevelMaps, question_id: str, graded: CriterionGrade, rubric: Rubric) -> CriterionGrade:
    expected = maps.expected(question_id, graded.id, graded.expected_level, graded.checks)
    given = UncalibratedLevel(level=graded.level, expected_level=graded.expected_level)
    level = rounded_level(expected, rubric.criterion(graded.id))
    return graded.model_copy(update={"level": level, "expected_level": expected, "uncalibrated": given})


def differences(wanted: FittedFor, found: FittedFor) -> tuple[str, ...]:
    """What differs between what a calibration was fitted for and what it is to be used for, in words."""
    said = []
    if wanted.grader != found.grader:
        said.append(f"grader: fitted for {wanted.grader}, here {found.grader}")
    else:
        for one, other in zip(wanted.raters, found.raters, strict=True):
            said += _rater_differences(one, other)
    if wanted.samples != found.samples:
        said.append(f"samples: fitted for {wanted.samples}, here {found.samples}")
    said += _named("rubric", wanted.rubric, wanted.rubric_sha256, found.rubric, found.rubric_sha256)
    said += _named(
        "questionnaire",
        wanted.questionnaire,
        wanted.questionnaire_sha256,
        found.questionnaire,
        found.questionnaire_sha256,
    )
    if not said and wanted.schema_sha256 != found.schema_sha256:
        said.append("schema: the reply that the grader is asked for is another one")
    if wanted.examples_sha256 != found.examples_sha256:
        said.append("examples: the prompt shows other graded examples than it did then")
    return tuple(said)


def _rater_differences(one: FittedRater, other: FittedRater) -> list[str]:
    said = []
    if one.model != other.model:
        said.append(f"model: fitted for {one.model}, here {other.model}")
    said += _named("prompt", one.prompt, one.prompt_sha256, other.prompt, other.prompt_sha256)
    changed = [name for name in sorted({*one.params, *other.params}) if one.params.get(name) != other.params.get(name)]
    said += [f"{name}: fitted for {_shown(one.params, name)}, here {_shown(other.params, name)}" for name in changed]
    return said


def _named(
    what: str, one: str | None, one_sha256: str | None, other: str | None, other_sha256: str | None
) -> list[str]:
    if one != other:
        return [f"{what}: fitted for {one or 'none'}, here {other or 'none'}"]
    if one_sha256 != other_sha256:
        return [f"{what}: {one} has another text now (SHA-256 {_short(one_sha256)} then, {_short(other_sha256)} here)"]
    return []


def _shown(params: Mapping[str, object], name: str) -> str:
    return str(params[name]) if name in params else "not set"


def _short(sha256: str | None) -> str:
    return "none" if sha256 is None else f"{sha256[:12]}…"
