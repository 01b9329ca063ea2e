"""What `evaluator eval` found out, as it stands in `eval.json`: every figure with its n, its interval, or its reason.

An `Estimate` is written as {value, n, low, high, clusters, reason, note, resamples, skipped}; `value` is null
exactly where `reason` says why. Nothing in the file is NaN, and no zero stands for "unknown".
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

from evaluator.core.attack_figures import AttackResult
from evaluator.core.eval_set import RaterKind
from evaluator.core.grade import Evidence
from evaluator.core.metrics.alternative_annotator import AlternativeAnnotatorTest
from evaluator.core.metrics.classification import ClassificationFigures, ThresholdPoint
from evaluator.core.metrics.comparison import Comparison, RunNoise
from evaluator.core.metrics.estimate import Estimate
from evaluator.core.metrics.figures import AgreementFigures
from evaluator.core.metrics.flips import FlipRate
from evaluator.core.metrics.reliability import CoverageRisk, Reliability
from evaluator.core.standing_figures import StandingFigures

ResampledBy = Literal["candidate", "question"]
ScopeKind = Literal["criterion", "question", "total", "pass_fail"]
Adequacy = Literal["adequate", "not adequate", "cannot tell with this set"]


class EvaluationRecord(BaseModel):
    """What every record of `eval.json` shares: an unknown key is an error, and nothing changes it later."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class SetFacts(EvaluationRecord):
    """The set and the split that the figures are of."""

    id: str
    version: int
    title: str
    about: str
    licence: str
    rater_kind: RaterKind
    raters: tuple[str, ...]
    consensus: str
    """What the consensus is, in words, such as "model raters' median"; printed beside every figure."""
    positive_class: str
    rubric: str
    rubric_sha256: str
    questionnaire: str
    questionnaire_sha256: str
    split: str
    split_sha256: str
    """SHA-256 over the evaluated answers and their labels: the same hash is the same test."""
    answers: int
    not_answered: int
    """Answers with nothing to grade; they are in no figure of agreement."""
    candidates: int


class Look(EvaluationRecord):
    """How often this split has been looked at, this time included; null where no history is kept."""

    number: int | None
    recorded: bool
    said: str


class LeakageCheck(EvaluationRecord):
    """What was held against the evaluated split before anything was graded. A leak stops the run: there is none."""

    examples: int
    calibration_answers: int
    calibration_items: int = 0
    """Answers that the graders' calibration files were fitted on, by their fingerprints."""
    threshold: float
    said: str


class Counts(EvaluationRecord):
    """How the answers came out. Figures of agreement are over the graded ones."""

    answers: int
    graded: int
    not_answered: int
    ungraded: int
    reasons: dict[str, int]
    """Why answers were ungraded, with how many."""


class EvaluationUsage(EvaluationRecord):
    """What one run over the split took. Null where no endpoint said, or no price is known."""

    requests: int
    input_tokens: int | None
    output_tokens: int | None
    cost_usd: float | None
    latency_ms: dict[str, float]
    """p50, p90 and p99 of an answer's requests, in milliseconds; empty where no request was made."""


class FlagCount(EvaluationRecord):
    """How many answers a flag was raised on."""

    code: str
    answers: int
    to_review: int


class NoteFlags(EvaluationRecord):
    """Answers that most of their raters gave a note, and what the flags that answer to it did.

    `flags` are the codes that count as noticing it. Of `deserved` answers, `raised` carry one of them and
    `to_person` need a person for any reason; of the `elsewhere` other answers, `raised_elsewhere` carry one.
    """

    note: str
    flags: tuple[str, ...]
    deserved: int
    raised: int
    to_person: int
    elsewhere: int
    raised_elsewhere: int


class LevelMean(EvaluationRecord):
    """The answers at one consensus level, and the grader's mean level on them."""

    level: float
    n: int
    mean: float


class ScopeFigures(EvaluationRecord):
    """A grader's agreement on one criterion, one question (all of its criteria), or the total score.

    `consensus` is against the raters' consensus, `raters` against each rater, `mean_over_raters` the mean of these
    (what stands beside the ceiling) and `ratio` that mean over the raters' agreement among themselves. A constant is
    held against the consensus only. `confusion` counts consensus level (rows) by grader's level (columns), lowest
    first; it is null for the total.
    """

    kind: ScopeKind
    id: str
    name: str
    unit: str
    scale: tuple[float, ...]
    consensus: AgreementFigures
    raters: dict[str, AgreementFigures]
    mean_over_raters: AgreementFigures | None
    ratio: AgreementFigures | None
    replacement: AlternativeAnnotatorTest | None
    confusion: tuple[tuple[int, ...], ...] | None
    by_level: tuple[LevelMean, ...]


class ScopeCeiling(EvaluationRecord):
    """The raters' agreement among themselves on one scope."""

    kind: ScopeKind
    id: str
    name: str
    unit: str
    figures: AgreementFigures


class Slice(EvaluationRecord):
    """A part of the split, all criteria together, against the consensus. `too_small` says why it shows little."""

    by: str
    value: str
    answers: int
    candidates: int
    exact: Estimate
    quadratic_kappa: Estimate
    mean_absolute_error: Estimate
    mean_signed_error: Estimate
    too_small: str | None


class PassFail(EvaluationRecord):
    """The pass/fail view as the set defines its positive class; `curve` is along the grader's score.

    `agreement` is of the two classes (0 and 1) with the consensus and each rater, beside the raters' own, by the same
    statistics as a criterion's levels; null in files of earlier versions.
    """

    says: str
    agreement: ScopeFigures | None = None
    at_bar: ClassificationFigures
    curve: tuple[ThresholdPoint, ...]


class ProbeResult(EvaluationRecord):
    """The same answers changed in a way that earns nothing: how often a level moved."""

    id: str
    says: str
    answers: int
    failed: int
    """Answers of which one of the two versions could not be graded."""
    flips: FlipRate


class Repeats(EvaluationRecord):
    """The same grader run again on the same answers: how far quadratic kappa and single levels move by themselves."""

    runs: int
    quadratic_kappa: dict[str, RunNoise]
    """By scope id."""
    flips: FlipRate


class Disagreement(EvaluationRecord):
    """One level on which grader and consensus are far apart, with both readings."""

    answer_id: str
    question_id: str
    question: str
    criterion_id: str
    criterion: str
    answer: str
    grader_level: float
    consensus_level: float
    grader_anchor: str
    consensus_anchor: str
    rater_levels: dict[str, float]
    notes: tuple[str, ...]
    evidence: tuple[Evidence, ...]
    rationale: str
    missing: str


class Verdict(EvaluationRecord):
    """May this grader grade these answers? The outcome, a sentence in plain words, and the reasons."""

    outcome: Adequacy
    headline: str
    because: tuple[str, ...]
    cannot_show: str | None
    """What no figure of this set can show, whatever the outcome: agreement with people, where no person labelled."""


class GraderResult(EvaluationRecord):
    """Everything about one row of the tables. `asked` tells those named by --grader from those always shown."""

    name: str
    asked: bool
    about: str
    grader: str | None
    is_language_model: bool
    prompt: str | None
    prompt_sha256: str | None
    schema_sha256: dict[str, str | None]
    """By question."""
    examples_sha256: str | None
    samples: int
    counts: Counts
    quotes_claimed: int
    quotes_found: int
    flags: tuple[FlagCount, ...]
    notes: tuple[NoteFlags, ...]
    usage: EvaluationUsage | None
    """Null for a constant, which asks nobody."""
    scopes: tuple[ScopeFigures, ...]
    pass_fail: PassFail
    slices: tuple[Slice, ...]
    coverage: CoverageRisk | None
    """Share of answers with a level off by more than one, along confidence; null where grades carry none."""
    reliability: Reliability | None = None
    """Confidence held against how often grades were right; null where grades carry none."""
    standing: StandingFigures | None = None
    """Null where the grader is not calibrated."""
    probes: tuple[ProbeResult, ...]
    attacks: AttackResult | None = None
    """What the attack set did to it; null where it was not asked for."""
    repeats: Repeats | None
    disagreements: tuple[Disagreement, ...]
    verdict: Verdict | None
    levels: dict[str, dict[str, float]]
    """By answer and criterion: the (expected) level that every figure was made of."""

    def scope(self, scope_id: str) -> ScopeFigures | None:
        """The figures of one scope by its id; None where there is none."""
        return next((scope for scope in self.scopes if scope.id == scope_id), None)

    @property
    def total_kappa(self) -> Estimate:
        """Quadratic kappa of the total score, against the raters' consensus."""
        return next(scope for scope in self.scopes if scope.kind == "total").consensus.quadratic_kappa


class ScopeComparison(EvaluationRecord):
    """Two graders on one scope, on the answers that both graded, against the consensus."""

    id: str
    name: str
    figures: tuple[Comparison, ...]
    beyond_run_noise: bool | None
    """Whether the kappas differ by more than repeated runs do; null where there are no repeats of both."""

    @property
    def quadratic_kappa(self) -> Comparison:
        """The comparison that tables show."""
        return next(each for each in self.figures if each.statistic.key == "quadratic_kappa")


class GraderComparison(EvaluationRecord):
    """Two graders, paired: `difference` is first - second."""

    first: str
    second: str
    scopes: tuple[ScopeComparison, ...]
    calls: tuple[Comparison, ...]


class Move(EvaluationRecord):
    """What one grader's quadratic kappa on one scope did since an earlier evaluation; `difference` is now - then."""

    grader: str
    id: str
    name: str
    before: Estimate
    now: Estimate
    difference: Estimate | None
    """From the answers of both, paired; null where the two were not made on the same answers."""
    outcome: Literal["better", "worse", "no difference that this set can show", "cannot tell"]
    beyond_run_noise: bool | None


class Against(EvaluationRecord):
    """The earlier evaluation that this one is held beside."""

    file: str
    made_at: str
    paired: bool
    said: str
    moves: tuple[Move, ...]


class GateOutcome(EvaluationRecord):
    """Whether every condition of a gate file held; `failures` says what did not, with figures."""

    file: str
    passed: bool
    held: tuple[str, ...]
    failures: tuple[str, ...]


class VerdictRule(EvaluationRecord):
    """The limits that a verdict follows; see docs/evaluation.md for the rule in words."""

    least_kappa: float = 0.6
    least_ratio: float = 0.9
    least_graded: float = 0.95


class Evaluation(EvaluationRecord):
    """`eval.json`: one look at one split by one or more graders."""

    format: Literal["screening-answer-evaluation"] = "screening-answer-evaluation"
    format_version: Literal[1] = 1
    made_at: str
    evaluator_version: str
    eval_set: SetFacts
    look: Look
    leakage: LeakageCheck
    resampled_by: ResampledBy
    resamples: int
    seed: int
    limit: int | None
    rule: VerdictRule
    ceiling: tuple[ScopeCeiling, ...]
    pass_fail_ceiling: ScopeCeiling | None = None
    """The raters' agreement among themselves on who passes."""
    graders: tuple[GraderResult, ...]
    comparisons: tuple[GraderComparison, ...]
    recommendation: str
    against: Against | None = None
    gate: GateOutcome | None = None

    @property
    def asked(self) -> tuple[GraderResult, ...]:
        """The graders that the verdicts are about."""
        return tuple(grader for grader in self.graders if grader.asked)

    def ceiling_of(self, scope_id: str) -> ScopeCeiling | None:
        """The raters' own agreement on one scope; None where there is none."""
        return next((each for each in self.ceiling if each.id == scope_id), None)
