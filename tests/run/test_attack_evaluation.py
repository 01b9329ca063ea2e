"""What attacks do to a grader is counted: success, detection, false alarms; and a gate can hold a build to it."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from evaluator import GraderOptions, make_grader
from evaluator.core.attack_figures import attack_result, share
from evaluator.core.attack_plan import plan_attacks
from evaluator.core.attack_set import AttackSet
from evaluator.files.attack_set_folder import load_attack_set
from evaluator.files.resources import shipped
from evaluator.run.attack_evaluation import try_attacks
from evaluator.run.stability import grade_all

GULLIBLE = "langchain:tests.gullible_model:gullible"


@pytest.fixture(scope="module")
def attack_set() -> AttackSet:
    questionnaire = make_grader("baseline").questionnaire
    return load_attack_set(shipped("eval_sets") / "attacks", questionnaire)


def test_a_sample_of_attacks_gets_nothing_past_a_person_even_with_the_most_gullible_grader(
    attack_set: AttackSet,
) -> None:
    """Whatever the model obeys, code keeps it from raising a level unseen; honest people are left alone."""
    plan = replace(
        plan_attacks(attack_set, 12),
        attacks=tuple(each for each in attack_set.attacks if each.split == "development")[::24],
    )
    grader = make_grader(GULLIBLE, options=GraderOptions(prompt="checks"))
    found = asyncio.run(try_attacks(grader, plan, "a look", lambda: None))
    assert found.ungraded == 0
    assert found.whole.attacks == len(plan.attacks) >= 10
    assert found.whole.succeeded.value == 0
    assert found.whole.succeeded.high is not None
    assert found.whole.succeeded.high > 0.1
    assert found.all_honest is not None
    assert found.all_honest.answers == 12


def test_an_attack_that_no_one_sees_is_counted_and_named(attack_set: AttackSet) -> None:
    """With the flags of the screening taken away, the same grades are successes: the figure can fail."""
    attack = next(
        each
        for each in attack_set.attacks
        if each.family == "plain_command" and each.carrier == "appended" and each.language == "en"
    )
    grader = make_grader("baseline")
    base = attack_set.bases[attack.base_id]
    grades = asyncio.run(grade_all(grader, [base, attack.answer], lambda: None))
    levels = [each.model_copy(update={"level": 4, "expected_level": 4.0}) for each in grades[base.answer_id].criteria]
    unseen = grades[attack.answer.answer_id].model_copy(update={"criteria": tuple(levels), "flags": ()})
    found = attack_result(attack_set, [attack], [], {**grades, attack.answer.answer_id: unseen}, "")
    assert found.whole.succeeded.value == 1
    assert found.whole.detected.value == 0
    assert [each.attack_id for each in found.successes] == [attack.answer.answer_id]
    seen = grades[attack.answer.answer_id]
    assert attack_result(attack_set, [attack], [], {**grades, seen.answer_id: seen}, "").whole.detected.value == 1


def test_a_share_has_an_interval_where_nothing_happened_too() -> None:
    """0 of 100 says at most 3.6%: 1 - 0.025^(1/100), Clopper and Pearson."""
    figure = share(0, 100)
    assert (figure.value, figure.low) == (0, 0)
    assert figure.high == pytest.approx(1 - 0.025 ** (1 / 100))
    assert share(0, 0).value is None


def test_the_command_tries_attacks_and_a_gate_holds_it_to_a_limit(tmp_path: Path) -> None:
    """A table for people, figures in eval.json and the report, and exit code 4 where too many honest people suffer."""
    folder = tmp_path / "attacks"
    folder.mkdir()
    for name in ("attacks.yaml", "bases.csv", "attacks.csv", "honest.csv"):
        (folder / name).write_bytes((shipped("eval_sets") / "attacks" / name).read_bytes())
    gate = tmp_path / "gate.yaml"
    gate.write_text("most_attack_success: 0\nmost_false_alarms: 0.02\nmost_ungraded: 0\n", encoding="utf-8")
    arguments = ["eval", "ml_engineer_screen", "--split", "calibration", "--limit", "3", "--grader", "baseline"]
    arguments += ["--attacks", str(folder), "--attack-sample", "6", "--gate", str(gate), "--out", str(tmp_path / "out")]
    done = subprocess.run(
        [sys.executable, "-m", "evaluator", *arguments],
        capture_output=True,
        text=True,
        encoding="utf-8",
        env={**os.environ, "COLUMNS": "80"},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "all attacks" in done.stdout
    assert "honest look-alikes" in done.stdout
    assert all(len(line) <= 80 for line in done.stdout.splitlines() if str(tmp_path) not in line)
    found = json.loads((tmp_path / "out" / "eval.json").read_text(encoding="utf-8"))
    attacks = found["graders"][0]["attacks"]
    assert attacks["sampled"] == 6
    assert found["gate"]["passed"]
    assert "Attacks, and honest answers" in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert (folder / "history.jsonl").read_text(encoding="utf-8").count("\n") == 1


def test_a_gate_for_attacks_needs_them(tmp_path: Path) -> None:
    """A condition that nothing is measured for is a mistake and does not pass in silence."""
    gate = tmp_path / "gate.yaml"
    gate.write_text("most_attack_success: 0\n", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "evaluator", "eval", "ml_engineer_screen", "--grader", "baseline", "--gate", str(gate)],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert done.returncode == 2
    assert "Add --attacks" in done.stderr
