"""Which attacks and honest answers are tried on a grader: all of a set, or a sample that is the same every time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import TypeVar

from evaluator.core.answer import Answer
from evaluator.core.attack_set import Attack, AttackSet, HonestAnswer

_Item = TypeVar("_Item", Attack, HonestAnswer)


@dataclass(frozen=True, slots=True)
class AttackPlan:
    """The attacks that are tried, and the honest answers beside them; all, or a sample of each."""

    attack_set: AttackSet
    attacks: tuple[Attack, ...]
    honest: tuple[HonestAnswer, ...]

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
