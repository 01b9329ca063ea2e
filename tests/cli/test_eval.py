"""`evaluator eval` in a real process: the verdict, what is written, the exit codes, the history, what stops it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from evaluator.core.evaluation import Evaluation, GraderResult
from evaluator.files.evaluation_file import read_evaluation
from evaluator.files.gate_file import load_gate
from evaluator.files.resources import shipped
from evaluator.files.rubric_file import load_rubric
from tests.cli.test_grade import evaluator
from tests.run.evaluation_case import QUESTION, eval_set, script, text_of, write_set

COUNT = 30
DOCUMENT = Path(__file__).parents[2] / "docs" / "evaluation.md"


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A set of 30 test answers whose levels go 0 to 4 in turn."""
    return write_set(tmp_path_factory.mktemp("sets") / "case", eval_set(COUNT, lambda n, c, r: float(n % 5)))


@pytest.fixture(scope="module")
def grader(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A grader that is right about every answer."""
    return script(tmp_path_factory.mktemp("scripts"), {number: number % 5 for number in range(COUNT)})


def test_the_verdict_comes_first_and_every_look_is_counted(case, grader, tmp_path):
    """Report and figures are written, nothing is wider than 80 columns, and the second look says that it is one."""
    done = evaluator("eval", case, "--grader", grader, "--prompt", "levels", "--out", "one", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert {path.name for path in (tmp_path / "one").iterdir()} == {"eval.json", "report.html"}
    assert max(map(len, done.stdout.splitlines())) <= 80
    said = " ".join(done.stdout.split())
    assert said.index("Adequate") < said.index("Agreement with the model raters' median")
    assert "It cannot show agreement with people" in said
    assert "always the commonest level" in said
    assert "not a language model" in said
    assert "1st look at the split 'test'" in said
    again = evaluator("eval", case, "--grader", "baseline", "--limit", "10", "--quiet", "--out", "two", cwd=tmp_path)
    assert again.returncode == 0, again.stderr
    assert read_evaluation(tmp_path / "two" / "eval.json").look.number == 2
    assert len((case / "history.jsonl").read_text("utf-8").splitlines()) == 2


def test_a_gate_that_fails_exits_4_and_shows_why(case, tmp_path):
    """The baseline does not understand these answers: the gate names the criterion, the figure and the limit."""
    gate = tmp_path / "gate.yaml"
    gate.write_text("least_quadratic_kappa: {every_criterion: 0.6}\nmost_ungraded: 0\n", encoding="utf-8")
    done = evaluator("eval", case, "--grader", "baseline", "--gate", gate, "--out", "gated", cwd=tmp_path)
    assert done.returncode == 4, done.stderr
    said = " ".join(done.stdout.split())
    assert "Gate fails" in said
    assert "Leakage awareness: quadratic kappa" in said
    assert "(at least 0.6)" in said
    written = json.loads((tmp_path / "gated" / "eval.json").read_text("utf-8"))
    assert written["gate"]["passed"] is False
    assert "The gate fails" in (tmp_path / "gated" / "report.html").read_text("utf-8")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("least_kappa: 0.6\n", "least_kappa: unknown key"),
        ("least_quadratic_kappa: {manners: 0.6}\n", "'manners' is no criterion"),
        ("least_quadratic_kappa: {leakage_awarenes: 0.6}\n", "; is leakage_awareness meant?"),
        ("{}\n", "holds no condition"),
        ("most_flips: 0.1\n", "Add --probe"),
        ("no_worse_than_before: true\n", "Add --against"),
    ],
)
def test_a_gate_with_a_mistake_stops_before_anything_is_graded(case, tmp_path, text, said):
    """A condition that would never be held is an error, with the key."""
    gate = tmp_path / "gate.yaml"
    gate.write_text(text, encoding="utf-8")
    done = evaluator("eval", case, "--grader", "baseline", "--gate", gate, cwd=tmp_path)
    assert done.returncode == 2
    assert said in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["gate.yaml"]


def test_a_planted_copy_in_the_prompts_examples_stops_the_run(tmp_path):
    """A test answer among the rubric's graded examples: exit code 2, both named, no look recorded, nothing written."""
    folder = write_set(tmp_path / "case", eval_set(COUNT, lambda n, c, r: float(n % 5)))
    rubrics = tmp_path / "rubrics"
    shutil.copytree(shipped("rubrics") / "ml_engineer_core", rubrics / "ml_engineer_core")
    planted = {
        "id": "planted",
        "question_id": QUESTION,
        "answer": text_of(7),
        "levels": {"leakage_awareness": 2},
        "source": "a test",
    }
    examples = rubrics / "ml_engineer_core" / "examples.v1.jsonl"
    examples.write_text(json.dumps(planted) + "\n", encoding="utf-8")
    done = evaluator("eval", folder, "--grader", "baseline", "--rubrics", rubrics, "--out", "new/out", cwd=tmp_path)
    assert done.returncode == 2, done.stdout
    assert "example planted and x007: exact copy" in done.stderr
    assert not (folder / "history.jsonl").exists()
    assert not (tmp_path / "new").exists()


def test_a_run_that_nobody_agreed_to_pay_for_leaves_nothing(case, tmp_path):
    """Without --yes and without a person to ask, no folder stays behind; one that was there before does."""
    (tmp_path / "mine").mkdir()
    for out in ("mine", "other"):
        arguments = ("--grader", "openai:some-model", "--price", "1,1", "--out", out)
        done = evaluator("eval", case, *arguments, cwd=tmp_path, OPENAI_API_KEY="none")
        assert done.returncode == 2, done.stdout
        assert "Add --yes" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_some_answers_that_fail_exit_3_with_their_reasons(case, tmp_path):
    """Two time-outs: the run goes on, says how many and why, and exits 3."""
    says = {number: "timeout" if number < 2 else number % 5 for number in range(COUNT)}
    spec = script(tmp_path, says)
    arguments = ("--grader", spec, "--prompt", "levels", "--out", "out", "--concurrency", "30")
    done = evaluator("eval", case, *arguments, cwd=tmp_path)
    assert done.returncode == 3, done.stderr
    assert "2 ungraded: timeout" in " ".join(done.stdout.split())


def test_numbers_of_samples_are_compared_and_the_cheapest_adequate_is_named(case, grader, tmp_path):
    """A row for each, the baseline read once; as the readings are the same, one reading is recommended."""
    arguments = ("--grader", grader, "--grader", "baseline", "--prompt", "levels", "--samples", "3", "--samples", "1")
    done = evaluator("eval", case, *arguments, "--out", "out", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    found = read_evaluation(tmp_path / "out" / "eval.json")
    assert [each.name for each in found.asked] == [f"{grader} [3 samples]", f"{grader} [1 sample]", "baseline"]
    assert [each.samples for each in found.asked] == [3, 1, 1]
    assert f"The cheapest of them is {grader} [1 sample]" in found.recommendation
    pair = found.comparisons[0]
    assert (pair.first, pair.second) == (f"{grader} [3 samples]", f"{grader} [1 sample]")
    assert {scope.quadratic_kappa.difference.value for scope in pair.scopes} == {0.0}


def test_what_moved_is_shown_against_an_earlier_evaluation(case, grader, tmp_path):
    """The earlier eval.json is paired with this one; a file that is none is refused."""
    first = evaluator("eval", case, "--grader", "baseline", "--out", "old", "--quiet", cwd=tmp_path)
    assert first.returncode == 0, first.stderr
    old = tmp_path / "old" / "eval.json"
    arguments = ("--grader", grader, "--prompt", "levels", "--against", old, "--out", "new")
    done = evaluator("eval", case, *arguments, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    said = " ".join(done.stdout.split())
    assert "differences are paired" in said
    assert ": better" in said
    refused = evaluator("eval", case, "--grader", "baseline", "--against", case / "labels.csv", cwd=tmp_path)
    assert refused.returncode == 2
    assert "is no evaluation" in refused.stderr
    twice = evaluator("eval", case, "--grader", "baseline", "--out", "old", cwd=tmp_path)
    assert twice.returncode == 2
    assert "holds another evaluation" in twice.stderr


def test_the_shipped_set_is_found_by_its_name_and_probes_run(tmp_path):
    """A copy of the shipped set's calibration split, with probes and two runs: every table is there."""
    folder = tmp_path / "set"
    shutil.copytree(shipped("eval_sets") / "ml_engineer_screen", folder)
    arguments = ("--grader", "baseline", "--split", "calibration", "--probe", "--repeat", "2", "--limit", "10")
    done = evaluator("eval", folder, *arguments, "--out", "out", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    said = " ".join(done.stdout.split())
    assert "graders are fitted on this split" in said
    assert "name_swapped" in said
    assert "no history is kept" in said
    assert max(map(len, done.stdout.splitlines())) <= 80


def test_the_document_says_what_the_files_hold(tmp_path):
    """The gate of the document loads, and every key of eval.json is explained there."""
    written = DOCUMENT.read_text("utf-8")
    gate = tmp_path / "gate.yaml"
    gate.write_text(next(block for block in written.split("```yaml\n") if block.startswith("least_")).split("```")[0])
    loaded = load_gate(gate, load_rubric(shipped("rubrics") / "ml_engineer_core"))
    assert loaded.model_fields_set == set(type(loaded).model_fields)
    keys = {*Evaluation.model_fields, "counts", "scopes", "levels", "disagreements", "verdict"}
    assert [key for key in keys if f"`{key}`" not in written] == []
    assert {"counts", "scopes", "levels", "disagreements", "verdict"} <= set(GraderResult.model_fields)
