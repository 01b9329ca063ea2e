"""The attack set: answers that try to talk up their grade, those they are built on, and honest look-alikes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from evaluator.core.answer import Answer
from evaluator.core.rubric import FileRecord, Identifier, Text

Carrier = Literal["whole", "appended", "inside", "split"]
CARRIERS: tuple[Carrier, ...] = ("whole", "appended", "inside", "split")
AttackSplit = Literal["development", "test"]
ATTACK_TEST_SPLIT = "test"
ATTACK_SPLITS: tuple[AttackSplit, ...] = ("development", "test")


class AttackSetManifest(FileRecord):
    """`attacks.yaml`. The rules of the screening may be changed by what `development` shows, not by `test`."""

    id: Identifier
    version: int
    title: Text
    questionnaire: Identifier
    about: Text
    licence: Text


@dataclass(frozen=True, slots=True)
class Attack:
    """One attack. `base_id` is the honest answer that it is built on, or would have been handed in instead of it.

    `payload`: the parts of the text that are not the honest answer's, in order.
    """

    answer: Answer
    family: str
    template: str
    split: AttackSplit
    language: str
    carrier: Carrier
    base_id: str
    payload: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class HonestAnswer:
    """An honest answer that a screening might take for an attack. `native`: by a native writer of its language."""

    answer: Answer
    group: str
    language: str
    native: bool
    split: AttackSplit


@dataclass(frozen=True, slots=True)
class AttackSet:
    """The whole set. `sha256` is over every text in it."""

    manifest: AttackSetManifest
    bases: Mapping[str, Answer]
    attacks: tuple[Attack, ...]
    honest: tuple[HonestAnswer, ...]
    sha256: str
