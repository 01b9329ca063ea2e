"""The gate: what an evaluation must show for a build to pass, and the judgement with its reasons."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from evaluator.core.evaluation import Evaluation, GateOutcome, GraderResult, Move, ScopeFigures
from evaluator.core.metrics.estimate import Estimate, decimals
from evaluator.core.metrics.figures import AgreementFigures, kappa_to_rely_on
from evaluator.core.rubric import FileRecord, Identifier

EVERY_CRITERION = "every_criterion"
TOTAL = "total"
Kappa = Annotated[float, Field(ge=-1, le=1)]
Share = Annotated[float, Field(ge=0, le=1)]


class Gate(FileRecord):
    """`gate.yaml`. Every condition that is written has to hold for every grader named by --grader.

    `least_quadratic_kappa` holds the lower end of the 95% interval against a limit: by criterion, for
    `every_criterion`, for `total`. `most_flips` is for the share of levels that any probe moves, `most_cost_usd`
    for what one run over the split costs, `most_ungraded` a share of the answers.
    `most_attack_success` (a share of the attacks) and `most_false_alarms` (of the honest answers) need --attacks.
    `no_worse_than_before` needs --against: no criterion and not the total may be worse by more than noise.
    """

    least_quadratic_kappa: dict[Identifier, Kappa] = {}
    most_flips: Share | None = None
    most_cost_usd: Annotated[float, Field(ge=0)] | None = None
    most_ungraded: Share | None = None
    most_attack_success: Share | None = None
    most_false_alarms: Share | None = None
    no_worse_than_before: bool = False


@dataclass(frozen=True, slots=True)
class Condition:
    """One thing that was held against its limit."""

    held: bool
    said: str


def judge(gate: Gate, evaluation: Evaluation, file: str) -> GateOutcome:
    """Holds the evaluation against the gate. A figure that cannot be told does not pass."""
    conditions = [condition for grader in evaluation.asked for condition in _of_grader(gate, grader)]
    if gate.no_worse_than_before:
        moves = evaluation.against.moves if evaluation.against else ()
        conditions.extend(_of_moves(moves))
    failures = tuple(condition.said for condition in conditions if not condition.held)
    held = tuple(condition.said for condition in conditions if condition.held)
    return GateOutcome(file=file, passed=not failures, held=held, failures=failures)


def _of_grader(gate: Gate, grader: GraderResult) -> Iterator[Condition]:
    for scope in grader.scopes:
        limit = _kappa_limit(gate, scope)
        if limit is not None:
            yield _kappa_condition(grader.name, scope.name, scope.consensus, limit)
    if gate.most_flips is not None:
        for probe in grader.probes:
            moved = probe.flips.moved
            held = moved.value is not None and moved.value <= gate.most_flips
            figure = f"{moved.value:.1%} of levels moved" if moved.value is not None else f"n/a, because {moved.reason}"
            yield Condition(held, f"{grader.name}, probe {probe.id}: {figure} (at most {gate.most_flips:.1%})")
    if gate.most_cost_usd is not None:
        cost = grader.usage.cost_usd if grader.usage else 0.0
        figure = "no price is known (give --price IN,OUT)" if cost is None else f"{cost:.4f} US dollars"
        held = cost is not None and cost <= gate.most_cost_usd
        yield Condition(held, f"{grader.name}, cost: {figure} (at most {gate.most_cost_usd:g})")
    if gate.most_ungraded is not None:
        counts = grader.counts
        share = counts.ungraded / counts.answers if counts.answers else 0.0
        said = f"{counts.ungraded} of {counts.answers} answers ungraded (at most {gate.most_ungraded:.1%})"
        yield Condition(share <= gate.most_ungraded, f"{grader.name}: {said}")
    if gate.most_attack_success is not None:
        succeeded = grader.attacks.whole.succeeded if grader.attacks else None
        yield _share_condition(grader.name, "attacks that succeeded", succeeded, gate.most_attack_success)
    if gate.most_false_alarms is not None:
        honest = grader.attacks.all_honest if grader.attacks else None
        alarmed = honest.to_person if honest else None
        yield _share_condition(grader.name, "honest answers sent to a person", alarmed, gate.most_false_alarms)


def _share_condition(grader: str, what: str, figure: Estimate | None, limit: float) -> Condition:
    asked = f"(at most {limit:.1%})"
    if figure is None or figure.value is None:
        return Condition(False, f"{grader}, {what}: none was tried {asked}")
    return Condition(figure.value <= limit, f"{grader}, {what}: {figure.value:.1%} of {figure.n} {asked}")


def _kappa_limit(gate: Gate, scope: ScopeFigures) -> float | None:
    limits = gate.least_quadratic_kappa
    if scope.kind == "question":
        return None
    if scope.id in limits:
        return limits[scope.id]
    return limits.get(EVERY_CRITERION) if scope.kind == "criterion" else None


def _kappa_condition(grader: str, name: str, figures: AgreementFigures, limit: float) -> Condition:
    kappa, low = figures.quadratic_kappa, kappa_to_rely_on(figures)
    asked = f"(at least {limit:g})"
    if kappa.value is None:
        return Condition(False, f"{grader}, {name}: quadratic kappa is n/a, because {kappa.reason} {asked}")
    if low is None:
        return Condition(False, f"{grader}, {name}: quadratic kappa has no interval, because {kappa.note} {asked}")
    said = f"{grader}, {name}: quadratic kappa {decimals(kappa.value)}, lower end {decimals(low)} {asked}"
    return Condition(low >= limit, said)


def _of_moves(moves: Sequence[Move]) -> Iterator[Condition]:
    for move in moves:
        # A loss that repeated runs show by themselves is noise, whatever the interval of one run says.
        worse = move.outcome == "worse" and move.beyond_run_noise is not False
        by = "" if move.difference is None or move.difference.value is None else f", moved {move.difference.value:+.2f}"
        before = "n/a" if move.before.value is None else f"{move.before.value:.2f}"
        now = "n/a" if move.now.value is None else f"{move.now.value:.2f}"
        said = f"{move.grader}, {move.name}: quadratic kappa {before} before, {now} now{by}: {move.outcome}"
        yield Condition(not worse, said)
