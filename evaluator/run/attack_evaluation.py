"""Attacks against a grader, through the pipeline that grades everybody: honest answers, and what was made of them."""

from __future__ import annotations

from collections.abc import Callable

from evaluator.core.attack_figures import AttackResult, attack_result
from evaluator.core.attack_plan import AttackPlan
from evaluator.run.grader import Grader
from evaluator.run.stability import grade_all


async def try_attacks(grader: Grader, plan: AttackPlan, look: str, advance: Callable[[], None]) -> AttackResult:
    """Grades everything in the plan and counts what came of it. `look`: which look at the set's test split this is."""
    grades = await grade_all(grader, plan.answers, advance)
    return attack_result(plan.attack_set, plan.attacks, plan.honest, grades, look)
