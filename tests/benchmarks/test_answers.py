"""Made-up answers: marked, distinct, repeatable, and read by our own tables."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from benchmarks.__main__ import main
from benchmarks.answers import make_answer, make_answers
from evaluator.files.resources import shipped
from evaluator.files.rubric_file import load_question_set
from evaluator.files.tables.answer_table import open_answer_table


def test_answers_are_marked_distinct_and_the_same_again() -> None:
    """80 to 150 words each."""
    answers = [make_answer(number) for number in range(2000)]
    assert answers == [make_answer(number) for number in range(2000)]
    assert len({answer.partition(" ")[2] for answer in answers}) == 2000
    assert all(answer.startswith(f"A{number:07d} ") for number, answer in enumerate(answers))
    assert all(80 <= len(answer.split()) <= 150 for answer in answers)
    assert make_answer(5, seed=2) != answers[5]


@pytest.mark.parametrize("ending", ["csv", "jsonl"])
def test_our_command_line_can_read_them(tmp_path: Path, ending: str) -> None:
    """Every answer once, each under a question of the questionnaire."""
    path = tmp_path / f"answers.{ending}"
    done = CliRunner().invoke(main, ["answers", str(path), "--n", "25"])
    assert done.exit_code == 0, done.output
    questions = load_question_set("ml_engineer_screen", [shipped("rubrics")]).questionnaire.questions
    table = open_answer_table(path, questions)
    assert table.count == 25
    made = [answer.answer for answer in make_answers(25, [question.id for question in questions])]
    written = path.read_text(encoding="utf-8")
    assert all(answer in written for answer in made)


def test_another_ending_is_refused(tmp_path: Path) -> None:
    """With the two that there are."""
    done = CliRunner().invoke(main, ["answers", str(tmp_path / "answers.xlsx")])
    assert done.exit_code == 2
    assert ".csv or .jsonl" in done.output


def test_the_job_of_a_client_is_the_workload(tmp_path: Path) -> None:
    """Question and criteria first, the answer last, the schema of our own replies."""
    from benchmarks.clients.job import read_job
    from benchmarks.workload import write_workload

    write_workload(tmp_path / "workload.json")
    row = {"candidate_id": "c1", "question_id": "loan_features", "answer": "A0000001 words"}
    (tmp_path / "answers.jsonl").write_text(json.dumps(row) + "\n", encoding="utf-8")
    words = f"--answers {tmp_path}/answers.jsonl --workload {tmp_path}/workload.json --count 5 --concurrency 2"
    job = read_job([*words.split(), "--base-url", "http://x/v1", "--state", str(tmp_path)])
    assert list(job.rows()) == [row]
    system, user = job.messages(row)
    assert "loan application" in system["content"]
    assert user["content"].startswith("<answer>\nA0000001 words")
    assert list(job.response_format["json_schema"]["schema"]["properties"]["criteria"]["properties"]) == [
        "positive_class_definition",
        "leakage_awareness",
        "production_consciousness",
    ]
