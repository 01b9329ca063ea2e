"""Attacks against a grader, through the pipeline that grades everybody: honest answers, and what was made of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import TypeVar

from evaluator.core.answer import Answer
from evaluator.core.attack_figures import AttackResult, attack_result
from evaluator.core.attack_set import Attack, AttackSet, HonestAnswer
from evaluator.run.grader import Grader
from evaluator.run.stability import grade_all

_Item = TypeVar("_Item", Attack, HonestAnswer)


@dataclass(frozen=True, slots=True)
class AttackPlan:
    """The attacks that are tried, and the honest answers beside them; all, or a sample of each."""

    attack_set: AttackSet
    attacks: tuple[Attack, ...]
    honest: tuple[HonestAnswer, ...]
    look: str = ""

    @property
    def answers(self) -> tuple[Answer, ...]:
        """Every answer that has to be graded, each once."""
        bases = dict.fromkeys(attack.base_id for attack in self.attacks)
        return (
            *(self.attack_set.bases[base] for base in bases),
            *(attack.answer for attack in self.attacks),
            *(each.answer for each in self.honest),
        )


def plan_attacks(attack_set: AttackSet, sample: int | None) -> AttackPlan:
    """All of the set, or `sample` attacks and as many honest answers of its test split: the same ones every time."""
    if sample is None:
        return AttackPlan(attack_set, attack_set.attacks, attack_set.honest)
    attacks = _drawn([each for each in attack_set.attacks if each.split == "test"], sample, lambda one: one.family)
    honest = _drawn([each for each in attack_set.honest if each.split == "test"], sample, lambda one: one.group)
    return AttackPlan(attack_set, tuple(attacks), tuple(honest))


def _drawn(items: Sequence[_Item], count: int, part_of: Callable[[_Item], str]) -> list[_Item]:
    """Items from each part in turn, within a part in an order that nothing but the ids decides."""
    parts: dict[str, list[_Item]] = {}
    for item in sorted(items, key=lambda each: sha256(each.answer.answer_id.encode()).digest()):
        parts.setdefault(part_of(item), []).append(item)
    drawn: list[_Item] = []
    while len(drawn) < min(count, len(items)):
        for name in sorted(parts):
            if parts[name] and len(drawn) < count:
                drawn.append(parts[name].pop())
    return drawn


async def try_attacks(grader: Grader, plan: AttackPlan, advance: Callable[[], None]) -> AttackResult:
    """Grades everything in the plan and counts what came of it."""
    grades = await grade_all(grader, plan.answers, advance)
    return attack_result(plan.attack_set, plan.attacks, plan.honest, grades, plan.look)
