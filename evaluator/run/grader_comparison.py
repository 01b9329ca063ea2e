"""Graders held beside each other on the same answers, and an evaluation beside an earlier one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from evaluator.core.evaluation import (
    Against,
    Evaluation,
    GraderComparison,
    GraderResult,
    Move,
    Repeats,
    ScopeComparison,
    ScopeFigures,
)
from evaluator.core.metrics.bootstrap import resample_clusters
from evaluator.core.metrics.comparison import (
    Comparison,
    RunNoise,
    beyond_noise,
    compare_calls,
    compare_drawn,
    on_both,
    run_noise,
)
from evaluator.core.metrics.estimate import Estimate
from evaluator.run.measure import Measure
from evaluator.run.scope_figures import calls_of, truth_of
from evaluator.run.scopes import SEED, Item, Scope, clusters_of

_NO_NOISE = run_noise([])


def comparisons_of(measure: Measure, results: Sequence[GraderResult]) -> tuple[GraderComparison, ...]:
    """Every asked grader against every row after it, in the order of the tables."""
    eval_set, answers = measure.eval_set, measure.answered
    pairs = [(first, second) for place, first in enumerate(results) for second in results[place + 1 :] if first.asked]
    truth = truth_of(eval_set, answers)
    items = [Item(each, None) for each in answers]
    resampling = resample_clusters(clusters_of(items, measure.plan.by), seed=SEED)
    return tuple(
        GraderComparison(
            first=first.name,
            second=second.name,
            scopes=tuple(_on_scope(measure, scope, first, second) for scope in measure.scopes),
            calls=compare_calls(
                truth,
                calls_of(eval_set, answers, first.levels),
                calls_of(eval_set, answers, second.levels),
                resampling,
            ),
        )
        for first, second in pairs
    )


def against_earlier(earlier: Evaluation, file: str, now: Evaluation, measure: Measure) -> Against:
    """What moved: grader by grader of the same name, where there are none the one asked then and the one asked now."""
    same = earlier.eval_set.split_sha256 == now.eval_set.split_sha256
    paired = same and earlier.resampled_by == now.resampled_by
    moves = [move for before, after in _matched(earlier, now) for move in _moves(measure, before, after, paired=paired)]
    said = (
        "The same answers and labels: differences are paired."
        if paired
        else "Not the same answers and labels, or resampled by another unit: only intervals that lie apart count as a "
        "difference."
    )
    if not moves:
        said += " No grader stands in both."
    return Against(file=file, made_at=earlier.made_at, paired=paired, said=said, moves=tuple(moves))


def _matched(earlier: Evaluation, now: Evaluation) -> Iterator[tuple[GraderResult, GraderResult]]:
    by_name = {result.name: result for result in earlier.graders}
    if len(now.asked) == 1 and len(earlier.asked) == 1:
        # One grader then, one now: the two versions of it that are to be compared, whatever their names.
        yield earlier.asked[0], now.asked[0]
        return
    for result in now.asked:
        if result.name in by_name:
            yield by_name[result.name], result


def _moves(measure: Measure, before: GraderResult, after: GraderResult, *, paired: bool) -> Iterator[Move]:
    for scope in measure.scopes:
        then, now = before.scope(scope.id), after.scope(scope.id)
        if scope.kind == "question" or then is None or now is None:
            continue
        noise = beyond_noise(
            (now.consensus.quadratic_kappa.value or 0.0) - (then.consensus.quadratic_kappa.value or 0.0),
            _noise(after.repeats, scope.id),
            _noise(before.repeats, scope.id),
        )
        if paired:
            compared = _kappa(_compared(measure, scope, after, before))
            outcome = {"first is better": "better", "second is better": "worse"}.get(compared.verdict, compared.verdict)
            yield _move(after.name, then, now, compared.difference, outcome, noise)
        else:
            outcome = _apart(then.consensus.quadratic_kappa, now.consensus.quadratic_kappa)
            yield _move(after.name, then, now, None, outcome, noise)


def _move(
    grader: str, then: ScopeFigures, now: ScopeFigures, difference: Estimate | None, outcome: str, noise: bool | None
) -> Move:
    return Move.model_validate(
        {
            "grader": grader,
            "id": now.id,
            "name": now.name,
            "before": then.consensus.quadratic_kappa,
            "now": now.consensus.quadratic_kappa,
            "difference": difference,
            "outcome": outcome,
            "beyond_run_noise": noise,
        }
    )


def _apart(then: Estimate, now: Estimate) -> str:
    if then.low is None or then.high is None or now.low is None or now.high is None:
        return "cannot tell"
    if now.low > then.high:
        return "better"
    return "worse" if now.high < then.low else "no difference that this set can show"


def _on_scope(measure: Measure, scope: Scope, one: GraderResult, other: GraderResult) -> ScopeComparison:
    figures = _compared(measure, scope, one, other)
    gap = _kappa(figures).difference.value
    noise = (
        beyond_noise(gap, _noise(one.repeats, scope.id), _noise(other.repeats, scope.id)) if gap is not None else None
    )
    return ScopeComparison(id=scope.id, name=scope.name, figures=figures, beyond_run_noise=noise)


def _compared(measure: Measure, scope: Scope, one: GraderResult, other: GraderResult) -> tuple[Comparison, ...]:
    first, second = on_both(measure.read(scope, one.levels), measure.read(scope, other.levels))
    return compare_drawn(measure.drawn(scope, first), measure.drawn(scope, second), scope.resampling)


def _kappa(figures: Sequence[Comparison]) -> Comparison:
    return next(each for each in figures if each.statistic.key == "quadratic_kappa")


def _noise(repeats: Repeats | None, scope_id: str) -> RunNoise:
    return _NO_NOISE if repeats is None else repeats.quadratic_kappa.get(scope_id, _NO_NOISE)
