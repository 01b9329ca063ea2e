"""`evaluator calibrate` and what uses its file, in a real process: what is written, said, refused and promised."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from evaluator import load_calibration
from evaluator.files.eval_set_file import load_eval_set
from evaluator.files.evaluation_file import read_evaluation
from evaluator.files.resources import shipped
from tests.cli.test_grade import evaluator

DOCUMENT = Path(__file__).parents[2] / "docs" / "calibration.md"
GRADED = "question_id,question,reference_answer,answer_id,answer,score_human_1,score_max\n"


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the shipped set and the calibration of `baseline` on it."""
    folder = tmp_path_factory.mktemp("calibrated")
    shutil.copytree(shipped("eval_sets") / "ml_engineer_screen", folder / "set")
    own_store = {"EVALUATOR_STORE": str(folder / "store.sqlite3")}
    done = evaluator("calibrate", "set", "--grader", "baseline", "--out", "base.json", cwd=folder, **own_store)
    assert done.returncode == 0, done.stderr
    (folder / "said.txt").write_text(done.stdout, encoding="utf-8")
    return folder


def test_it_says_what_was_tried_kept_and_promised_within_80_columns(places) -> None:
    """Ten candidates can promise nothing; there is no prompt that could show examples; the labels are a model's."""
    written = (places / "said.txt").read_text("utf-8")
    assert max(map(len, written.splitlines())) <= 80
    said = " ".join(written.split())
    assert "5 folds over 10 candidates" in said
    assert "brings the grader closer to that model, not to people" in said
    assert "Kept: " in said
    assert "Not tried: graded examples, because this grader has no prompt" in said
    assert "No grade may stand without a person: no threshold can promise" in said
    assert "it takes 59 candidates without a mistake" in said
    found = load_calibration(places / "base.json")
    assert {item.text_id for item in found.fitted_on.items} <= {
        each.answer.answer_id
        for each in load_eval_set(str(places / "set"), [], [shipped("rubrics")]).split("calibration")
    }
    assert not (places / "set" / "history.jsonl").read_text("utf-8").count("base.json")


def test_grading_with_it_shows_confidence_and_says_that_nothing_may_stand(places, tmp_path) -> None:
    """In the terminal, in run.json, in the report and in each grade."""
    table = shipped("eval_sets") / "sample" / "answers_form_export.csv"
    arguments = ("--grader", "baseline", "--calibration", places / "base.json", "--out", "out")
    done = evaluator("grade", table, *arguments, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "No grade may stand without a person" in " ".join(done.stdout.split())
    use = json.loads((tmp_path / "out" / "run.json").read_text("utf-8"))["calibration"]
    assert (use["threshold"], use["standing"]) == (None, 0)
    assert "59 candidates" in use["reason"]
    grades = [json.loads(line) for line in (tmp_path / "out" / "grades.jsonl").read_text("utf-8").splitlines()]
    graded = [grade for grade in grades if grade["status"] == "graded"]
    assert all(0 < grade["confidence"] < 1 for grade in graded)
    report = (tmp_path / "out" / "report.html").read_text("utf-8")
    assert "No grade may stand without a person" in report
    assert "on the raters’ scale; the grader gave" in report


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--samples", "2"), "samples: fitted for 1, here 2"),
        (("--questionnaire", "statistics_basics"), "questionnaire: fitted for ml_engineer_screen@1"),
    ],
)
def test_it_is_refused_for_anything_else(places, tmp_path, arguments, said) -> None:
    """Exit code 2, what differs, and nothing graded."""
    table = tmp_path / "answers.csv"
    table.write_text("candidate_id,question_id,answer\nc,degradation,words\n", encoding="utf-8")
    done = evaluator(
        "grade", table, "--grader", "baseline", "--calibration", places / "base.json", *arguments, cwd=tmp_path
    )
    assert done.returncode == 2
    assert "This calibration was fitted for something else" in done.stderr
    assert said in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["answers.csv"]


def test_what_cannot_be_written_or_read_is_said_before_anything_is_graded(places, tmp_path) -> None:
    """A file in the way, a file that is no calibration, a set without a calibration split."""
    done = evaluator("calibrate", "set", "--grader", "baseline", "--out", "base.json", cwd=places)
    assert (done.returncode, "is there already" in done.stderr) == (2, True)
    manifest = places / "set" / "manifest.yaml"
    done = evaluator("eval", "set", "--grader", "baseline", "--calibration", manifest, "--out", "no", cwd=places)
    assert (done.returncode, "is no calibration" in done.stderr) == (2, True)


def test_eval_shows_the_calibrated_grader_beside_the_plain_one(places, tmp_path) -> None:
    """On the split it was fitted on the figures are marked; the report draws both plots of confidence."""
    arguments = ("--grader", "baseline", "--calibration", places / "base.json", "--split", "calibration")
    done = evaluator("eval", places / "set", *arguments, "--out", "out", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert max(map(len, done.stdout.splitlines())) <= 80
    said = " ".join(done.stdout.split())
    assert "graders are fitted on this split" in said
    assert "Without a person, baseline (calibrated): No grade may stand" in said
    found = read_evaluation(tmp_path / "out" / "eval.json")
    assert [grader.name for grader in found.graders][:2] == ["baseline (calibrated)", "baseline"]
    assert found.graders[0].standing.risk.reason == "no threshold could be promised"
    assert found.graders[0].reliability.bins
    assert found.graders[1].standing is None
    assert "fitted on this very split" in found.leakage.said
    report = (tmp_path / "out" / "report.html").read_text("utf-8")
    assert "How sure it is, and what may stand without a person" in report
    assert "share of grades that were right" in report
    done = evaluator(
        "eval", places / "set", "--grader", "scripted:x", "--grader", "local", *arguments[2:], cwd=tmp_path
    )
    assert done.returncode == 2
    assert "A calibration was fitted for baseline, and the graders are scripted:x, local." in done.stderr


def test_an_imported_set_is_calibrated_question_by_question_and_promises(tmp_path) -> None:
    """240 answers that repeat the reference or do not: from the import to grades that may stand, command by command."""
    reference = "A stack hands back the element that was put in last because pushing and popping happen at the top"
    rows = []
    for number in range(240):
        right = number % 2
        words = reference if right else "No idea, maybe something about trees or queues or whatever else there was"
        marks = " ".join(f"{word}{number}" for word in ("alpha", "beta", "gamma", "delta", "epsilon", "zeta"))
        rows.append(
            f'q{number % 3},"What is a stack, {number % 3}?","{reference}",x{number},"{words} {marks}",{right * 2},2'
        )
    (tmp_path / "graded.csv").write_text(GRADED + "\n".join(rows) + "\n", encoding="utf-8")
    for step in (
        ("eval-set", "import", "graded.csv", "--out", "people", "--test-share", "0.4", "--levels", "4"),
        ("calibrate", "people", "--grader", "baseline", "--out", "people.json", "--quiet"),
        ("eval", "people", "--grader", "baseline", "--calibration", "people.json", "--out", "eval", "--quiet"),
    ):
        done = evaluator(*step, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
    calibration = load_calibration(tmp_path / "people.json")
    assert calibration.standing.threshold is not None
    result = read_evaluation(tmp_path / "eval" / "eval.json").graders[0]
    assert result.standing.coverage.value > 0.9
    assert result.standing.risk.value == 0
    assert (tmp_path / "people" / "history.jsonl").read_text("utf-8").count(calibration.sha256) == 1
    table = tmp_path / "later.csv"
    table.write_text(f'candidate_id,question_id,answer\nnew,q1,"{reference}"\n', encoding="utf-8")
    arguments = ("--questionnaire", "people", "--grader", "baseline", "--calibration", "people.json", "--out", "later")
    done = evaluator("grade", table, *arguments, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "1 of 1 graded answer may stand without a person" in " ".join(done.stdout.split())


def test_a_test_answer_that_was_fitted_on_stops_the_evaluation(places, tmp_path) -> None:
    """The set was divided anew after the calibration: what is now tested was fitted on, and is named."""
    done = evaluator("eval-set", "split", places / "set", "--seed", "5", "--out", "again", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    arguments = ("--grader", "baseline", "--calibration", places / "base.json", "--out", "out")
    done = evaluator("eval", "again", *arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert "in what a calibration was fitted on and split 'test'" in done.stderr
    assert not (tmp_path / "again" / "history.jsonl").exists()


def test_the_document_explains_every_key_of_the_file(places) -> None:
    """Also those of its parts."""
    written = DOCUMENT.read_text("utf-8")
    found = load_calibration(places / "base.json")
    keys = {
        *type(found).model_fields,
        *type(found.fitted_on).model_fields,
        *type(found.fitted_for).model_fields,
        *type(found.standing).model_fields,
        *type(found.tried[0]).model_fields,
    }
    assert [key for key in sorted(keys) if f"`{key}`" not in written] == []
