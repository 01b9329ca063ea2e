"""The canary: the same labelled answers graded again and again, held beside the first time, so that drift is seen.

A model behind an address can change without a word. What is graded here is known, so whatever moves is the grader.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass

from evaluator.core.eval_set import EvalSet
from evaluator.core.evaluation import Evaluation, GraderResult, Look
from evaluator.core.fingerprint import fingerprint
from evaluator.core.look import LookRecord
from evaluator.core.metrics.bootstrap import resample_clusters
from evaluator.core.metrics.estimate import Estimate
from evaluator.core.metrics.flips import FlipRate, flip_rate
from evaluator.run.drift import DriftReason, drift_from_the_start, drift_since, figure
from evaluator.run.evaluation import answers_to_evaluate, evaluate
from evaluator.run.evaluation_facts import split_hash
from evaluator.run.evaluation_plan import Earlier, EvaluationPlan, GraderUnderTest
from evaluator.run.scopes import SEED


@dataclass(frozen=True, slots=True)
class CanaryFinding:
    """What a canary found. `drifted`: why somebody should look; empty where all is as it was. `flips`: how levels moved
    since the reference; None where there was none.
    """

    said: str
    drifted: tuple[DriftReason, ...]
    evaluation: Evaluation
    reference: Evaluation | None
    flips: FlipRate | None

    @property
    def is_reference(self) -> bool:
        """Whether it is the first of its kind."""
        return self.reference is None


def canary_key(eval_set: EvalSet, grader: GraderUnderTest, plan: EvaluationPlan) -> str:
    """A hash of what is measured by what: canaries of the same are held beside each other."""
    hashes, pipeline = grader.grader.pipeline.hashes, grader.grader.pipeline
    return fingerprint(
        {
            "answers": split_hash(answers_to_evaluate(eval_set, plan)),
            "rubric": hashes.rubric,
            "questionnaire": hashes.questionnaire,
            "raters": hashes.raters,
            "examples": hashes.examples,
            "samples": pipeline.samples,
        }
    )


async def sing(
    eval_set: EvalSet, grader: GraderUnderTest, plan: EvaluationPlan, reference: Evaluation | None
) -> CanaryFinding:
    """Grades the split anew and holds it beside the reference; without one it becomes the reference.

    The grader must have no ledger: replies that are kept cannot drift. Raises as `evaluate` does, and GraderSetupError
    where nothing can be asked: a canary that could not be asked has found nothing.
    """
    await grader.grader.check()
    earlier = None if reference is None else Earlier("the reference", reference)
    found = await evaluate(eval_set, [grader], _beside(plan, earlier), look=_not_recorded)
    now = found.asked[0]
    agreement = _agreement(now)
    if reference is None:
        said = f"{agreement}; the first of its kind, which later ones are held beside."
        return CanaryFinding(said, tuple(drift_from_the_start(now)), found, None, None)
    flips = _flips(eval_set, reference.asked[0], now)
    drifted = tuple(drift_since(found, reference.asked[0], flips))
    moved, shift = _percent(flips.moved), _signed(flips.mean_shift)
    since = f"since {reference.made_at[:10]} {moved} of levels moved, by {shift} on average"
    said = "; ".join([agreement, since, *(each.said for each in drifted)])
    return CanaryFinding(f"{said}.", drifted, found, reference, flips)


def packed(evaluation: Evaluation) -> bytes:
    """As the store keeps it: without the answers' words, and compressed."""
    bare = [result.model_copy(update={"disagreements": ()}) for result in evaluation.graders]
    kept = evaluation.model_copy(update={"graders": tuple(bare), "comparisons": ()})
    return zlib.compress(kept.model_dump_json().encode())


def unpacked(body: bytes) -> Evaluation:
    """An evaluation that `packed` made."""
    return Evaluation.model_validate_json(zlib.decompress(body))


def _beside(plan: EvaluationPlan, earlier: Earlier | None) -> EvaluationPlan:
    return EvaluationPlan(split=plan.split, limit=plan.limit, earlier=earlier)


def _not_recorded(_: LookRecord) -> Look:
    return Look(number=None, recorded=False, said="A canary: the same answers every time, to see what moves.")


def _flips(eval_set: EvalSet, then: GraderResult, now: GraderResult) -> FlipRate:
    """Over every level of every answer that both graded, drawn by candidate."""
    candidates = {each.answer.answer_id: each.answer.candidate_id for each in eval_set.answers}
    both = sorted(then.levels.keys() & now.levels.keys())
    items = [
        (answer, criterion) for answer in both for criterion in sorted(then.levels[answer].keys() & now.levels[answer])
    ]
    # Where no answer was graded both times, one item without a level says so.
    items = items or [("", "")]
    before = [then.levels.get(answer, {}).get(criterion) for answer, criterion in items]
    after = [now.levels.get(answer, {}).get(criterion) for answer, criterion in items]
    scale = [float(level) for level in eval_set.rubric.scale.levels]
    resampling = resample_clusters([candidates.get(answer, "") for answer, _ in items], seed=SEED)
    return flip_rate(before, after, scale, resampling)


def _agreement(now: GraderResult) -> str:
    kappa = now.total_kappa
    interval = "" if kappa.low is None or kappa.high is None else f" ({kappa.low:.2f} to {kappa.high:.2f})"
    return f"{now.counts.graded} of {now.counts.answers} graded, quadratic kappa of the total {figure(kappa)}{interval}"


def _percent(estimate: Estimate) -> str:
    return "n/a" if estimate.value is None else f"{estimate.value:.1%}"


def _signed(estimate: Estimate) -> str:
    return "n/a" if estimate.value is None else f"{estimate.value:+.2f}"
