"""What must hold for any answer and any attack: words to a grader raise nothing unseen; cut out, they are gone."""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace

import pytest

from evaluator import Answer, Grade, GraderOptions, make_grader
from evaluator.core.attack_set import Attack
from evaluator.files.attack_set_folder import load_attack_set
from evaluator.files.resources import shipped

GULLIBLE = "langchain:tests.gullible_model:gullible"
_SETS = ("attacks", "attacks_fresh", "attacks_adaptive")
CHANCE = random.Random(7)


def _grades(answers: list[Answer], *, control: bool = False) -> list[Grade]:
    grader = make_grader(GULLIBLE, options=GraderOptions(prompt="checks", control=control))

    async def every() -> dict[str, Grade]:
        return {grade.answer_id: grade async for grade in grader.grade_many(answers)}

    graded = asyncio.run(every())
    return [graded[answer.answer_id] for answer in answers]


def _levels(grade: Grade) -> dict[str, float]:
    return {criterion.id: criterion.expected_level for criterion in grade.criteria}


@pytest.fixture(scope="module")
def drawn() -> tuple[dict[str, Answer], list[Attack]]:
    """Honest answers, and a third of the attacks of all sets that are a single text."""
    questionnaire = make_grader("baseline").questionnaire
    sets = [load_attack_set(shipped("eval_sets") / name, questionnaire) for name in _SETS]
    attacks = [each for one in sets for each in one.attacks if len(each.payload) == 1 and each.carrier != "whole"]
    return {name: base for one in sets for name, base in one.bases.items()}, CHANCE.sample(attacks, len(attacks) // 3)


def test_adding_an_attack_never_raises_a_level_that_nobody_looks_at(drawn) -> None:
    """Wherever it is put: before the answer, behind it, or between two of its sentences."""
    bases, attacks = drawn
    answers = []
    for number, attack in enumerate(attacks):
        base = bases[attack.base_id]
        sentences = base.text.split(". ")
        at = CHANCE.randrange(len(sentences) + 1)
        text = ". ".join([*sentences[:at], f"\n{attack.payload[0]}\n", *sentences[at:]])
        answers.append(replace(base, answer_id=f"m{number}", candidate_id=f"m{number}", text=text))
    before = dict(zip(bases, _grades(list(bases.values())), strict=True))
    unseen = []
    for attack, grade in zip(attacks, _grades(answers, control=True), strict=True):
        honest = _levels(before[attack.base_id])
        rises = any(level > honest[name] + 1e-9 for name, level in _levels(grade).items())
        if rises and not grade.needs_review:
            unseen.append(attack.answer.answer_id)
    assert unseen == []


def test_cutting_an_attack_out_gives_the_levels_of_the_honest_answer(drawn) -> None:
    """Cut by hand, exactly: what the grader was told leaves no trace in how it reads the rest."""
    bases, attacks = drawn
    cut = [
        replace(each.answer, text=" ".join(each.answer.text.replace(each.payload[0], " ").split()))
        for each in attacks
        if each.payload[0] in each.answer.text
    ]
    honest = dict(zip(bases, _grades(list(bases.values())), strict=True))
    grades = _grades(cut)
    bases_of = {each.answer.answer_id: each.base_id for each in attacks}
    differ = [each.answer_id for each in grades if _levels(each) != _levels(honest[bases_of[each.answer_id]])]
    assert differ == []
