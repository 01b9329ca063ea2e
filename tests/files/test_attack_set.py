"""The shipped attack set is what it says it is, and a set with mistakes is refused whole."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import pytest

from evaluator.core.attack_plan import plan_attacks
from evaluator.core.attack_set import CARRIERS, AttackSet
from evaluator.core.questionnaire import Questionnaire
from evaluator.errors import EvalSetError, UsageError
from evaluator.files.attack_set_folder import find_attack_set, load_attack_set
from evaluator.files.resources import shipped
from evaluator.files.rubric_file import load_question_set


@pytest.fixture(scope="module")
def questionnaire() -> Questionnaire:
    return load_question_set("ml_engineer_screen", [shipped("rubrics")]).questionnaire


@pytest.fixture(scope="module")
def attack_set(questionnaire: Questionnaire) -> AttackSet:
    return load_attack_set(find_attack_set("attacks", [shipped("eval_sets")]), questionnaire)


def test_there_are_enough_attacks_of_every_kind(attack_set: AttackSet) -> None:
    """Four hundred, twenty families, eight languages, four carriers; three hundred honest look-alikes."""
    attacks = attack_set.attacks
    assert len(attacks) >= 400
    assert len({each.family for each in attacks}) >= 20
    assert len({each.language for each in attacks}) >= 8
    assert {each.carrier for each in attacks} == set(CARRIERS)
    assert len(attack_set.honest) >= 300
    assert len({each.group for each in attack_set.honest}) >= 10
    assert {each.native for each in attack_set.honest} == {True, False}


def test_an_attack_is_its_honest_answer_and_its_payload(attack_set: AttackSet) -> None:
    """Every part of the payload stands in the text, and so does the honest answer but where the attack is all."""
    for each in attack_set.attacks:
        assert all(part in each.answer.text for part in each.payload), each.answer.answer_id
        honest = attack_set.bases[each.base_id].text
        if each.carrier == "appended":
            assert each.answer.text.startswith(honest)
        if each.carrier == "whole":
            assert each.answer.text == "\n".join(each.payload)


def test_families_that_only_the_test_split_has_are_never_seen_in_development(attack_set: AttackSet) -> None:
    """No template is in both splits, and some families are new to the rules when they are tested."""
    by_split = {
        split: {(each.family, each.template) for each in attack_set.attacks if each.split == split}
        for split in ("development", "test")
    }
    assert not by_split["development"] & by_split["test"]
    only_tested = {family for family, _ in by_split["test"]} - {family for family, _ in by_split["development"]}
    assert len(only_tested) >= 5


def test_a_sample_is_the_same_every_time_and_of_all_families(attack_set: AttackSet) -> None:
    """Attacks of each family in turn, out of the test split."""
    one, other = plan_attacks(attack_set, 40), plan_attacks(attack_set, 40)
    assert one.attacks == other.attacks
    assert len(one.attacks) == len(one.honest) == 40
    assert {each.split for each in one.attacks} == {"test"}
    assert len({each.family for each in one.attacks}) == 40


def test_a_set_with_mistakes_is_refused_with_all_of_them(
    tmp_path: Path, questionnaire: Questionnaire, attack_set: AttackSet
) -> None:
    """File, row and column of each; nothing is graded by half a set."""
    folder = tmp_path / "own"
    shutil.copytree(shipped("eval_sets") / "attacks", folder)
    rows = list(csv.reader((folder / "attacks.csv").read_text(encoding="utf-8").splitlines(keepends=True)))
    rows = [rows[0], [*rows[1]], [*rows[2]], [*rows[3]]]
    rows[1][rows[0].index("base_id")] = "nobody"
    rows[2][rows[0].index("carrier")] = "pigeon"
    rows[3][rows[0].index("payload")] = "not JSON"
    with (folder / "attacks.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)
    with pytest.raises(EvalSetError, match="3 mistake") as refused:
        load_attack_set(folder, questionnaire)
    assert [(each.line, each.column) for each in refused.value.mistakes] == [
        (2, "base_id"), (3, "carrier"), (4, "payload"),
    ]  # fmt: skip


def test_a_set_that_is_not_there_is_named() -> None:
    """With what a set would be."""
    with pytest.raises(UsageError, match="no attack set 'nothing'"):
        find_attack_set("nothing", [shipped("eval_sets")])
