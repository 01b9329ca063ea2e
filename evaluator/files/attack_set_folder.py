"""An attack set, read strictly from its folder: `attacks.yaml`, `bases.csv`, `attacks.csv`, `honest.csv`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar, cast

from evaluator.core.answer import Answer
from evaluator.core.attack_set import (
    ATTACK_SPLITS,
    CARRIERS,
    Attack,
    AttackSet,
    AttackSetManifest,
    HonestAnswer,
)
from evaluator.core.fingerprint import fingerprint
from evaluator.core.questionnaire import Questionnaire
from evaluator.errors import EvalSetError, Mistake, UsageError, number_of
from evaluator.files.named_table import NamedRow, NamedTable, read_named_table
from evaluator.files.strict_yaml import read_yaml, validated

MANIFEST = "attacks.yaml"
SHIPPED = "attacks"
_BASES = ("base_id", "question_id", "language", "strength", "answer")
_ATTACKS = (
    "attack_id", "family", "template", "split", "language", "carrier", "base_id", "question_id", "payload", "answer",
)  # fmt: skip
_HONEST = ("honest_id", "group", "language", "native", "split", "question_id", "answer")
_Word = TypeVar("_Word", bound=str)


def find_attack_set(path_or_name: str, folders: Sequence[Path]) -> Path:
    """The folder of this path, or of this name in one of `folders`. Raises UsageError where there is none."""
    for folder in (Path(path_or_name), *(each / path_or_name for each in folders)):
        if (folder / MANIFEST).is_file():
            return folder
    raise UsageError(
        f"There is no attack set '{path_or_name}'.", hint=f"Give a folder that holds {MANIFEST}, or '{SHIPPED}'."
    )


def load_attack_set(folder: Path, questionnaire: Questionnaire) -> AttackSet:
    """The set in this folder. Raises EvalSetError with every mistake, or where it belongs to another questionnaire."""
    document = read_yaml(folder / MANIFEST, EvalSetError)
    manifest, mistakes = validated(document, AttackSetManifest)
    tables = [
        read_named_table(folder / name, columns)
        for name, columns in (("bases.csv", _BASES), ("attacks.csv", _ATTACKS), ("honest.csv", _HONEST))
    ]
    bases_table, attacks_table, honest_table = tables
    for table in tables:
        mistakes.extend(table.mistakes)
    reader = _Reader({question.id for question in questionnaire.questions}, mistakes)
    bases = {row.text("base_id"): reader.answer(bases_table, row, "base_id") for row in bases_table.rows}
    attacks = tuple(reader.attack(attacks_table, row, set(bases)) for row in attacks_table.rows)
    honest = tuple(reader.honest(honest_table, row) for row in honest_table.rows)
    if manifest is None or mistakes:
        raise EvalSetError(f"The attack set {folder} has {number_of(mistakes)}.", mistakes=mistakes)
    if manifest.questionnaire != questionnaire.id:
        raise EvalSetError(
            f"The attack set {manifest.id} is of answers to '{manifest.questionnaire}', not to '{questionnaire.id}'.",
            hint="Give a set of your own with --attacks FOLDER.",
        )
    answers = [*bases.values(), *(each.answer for each in attacks), *(each.answer for each in honest)]
    sha256 = fingerprint([[answer.answer_id, answer.text] for answer in answers])
    return AttackSet(manifest, bases, attacks, honest, sha256)


class _Reader:
    """Makes records of rows, and gathers what is wrong with them."""

    def __init__(self, questions: set[str], mistakes: list[Mistake]) -> None:
        self._questions = questions
        self._mistakes = mistakes
        self._seen: set[str] = set()

    def answer(self, table: NamedTable, row: NamedRow, id_column: str) -> Answer:
        answer_id, question_id = row.text(id_column), row.text("question_id")
        if not answer_id or answer_id in self._seen:
            self._mistakes.append(table.mistake(row, id_column, "empty, or there already"))
        self._seen.add(answer_id)
        if question_id not in self._questions:
            self._mistakes.append(table.mistake(row, "question_id", f"there is no question '{question_id}'"))
        # An id of its own for each: nobody is compared with anybody.
        return Answer(answer_id, answer_id, question_id, row.cells.get("answer", ""))

    def attack(self, table: NamedTable, row: NamedRow, bases: set[str]) -> Attack:
        if row.text("base_id") not in bases:
            self._mistakes.append(table.mistake(row, "base_id", "there is no such answer in bases.csv"))
        return Attack(
            answer=self.answer(table, row, "attack_id"),
            family=row.text("family"),
            template=row.text("template"),
            split=self._one_of(table, row, "split", ATTACK_SPLITS),
            language=row.text("language"),
            carrier=self._one_of(table, row, "carrier", CARRIERS),
            base_id=row.text("base_id"),
            payload=self._payload(table, row),
        )

    def honest(self, table: NamedTable, row: NamedRow) -> HonestAnswer:
        return HonestAnswer(
            answer=self.answer(table, row, "honest_id"),
            group=row.text("group"),
            language=row.text("language"),
            native=self._one_of(table, row, "native", ("yes", "no")) == "yes",
            split=self._one_of(table, row, "split", ATTACK_SPLITS),
        )

    def _one_of(self, table: NamedTable, row: NamedRow, column: str, known: Sequence[_Word]) -> _Word:
        said = row.text(column)
        if said not in known:
            self._mistakes.append(table.mistake(row, column, f"write one of {', '.join(known)}"))
            return known[0]
        return cast(_Word, said)

    def _payload(self, table: NamedTable, row: NamedRow) -> tuple[str, ...]:
        try:
            parts = json.loads(row.text("payload"))
        except (ValueError, RecursionError):
            parts = None
        if not isinstance(parts, list) or not all(isinstance(part, str) for part in parts):
            self._mistakes.append(table.mistake(row, "payload", "not a JSON list of texts"))
            return ()
        return tuple(parts)
